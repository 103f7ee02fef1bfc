/** The flags that say which pictures a search may return, shared by `search` and `similar`. */

import { type Command, InvalidArgumentError } from 'commander';
import type { SearchFor, SimilarOptions, WeightedQuery } from '../client/types.ts';
import { SEARCH_LIMITS } from '../functions/search/limits.ts';
import { RANGED } from '../pictures/attributes.ts';
import { UsageError } from './errors.ts';

export interface SearchFlags {
  readonly k: number;
  readonly minScore?: number;
  readonly prefix?: string;
  readonly filter?: Readonly<Record<string, string[]>>;
  readonly range?: NonNullable<SimilarOptions['ranges']>;
  readonly centered?: boolean;
  readonly distinct?: boolean;
  readonly weights?: readonly number[];
}

export function addSearchFlags(command: Command): Command {
  return command
    .option('-k, --k <n>', `how many results, 1 to ${SEARCH_LIMITS.maxK}`, integer, SEARCH_LIMITS.defaultK)
    .option('--min-score <score>', 'only results that score at least this, -1 to 1', decimal)
    .option('--prefix <prefix>', 'only keys that begin with this')
    .option('--filter <name=value>', 'only pictures with this metadata; may be repeated', filter)
    .option(
      '--range <name:min..max>',
      `only pictures in this range of ${RANGED.join(', ')}; an end may be missing; may be repeated`,
      range,
    )
    .option('--centered', 'compare what sets pictures apart from the rest of the library')
    .option('--distinct', 'leave out results that are nearly copies of a better one')
    .option(
      '--weights <n,...>',
      'what each of several pictures counts, -1 to 1; below 0: not like it',
      weights,
    );
}

export const searchOptions = ({
  k,
  minScore,
  prefix,
  filter,
  range,
  centered,
  distinct,
}: SearchFlags): SimilarOptions => ({
  k,
  ...(minScore !== undefined && { minScore }),
  ...(prefix !== undefined && { prefix }),
  ...(filter && { filter }),
  ...(range && { ranges: range }),
  ...(centered && { centered }),
  ...(distinct && { distinct }),
});

/** Several pictures with what each counts. @throws UsageError when there are not as many weights as pictures */
export function weighted(
  pictures: readonly SearchFor[],
  { weights = pictures.map(() => 1) }: SearchFlags,
): { readonly queries: readonly WeightedQuery[] } {
  if (weights.length !== pictures.length)
    throw new UsageError(`--weights names ${weights.length} for ${pictures.length} pictures.`);
  return { queries: pictures.map((picture, i) => ({ ...picture, weight: weights[i]! })) };
}

export function integer(text: string): number {
  const number = Number(text);
  if (!Number.isInteger(number) || text.trim() === '')
    throw new InvalidArgumentError('It must be a whole number.');
  return number;
}

export function decimal(text: string): number {
  const number = Number(text);
  if (!Number.isFinite(number) || text.trim() === '') throw new InvalidArgumentError('It must be a number.');
  return number;
}

function filter(text: string, before: Record<string, string[]> = {}): Record<string, string[]> {
  const at = text.indexOf('=');
  if (at < 1) throw new InvalidArgumentError('It must look like name=value.');
  const name = text.slice(0, at).toLowerCase();
  return { ...before, [name]: [...(before[name] ?? []), text.slice(at + 1)] };
}

function range(text: string, before: SearchFlags['range'] = {}): SearchFlags['range'] {
  const colon = text.indexOf(':');
  const name = RANGED.find((each) => each === text.slice(0, colon));
  const [min, max, more] = text.slice(colon + 1).split('..');
  if (!name || max === undefined || more !== undefined)
    throw new InvalidArgumentError(
      `It must look like name:min..max, with a name of ${RANGED.join(', ')}, as in width:1920.. or taken:2024-07..2024-08.`,
    );
  const end = name === 'taken' || name === 'lastModified' ? (date: string) => date : integer;
  return { ...before, [name]: { ...(min && { min: end(min) }), ...(max && { max: end(max) }) } };
}

const weights = (text: string): number[] => text.split(',').map(decimal);
