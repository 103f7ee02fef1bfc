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

test('what is asked is asked in this order: pixels, compression, EXIF data, age, name', () => {
  // Each is better than the one before it by one fact, and worse by all that are asked later.
  const pictures = [
    picture('a.jpg', { lastModified: '2024-01-01T00:00:00.000Z' }),
    picture('a copy.jpg', { lastModified: '2021-01-01T00:00:00.000Z' }),
    picture('b copy.jpg', { lastModified: '2023-01-01T00:00:00.000Z', hasExif: true }),
    picture('c copy.jpg', { lastModified: '2024-01-01T00:00:00.000Z', size: 1_100 }),
    picture('d (1).jpg', { lastModified: '2024-02-01T00:00:00.000Z', size: 900, width: 700 }),
  ];
  const reasons = ['oldest', 'has its EXIF data', 'least compressed', '700 x 400'];
  for (const [i, reason] of reasons.entries())
    expect(kept(pictures.slice(0, i + 2))).toEqual([pictures[i + 1]!.key, reason]);
});

test.each([
  'IMG_1 copy.jpg',
  'IMG_1 (1).jpg',
  'IMG_1-edited.jpg',
  'IMG_1 Kopie.jpg',
  'Screenshot 2024-05-01.jpg',
])('%s is called a copy, unless it is the older one by more than a day', (name) => {
  const plain = picture('IMG_1_longer_name.jpg', { lastModified: '2024-05-01T10:00:00.000Z' });
  const hoursOlder = picture(name, { lastModified: '2024-04-30T22:00:00.000Z' });
  expect(kept([hoursOlder, plain])).toEqual([plain.key, 'the others are called copies']);
  const daysOlder = picture(name, { lastModified: '2024-04-28T10:00:00.000Z' });
  expect(kept([plain, daysOlder])).toEqual([name, 'oldest']);
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

test('what is as good as equal to the next is not taken for equal to the best', () => {
  const sizes = [988, 1_000, 994].map((width) => picture(`${width}.jpg`, { width, height: 1_000 }));
  const named = [...sizes, picture('9.jpg', { width: 987, height: 1_000, size: 90_000 })];
  for (const order of [named, named.toReversed(), [named[1]!, named[3]!, named[0]!, named[2]!]])
    expect(kept(order)).toEqual(['994.jpg', 'shortest name']);
});

test('a protected folder decides between equals, and never against more pixels or what a rule asks for', () => {
  const wishes = { protected: ['safe/'] };
  const large = picture('in/large.jpg', { width: 6_000, height: 4_000 });
  const small = picture('safe/small.jpg', { lastModified: '2024-06-01T10:00:00.000Z' });
  expect(kept([small, large], wishes)).toEqual(['in/large.jpg', '6000 x 4000']);
  expect(kept([small, picture('in/a.jpg')], wishes)).toEqual(['safe/small.jpg', 'in a protected folder']);
  expect(kept([small, picture('in/a.jpg')], wishes, 'oldest')).toEqual(['in/a.jpg', 'oldest']);
});

test('preferred folders come before everything', () => {
  const large = picture('in/large.jpg', { width: 6_000, height: 4_000 });
  expect(kept([large, picture('album/small.jpg')], { preferred: ['album/'] })).toEqual([
    'album/small.jpg',
    'in a preferred folder',
  ]);
});
