/** Tests how results are put together: copies in stacks, and where likeness drops. */

import { describe, expect, it } from 'vitest';
import type { Result } from '../../client/index.ts';
import { dropAfter, stacked } from '../../console/views/search/stacks.ts';

const result = (key: string, score: number, stackedOn?: string): Result => ({
  key,
  score,
  url: key,
  metadata: {},
  lastModified: '',
  size: 1,
  ...(stackedOn && { stackedOn }),
});

describe('stacks', () => {
  it('put copies under the better result', () => {
    const stacks = stacked([
      result('a', 0.9),
      result('b', 0.89, 'a'),
      result('c', 0.5),
      result('d', 0.4, 'a'),
    ]);
    expect(stacks.map(({ top, under }) => [top.key, under.map(({ key }) => key)])).toEqual([
      ['a', ['b', 'd']],
      ['c', []],
    ]);
  });

  it('lose no result whose better one was cut off', () => {
    expect(stacked([result('b', 0.8, 'gone')]).map(({ top }) => top.key)).toEqual(['b']);
  });
});

describe('the drop of likeness', () => {
  it('is where the score falls far more than usual', () => {
    expect(dropAfter([0.95, 0.94, 0.93, 0.6, 0.59, 0.58])).toBe(3);
  });

  it.each([[[0.9, 0.8, 0.7, 0.6, 0.5]], [[0.9, 0.89]], [[]], [[0.5, 0.499, 0.498, 0.48]]])(
    'is not where it fades evenly: %j',
    (scores) => {
      expect(dropAfter(scores)).toBeUndefined();
    },
  );
});
