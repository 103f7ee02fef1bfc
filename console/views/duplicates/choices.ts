/** What is to stay and what is to go of each group of duplicates: as suggested, until someone says otherwise. */

import type { DuplicateGroup } from '../../../client/index.ts';

export type Member = DuplicateGroup['pictures'][number];

export interface Choice {
  /** Key of the picture that stays whatever happens; none of what is only alike. */
  readonly keeper: string | undefined;
  /** Keys that go. */
  readonly going: ReadonlySet<string>;
}

/** By group; what is missing is as suggested. */
export type Choices = ReadonlyMap<string, Choice>;

/** A very large group comes in parts, each with the keeper. */
export const idOf = ({ pictures, part }: DuplicateGroup): string =>
  `${pictures[0]?.key} ${part?.number ?? 1}`;

export const suggested = ({ keeper, deletable }: DuplicateGroup): Choice => ({
  keeper,
  going: new Set(deletable),
});

/** What someone chose, while the picture that was to stay is still there; else nothing is known to stay of what was to go. */
export function choiceOf(group: DuplicateGroup, choices: Choices): Choice {
  const choice = choices.get(idOf(group));
  return choice && group.pictures.some(({ key }) => key === choice.keeper) ? choice : suggested(group);
}

/**
 * Another picture stays. All were held against the one that did, and not against each other: so that one goes, with what has
 * the same bytes, and of the others only what has the bytes of both. What is protected never goes, nor what is only alike; where
 * some are only probably the same, nothing goes but what is ticked by hand. Of two of which each shows something that the
 * other one does not, for the smaller one is finer, neither goes by itself, whichever of them stays.
 */
export function keeping(group: DuplicateGroup, key: string): Choice {
  if (group.tier === 'alike' || key === group.keeper) return suggested(group);
  const now = group.pictures.find((each) => each.key === key);
  if (group.tier === 'likely' || now?.finer) return { keeper: key, going: new Set() };
  const isSameAsNow = (each: Member) =>
    each.key === group.keeper || each.tier === 'identical' || now?.tier === 'identical';
  const going = group.pictures.filter(
    (each) => each.key !== key && !each.protected && !each.finer && isSameAsNow(each),
  );
  return { keeper: key, going: new Set(going.map((each) => each.key)) };
}

/** Whether a picture shows more than the one that is kept: it was held against the group's keeper, and what has its bytes. */
export function isFinerThanKept(group: DuplicateGroup, { keeper }: Choice, { finer }: Member): boolean {
  const kept = group.pictures.find(({ key }) => key === keeper);
  return finer === true && kept !== undefined && (keeper === group.keeper || kept.tier === 'identical');
}

/** A picture goes, or stays after all. The one that is kept never goes, nor does what is protected. */
export function toggled(group: DuplicateGroup, choice: Choice, key: string): Choice {
  const member = group.pictures.find((each) => each.key === key);
  if (!member || member.protected || key === choice.keeper || group.tier === 'alike') return choice;
  const going = new Set(choice.going);
  if (!going.delete(key)) going.add(key);
  return { ...choice, going };
}

export interface Chosen {
  readonly pictures: readonly Member[];
  /** What stays of each picture that goes, by the key of that one. */
  readonly stays: ReadonlyMap<string, Member>;
  /** Groups that something goes of. */
  readonly groups: number;
  readonly bytes: number;
}

/** All that is to go. What stays of one group, or of another part of it, goes of none. */
export function chosenOf(groups: readonly DuplicateGroup[], choices: Choices): Chosen {
  const kept = new Set(groups.map((group) => choiceOf(group, choices).keeper));
  const pictures = new Map<string, Member>();
  const stays = new Map<string, Member>();
  let touched = 0;
  for (const group of groups) {
    const { going, keeper } = choiceOf(group, choices);
    const staying = group.pictures.find(({ key }) => key === keeper);
    const gone = staying ? group.pictures.filter(({ key }) => going.has(key) && !kept.has(key)) : [];
    if (gone.length > 0) touched += 1;
    for (const each of gone) {
      if (pictures.has(each.key)) continue;
      pictures.set(each.key, each);
      stays.set(each.key, staying!);
    }
  }
  const all = [...pictures.values()];
  return { pictures: all, stays, groups: touched, bytes: all.reduce((sum, { size }) => sum + size, 0) };
}

/** Bytes that a group frees as it is chosen now. */
export const freed = (group: DuplicateGroup, choices: Choices): number => chosenOf([group], choices).bytes;

/**
 * The groups without the pictures that are gone. A group that is left without the picture that all were held against is none:
 * nothing says that the rest are the same.
 */
export const without = (groups: readonly DuplicateGroup[], gone: ReadonlySet<string>): DuplicateGroup[] =>
  groups
    .filter(({ keeper }) => keeper === undefined || !gone.has(keeper))
    .map((group) => ({
      ...group,
      pictures: group.pictures.filter(({ key }) => !gone.has(key)),
      deletable: group.deletable.filter((key) => !gone.has(key)),
    }))
    .filter(({ pictures }) => pictures.length > 1);
