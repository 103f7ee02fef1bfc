/** What rows can be filtered by in the far index, and the filters of searches in its words. */

import type { Filter } from '../read/filter.ts';
import type { FarFilter, FarValue } from './far-index.ts';
import { FAR_LIMITS, SERVICE_LIMITS } from './limits.ts';

/** Names of metadata of our own; those of attributes begin with a letter and a colon. */
const KEY = 'key';
const ROW = 'row';
/** There for a row whose attributes are not all there: the search has to look at it itself. */
const PARTIAL = 'partial';
const ATTRIBUTE = 'a:';

/** Bytes that a name and its value take, counted so that it is not too little. */
const bytesOf = (name: string, value: FarValue): number =>
  Buffer.byteLength(name) + Buffer.byteLength(String(value)) + 16;

/** What a row can be filtered by: its key, its number, and as many of its attributes as the service takes. */
export function filterableOf(
  key: string,
  row: number,
  attributes: Readonly<Record<string, FarValue>>,
): Record<string, FarValue> {
  const filterable: Record<string, FarValue> = { [KEY]: key, [ROW]: row };
  let room =
    SERVICE_LIMITS.maxFilterableBytes - bytesOf(KEY, key) - bytesOf(ROW, row) - bytesOf(PARTIAL, true);
  let names = 0;
  let isPartial = false;
  for (const [name, value] of Object.entries(attributes)) {
    const bytes = bytesOf(ATTRIBUTE + name, value);
    if (bytes > room || names === FAR_LIMITS.maxFilterableNames) {
      isPartial = true;
      continue;
    }
    filterable[ATTRIBUTE + name] = value;
    room -= bytes;
    names++;
  }
  if (isPartial) filterable[PARTIAL] = true;
  return filterable;
}

/** The rows of a key. */
export const byKey = (key: string): FarFilter => ({ [KEY]: { $eq: key } });

/** The rows from `start` on, those from `end` on not included. */
export const byRows = (start: number, end: number): FarFilter => ({
  $and: [{ [ROW]: { $gte: start } }, { [ROW]: { $lt: end } }],
});

/**
 * A search's filter in the words of the service: it lets all through that the filter does, and may let through more.
 * `undefined` where it lets everything through.
 */
export function farFilterOf({ prefix, condition }: Filter): FarFilter | undefined {
  const parts: FarFilter[] = [];
  if (prefix !== '') parts.push({ [KEY]: { $startsWith: prefix } });
  let constraints = parts.length + 1;
  const terms: FarFilter[] = [];
  for (const { name, values } of condition?.terms ?? []) {
    constraints += values.length;
    if (constraints > SERVICE_LIMITS.maxConstraints) break;
    const [only] = values;
    terms.push({ [ATTRIBUTE + name]: values.length === 1 ? { $eq: only! } : { $in: values } });
  }
  if (terms.length > 0) {
    const all: FarFilter = terms.length === 1 ? terms[0]! : { $and: terms };
    parts.push({ $or: [all, { [PARTIAL]: { $eq: true } }] });
  }
  return parts.length > 1 ? { $and: parts } : parts[0];
}
