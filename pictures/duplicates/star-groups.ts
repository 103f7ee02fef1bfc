/** Makes groups with a keeper of pictures that are tied to each other: everyone is the same picture as the keeper. */

import { chooseKeeper, type Keeper, type KeeperFacts, type KeeperWishes, type KeepRule } from './keeper.ts';

export interface StarGroup<T> extends Keeper<T> {
  /** The pictures that are the same as the keeper, without it; one or more. */
  readonly others: readonly T[];
}

/**
 * Takes the first picture by the rule as the keeper of those that are the same as it; what is left forms groups of its own.
 * So, whatever the rule, no picture is offered for deletion that is not itself the same as the one that stays.
 *
 * @param areSame whether each of the others is the same picture as the keeper, by their pixels and by what people decided
 */
export async function starGroups<T extends KeeperFacts>(
  pictures: readonly T[],
  areSame: (keeper: T, others: readonly T[]) => Promise<readonly boolean[]>,
  wishes: KeeperWishes,
  rule: KeepRule = 'best',
): Promise<StarGroup<T>[]> {
  const groups: StarGroup<T>[] = [];
  let left = [...pictures];
  while (left.length > 1) {
    const { keeper } = chooseKeeper(left, wishes, rule);
    const candidates = left.filter((picture) => picture !== keeper);
    const same = await areSame(keeper, candidates);
    const others = candidates.filter((_, i) => same[i]);
    if (others.length > 0) {
      groups.push({ ...chooseKeeper([keeper, ...others], wishes, rule), others });
    }
    left = candidates.filter((_, i) => !same[i]);
  }
  return groups;
}
