/** Tests what stays and what goes of groups of duplicates. */

import { describe, expect, it } from 'vitest';
import type { DuplicateGroup } from '../../client/index.ts';
import {
  type Choices,
  choiceOf,
  chosenOf,
  idOf,
  isFinerThanKept,
  keeping,
  suggested,
  toggled,
  without,
} from '../../console/views/duplicates/choices.ts';

const picture = (key: string, size: number, day: number, isProtected = false) => ({
  key,
  url: key,
  metadata: {},
  lastModified: `2026-01-0${day}T00:00:00.000Z`,
  size,
  tier: 'same' as const,
  protected: isProtected,
  eTag: `${size}`,
});

const GROUP: DuplicateGroup = {
  tier: 'same',
  keeper: 'a',
  reason: '6000 x 4000',
  pictures: [picture('a', 900, 2), picture('b', 50, 1), picture('c', 7, 3, true)],
  deletable: ['b'],
  freesBytes: 50,
  minScore: 0.98,
};

describe('a choice', () => {
  it('is as suggested until someone says otherwise', () => {
    expect(choiceOf(GROUP, new Map())).toEqual({ keeper: 'a', going: new Set(['b']) });
    expect(chosenOf([GROUP], new Map())).toMatchObject({ groups: 1, bytes: 50 });
  });

  it('never deletes what is kept or protected', () => {
    expect(toggled(GROUP, suggested(GROUP), 'a')).toEqual(suggested(GROUP));
    expect(toggled(GROUP, suggested(GROUP), 'c')).toEqual(suggested(GROUP));
    expect(keeping(GROUP, 'b')).toEqual({ keeper: 'b', going: new Set(['a']) });
  });

  describe('of another keeper than the one that all were held against', () => {
    const tiers = { a: 'same', b: 'same', c: 'same', d: 'identical', e: 'identical' } as const;
    const group: DuplicateGroup = {
      ...GROUP,
      pictures: Object.entries(tiers).map(([key, tier]) => ({ ...picture(key, 10, 1), tier })),
      deletable: ['b', 'c', 'd', 'e'],
    };

    it('lets go only what is known to be the same as it', () => {
      // b and c are the same as a, d and e have its bytes; nobody compared b with c.
      expect(keeping(group, 'b')).toEqual({ keeper: 'b', going: new Set(['a', 'd', 'e']) });
      expect(keeping(group, 'd')).toEqual({ keeper: 'd', going: new Set(['a', 'b', 'c', 'e']) });
    });

    it('lets go what was suggested when that one is to be kept after all', () => {
      expect(keeping(group, 'a')).toEqual(suggested(group));
    });

    it('lets go neither of two of which each shows something that the other does not', () => {
      // b shows what both have larger than a, and e is a byte for byte.
      const finer: DuplicateGroup = {
        ...group,
        pictures: group.pictures.map((each) => (each.key === 'b' ? { ...each, finer: true } : each)),
        deletable: ['c', 'd', 'e'],
      };
      expect(keeping(finer, 'b')).toEqual({ keeper: 'b', going: new Set() });
      expect(keeping(finer, 'e')).toEqual({ keeper: 'e', going: new Set(['a', 'c', 'd']) });
      const [b, c] = [finer.pictures[1]!, finer.pictures[2]!];
      expect(['a', 'e', 'b', 'c'].map((key) => isFinerThanKept(finer, keeping(finer, key), b))).toEqual([
        true,
        true,
        false,
        false,
      ]);
      expect(isFinerThanKept(finer, suggested(finer), c)).toBe(false);
    });

    it('offers nothing of the group when that one is gone', () => {
      const choices: Choices = new Map([[idOf(group), keeping(group, 'b')]]);
      const { pictures } = chosenOf([group], choices);
      const left = without([group], new Set(pictures.map(({ key }) => key)));
      expect(chosenOf(left, choices).pictures).toEqual([]);
    });

    it('is forgotten when the other keeper is gone', () => {
      const choices: Choices = new Map([[idOf(group), keeping(group, 'b')]]);
      const now = { ...group, pictures: group.pictures.filter(({ key }) => key !== 'b') };
      expect(choiceOf(now, choices)).toEqual(suggested(now));
      expect(chosenOf([now], choices).pictures.map(({ key }) => key)).not.toContain('a');
    });

    it('deletes in no part of the group what stays of another one', () => {
      const second = { ...group, part: { number: 2, of: 2 } };
      const choices: Choices = new Map([[idOf(second), keeping(second, 'b')]]);
      const { pictures, stays } = chosenOf([group, second], choices);
      expect(pictures.map(({ key }) => key)).toEqual(['c', 'd', 'e']);
      expect([...stays.values()].map(({ key }) => key)).toEqual(['a', 'a', 'a']);
    });
  });

  it('deletes nothing of a group of which nothing stays', () => {
    const group = { ...GROUP, pictures: GROUP.pictures.slice(1) };
    expect(chosenOf([group], new Map()).pictures).toEqual([]);
  });

  it('lets nothing go that is only alike', () => {
    const { keeper: _, reason: __, ...group } = { ...GROUP, tier: 'alike' as const, deletable: [] };
    const nothing = { keeper: undefined, going: new Set() };
    expect(keeping(group, 'b')).toEqual(nothing);
    expect(toggled(group, suggested(group), 'a')).toEqual(nothing);
  });

  it('lets go by hand alone what is only probably the same', () => {
    const group = { ...GROUP, tier: 'likely' as const, deletable: [], keeper: 'a' };
    expect(suggested(group).going).toEqual(new Set());
    expect(keeping(group, 'b')).toEqual({ keeper: 'b', going: new Set() });
    expect(toggled(group, suggested(group), 'b').going).toEqual(new Set(['b']));
  });

  it('counts a picture once that is in two groups', () => {
    const again = { ...GROUP, part: { number: 2, of: 2 } };
    const choices: Choices = new Map();
    expect(idOf(again)).not.toBe(idOf(GROUP));
    expect(chosenOf([GROUP, again], choices)).toMatchObject({ groups: 2, bytes: 50 });
  });
});
