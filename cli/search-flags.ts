/** The flags that say which pictures a search may return, shared by `search` and `similar`. */

import { type Command, InvalidArgumentError } from 'commander';
import type { SimilarOptions } from '../client/types.ts';
import { SEARCH_LIMITS } from '../functions/search/limits.ts';

export interface SearchFlags {
  readonly k: number;
  readonly minScore?: number;
  readonly prefix?: string;
  readonly filter?: Readonly<Record<string, string[]>>;
}

export function addSearchFlags(command: Command): Command {
  return command
    .option('-k, --k <n>', `how many results, 1 to ${SEARCH_LIMITS.maxK}`, integer, SEARCH_LIMITS.defaultK)
    .option('--min-score <score>', 'only results that score at least this, -1 to 1', decimal)
    .option('--prefix <prefix>', 'only keys that begin with this')
    .option('--filter <name=value>', 'only pictures with this metadata; may be repeated', filter);
}

export const searchOptions = ({ k, minScore, prefix, filter }: SearchFlags): SimilarOptions => ({
  k,
  ...(minScore !== undefined && { minScore }),
  ...(prefix !== undefined && { prefix }),
  ...(filter && { filter }),
});

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
