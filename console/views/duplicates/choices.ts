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

export const choiceOf = (group: DuplicateGroup, choices: Choices): Choice =>
  choices.get(idOf(group)) ?? suggested(group);

/** Another picture stays; the one that did goes, unless it is protected. What is only alike is never to go. */
export function keeping(group: DuplicateGroup, key: string): Choice {
  if (group.tier === 'alike') return suggested(group);
  const others = group.pictures.filter((each) => each.key !== key && !each.protected);
  return { keeper: key, going: new Set(others.map((each) => each.key)) };
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
  /** Groups that something goes of. */
  readonly groups: number;
  readonly bytes: number;
}

/** All that is to go. */
export function chosenOf(groups: readonly DuplicateGroup[], choices: Choices): Chosen {
  const pictures = new Map<string, Member>();
  let touched = 0;
  for (const group of groups) {
    const { going } = choiceOf(group, choices);
    const gone = group.pictures.filter(({ key }) => going.has(key));
    if (gone.length > 0) touched += 1;
    for (const each of gone) pictures.set(each.key, each);
  }
  const all = [...pictures.values()];
  return { pictures: all, groups: touched, bytes: all.reduce((sum, { size }) => sum + size, 0) };
}

/** Bytes that a group frees as it is chosen now. */
export const freed = (group: DuplicateGroup, choices: Choices): number => chosenOf([group], choices).bytes;
