import { expect, test } from 'vitest';
import { chooseKeeper, type KeeperFacts } from '../../../pictures/duplicates/keeper.ts';

const picture = (key: string, facts: Partial<KeeperFacts> = {}): KeeperFacts => ({
  key,
  size: 1_000,
  width: 600,
  height: 400,
  lastModified: '2024-05-01T10:00:00.000Z',
  ...facts,
});

const kept = (...[pictures, wishes, rule]: Parameters<typeof chooseKeeper>): [string, string] => {
  const { keeper, reason } = chooseKeeper(pictures, wishes, rule);
  return [keeper.key, reason];
};

test('most pixels win over most bytes, a plain name over a copy', () => {
  const original = picture('IMG_1.jpg', { width: 6_000, height: 4_000 });
  const screenshot = picture('Screenshot.png', { size: 9_000_000, width: 2_400, height: 1_600 });
  expect(kept([screenshot, original])).toEqual(['IMG_1.jpg', '6000 x 4000']);
  expect(kept([picture('a copy.jpg'), picture('a.jpg')])).toEqual(['a.jpg', 'the others are called copies']);
});

test('the oldest is the one that was taken first, whatever its file says', () => {
  const taken = picture('taken.jpg', {
    taken: '2019-08-02T12:00:00',
    lastModified: '2024-06-01T10:00:00.000Z',
  });
  const saved = picture('saved.jpg', { lastModified: '2024-05-01T10:00:00.000Z' });
  expect(kept([saved, taken], {}, 'oldest')).toEqual(['taken.jpg', 'oldest']);
});

test('of pictures that were taken at once the older file is kept', () => {
  const first = picture('b.jpg', { taken: '2019-08-02T12:00:00', lastModified: '2020-01-01T00:00:00.000Z' });
  const later = picture('a.jpg', { taken: '2019-08-02T12:00:00', lastModified: '2021-01-01T00:00:00.000Z' });
  expect(kept([later, first])).toEqual(['b.jpg', 'oldest']);
});

test('preferred folders come before everything', () => {
  const large = picture('in/large.jpg', { width: 6_000, height: 4_000 });
  expect(kept([large, picture('album/small.jpg')], { preferred: ['album/'] })).toEqual([
    'album/small.jpg',
    'in a preferred folder',
  ]);
});
