/** Metadata and filters as the fake of S3 Vectors judges them. */

import { SERVICE_LIMITS } from '../../../vectorlog/far/limits.ts';

export type MetadataValue = string | number | boolean | readonly (string | number | boolean)[];
export type Metadata = Readonly<Record<string, MetadataValue>>;

/** An answer that refuses. */
export class Refused extends Error {
  constructor(
    readonly type: string,
    readonly status: number,
    message: string,
  ) {
    super(message);
  }
}

const refused = (what: string) => new Refused('ValidationException', 400, `not valid: ${what}`);
const isPrimitive = (value: unknown): boolean =>
  typeof value === 'string' ||
  typeof value === 'boolean' ||
  (typeof value === 'number' && Number.isFinite(value));

/** @returns the bytes of the metadata @throws Refused */
export function validateMetadata(metadata: Metadata, nonFilterable: ReadonlySet<string>): number {
  const entries = Object.entries(metadata);
  if (entries.length > SERVICE_LIMITS.maxMetadataKeys) throw refused('too many metadata keys');
  let filterable = 0;
  let all = 0;
  for (const [name, value] of entries) {
    if (!isPrimitive(value) && !(Array.isArray(value) && value.every(isPrimitive)))
      throw refused(`the metadata ${name}`);
    const bytes = Buffer.byteLength(name) + Buffer.byteLength(JSON.stringify(value));
    all += bytes;
    if (!nonFilterable.has(name)) filterable += bytes;
  }
  if (filterable > SERVICE_LIMITS.maxFilterableBytes) throw refused('filterable metadata of more than 2 KB');
  if (all > SERVICE_LIMITS.maxMetadataBytes) throw refused('metadata of more than 40 KB');
  return all;
}

const NUMERIC = new Set(['$gt', '$gte', '$lt', '$lte']);

/** @throws Refused */
export function validateFilter(filter: unknown, nonFilterable: ReadonlySet<string>): void {
  if (constraintsOf(filter, nonFilterable) > SERVICE_LIMITS.maxConstraints)
    throw refused('too many constraints');
}

function constraintsOf(filter: unknown, nonFilterable: ReadonlySet<string>): number {
  if (typeof filter !== 'object' || filter === null || Array.isArray(filter)) throw refused('a filter');
  const entries = Object.entries(filter);
  if (entries.length !== 1) throw refused('a filter of other than one condition');
  const [name, term] = entries[0] as [string, unknown];
  if (name === '$and' || name === '$or') {
    if (!Array.isArray(term) || term.length === 0) throw refused(name);
    return term.reduce((sum: number, part: unknown) => sum + constraintsOf(part, nonFilterable), 0);
  }
  if (name.startsWith('$')) throw refused(`the operator ${name}`);
  if (nonFilterable.has(name)) throw refused(`${name} cannot be filtered by`);
  if (typeof term !== 'object' || term === null) throw refused('a term');
  let count = 0;
  for (const [operator, value] of Object.entries(term)) {
    if (operator === '$in' || operator === '$nin') {
      if (!Array.isArray(value) || value.length === 0 || !value.every(isPrimitive)) throw refused(operator);
      count += value.length;
    } else if (operator === '$startsWith') {
      if (typeof value !== 'string' || value === '') throw refused(operator);
      count++;
    } else if (NUMERIC.has(operator)) {
      if (typeof value !== 'number') throw refused(operator);
      count++;
    } else if (operator === '$eq' || operator === '$ne') {
      if (!isPrimitive(value)) throw refused(operator);
      count++;
    } else throw refused(`the operator ${operator}`);
  }
  return count;
}

/** Whether metadata meets a filter that was found valid. */
export function matchesFilter(filter: unknown, metadata: Metadata): boolean {
  const [name, term] = Object.entries(filter as object)[0] as [string, unknown];
  if (name === '$and') return (term as unknown[]).every((part) => matchesFilter(part, metadata));
  if (name === '$or') return (term as unknown[]).some((part) => matchesFilter(part, metadata));
  const values = [metadata[name]].flat();
  return Object.entries(term as object).every(([operator, wanted]) =>
    values.some((value) => value !== undefined && holds(operator, value, wanted)),
  );
}

/** @param wanted of the operator's type, as `validateFilter` saw to */
function holds(operator: string, value: string | number | boolean, wanted: unknown): boolean {
  switch (operator) {
    case '$eq':
      return value === wanted;
    case '$ne':
      return value !== wanted;
    case '$in':
      return (wanted as readonly unknown[]).includes(value);
    case '$nin':
      return !(wanted as readonly unknown[]).includes(value);
    case '$startsWith':
      return typeof value === 'string' && value.startsWith(wanted as string);
    case '$gt':
      return (value as number) > (wanted as number);
    case '$gte':
      return (value as number) >= (wanted as number);
    case '$lt':
      return (value as number) < (wanted as number);
    default:
      return (value as number) <= (wanted as number);
  }
}
