/** Tests that the small map forgets what was used longest ago. */

import { expect, it } from 'vitest';
import { Lru } from '../../vectorlog/lru.ts';

it('keeps what was used last', () => {
  const lru = new Lru<string, number>(2);
  lru.set('a', 1);
  lru.set('b', 2);
  expect(lru.get('a')).toBe(1);
  lru.set('c', 3);
  expect([lru.get('a'), lru.get('b'), lru.get('c')]).toEqual([1, undefined, 3]);
});
