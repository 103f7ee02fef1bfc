/** What the index keeps of a picture besides its embedding: the attributes of a picture's entry, typed. */

import type { Attributes, Entry } from '../vectorlog/log/record.ts';
import type { Condition } from '../vectorlog/read/filter.ts';
import type { PictureFacts } from './decoding/facts.ts';

/** Facts of the picture's header are missing in rows of versions before 0.3. */
export interface PictureAttributes extends Partial<PictureFacts> {
  /** Bytes. */
  readonly size: number;
  readonly contentType: string | undefined;
  /** The user's metadata (`x-amz-meta-*`), names in lower case. */
  readonly metadata: Readonly<Record<string, string>>;
  /** ISO 8601, UTC. */
  readonly lastModified: string;
}

/** A picture as the index knows it. */
export type Picture = Omit<Entry, 'attributes'> & PictureAttributes;

/** The attributes as the index takes them. */
export const attributesOf = (attributes: PictureAttributes): Attributes => ({ ...attributes });

/** What an entry knows of the picture itself; rows of earlier versions may lack an attribute. */
export function knownFacts({ attributes }: Pick<Entry, 'attributes'>): Partial<PictureFacts> {
  const { width, height, taken, camera, latitude, longitude, preview } =
    attributes as Partial<PictureAttributes>;
  return {
    ...(width !== undefined && { width }),
    ...(height !== undefined && { height }),
    ...(taken !== undefined && { taken }),
    ...(camera !== undefined && { camera }),
    ...(latitude !== undefined && { latitude }),
    ...(longitude !== undefined && { longitude }),
    ...(preview && { preview }),
  };
}

/** What lists show of a picture beside its key, as far as it is known. */
export interface SeenFacts {
  /** Pixels, as seen. */
  readonly width?: number | undefined;
  readonly height?: number | undefined;
  /** When it was taken, by the camera's clock. */
  readonly taken?: string | undefined;
}

/** These alone of what is known. */
export const seenFacts = ({ width, height, taken }: SeenFacts): SeenFacts => ({ width, height, taken });

/** The picture of an entry; rows of earlier versions may lack an attribute. */
export function pictureOf({ key, version, eTag, attributes }: Entry): Picture {
  const {
    size = 0,
    contentType,
    metadata = {},
    lastModified = '',
  } = attributes as Partial<PictureAttributes>;
  const facts = knownFacts({ attributes });
  return { key, version, eTag, size, contentType, metadata, lastModified, ...facts };
}

/** What a picture can be filtered by in a far index. */
export const filterableOf = ({ metadata }: Attributes): Readonly<Record<string, string>> =>
  (metadata as PictureAttributes['metadata'] | undefined) ?? {};

/** A name in lower case, and the values of which a picture must have one. */
export interface MetadataCondition {
  readonly name: string;
  readonly values: readonly string[];
}

/** The condition that a picture's metadata meets all of `conditions`; `undefined` where there are none. */
export function metadataCondition(conditions: readonly MetadataCondition[]): Condition | undefined {
  const [first] = conditions;
  if (!first) return undefined;
  const holds = (attributes: Attributes): boolean => {
    const { metadata = {} } = attributes as Partial<PictureAttributes>;
    return conditions.every(({ name, values }) => {
      const value = Object.hasOwn(metadata, name) ? metadata[name] : undefined;
      return value !== undefined && values.includes(value);
    });
  };
  const name = JSON.stringify(conditions);
  const terms = conditions;
  if (first.values.length !== 1) return { name, holds, terms };
  return { name, holds, terms, needle: `${JSON.stringify(first.name)}:${JSON.stringify(first.values[0])}` };
}

/** Attributes that have an order, and can be asked for by ranges. */
export const RANGED = ['size', 'width', 'height', 'taken', 'lastModified'] as const;

/** Numbers for sizes, ISO 8601 or its beginning for dates; both ends belong to the range. */
export interface AttributeRange {
  readonly name: (typeof RANGED)[number];
  readonly min?: number | string | undefined;
  readonly max?: number | string | undefined;
}

/**
 * The condition that a picture lies in all `ranges`; `undefined` where there are none. A date that is cut short stands for
 * all that begins with it: up to `2024-07` takes in the whole of July. What a picture does not say lies in no range.
 */
export function rangeCondition(ranges: readonly AttributeRange[]): Condition | undefined {
  if (ranges.length === 0) return undefined;
  const holds = (attributes: Attributes): boolean => {
    const values = attributes as Partial<PictureAttributes>;
    return ranges.every(({ name, min, max }) => isBetween(values[name], min, max));
  };
  return { name: JSON.stringify(['ranges', ranges]), holds };
}

function isBetween(
  value: number | string | undefined,
  min: AttributeRange['min'],
  max: AttributeRange['max'],
): boolean {
  if (value === undefined || value === '') return false;
  const upTo = typeof value === 'string' && typeof max === 'string' ? value.slice(0, max.length) : value;
  return (min === undefined || value >= min) && (max === undefined || upTo <= max);
}

/** All of these conditions together; `undefined` where there are none. */
export function allOf(conditions: readonly (Condition | undefined)[]): Condition | undefined {
  const given = conditions.filter((condition) => condition !== undefined);
  if (given.length < 2) return given[0];
  const needle = given.find((condition) => condition.needle !== undefined)?.needle;
  const terms = given.flatMap((condition) => condition.terms ?? []);
  return {
    name: JSON.stringify(given.map(({ name }) => name)),
    holds: (attributes) => given.every((condition) => condition.holds(attributes)),
    ...(needle !== undefined && { needle }),
    ...(terms.length > 0 && { terms }),
  };
}
