/** What the index says of single keys is what searches see of them, whether it followed along or has just begun. */

import { describe, expect, test } from 'vitest';
import { DIMENSIONS } from '../../../pictures/dimensions.ts';
import { systemClock } from '../../../vectorlog/clock.ts';
import { silentLogger } from '../../../vectorlog/logger.ts';
import { Entries } from '../../../vectorlog/read/entries.ts';
import { IndexTooLarge } from '../../../vectorlog/read/errors.ts';
import { countingStore } from '../../factories/counting-store.ts';
import { type Change, type Library, library } from '../../factories/library.ts';
import { liveIndex } from '../../factories/live-index.ts';

function entriesOf({ index }: Library, budgetBytes = 2 ** 24) {
  const store = countingStore(index);
  const options = { store, clock: systemClock, logger: silentLogger, dimensions: DIMENSIONS, budgetBytes };
  return { entries: new Entries(options), store };
}

describe('entries', () => {
  test.each([1, 2, 3])('are those of the index in memory through history %i', async (seed) => {
    let state = seed;
    const pick = (n: number) => {
      state = (Math.imul(state, 48_271) >>> 0) % 2_147_483_647;
      return state % n;
    };
    const books = library({ limits: { foldedGraceMs: 0, replacedGraceMs: 0 } });
    const followed = entriesOf(books).entries;
    const { index } = liveIndex(books);
    const keys = Array.from({ length: 20 }, (_, i) => `album/pïcture "${i}".jpg`);
    for (let step = 0; step < 40; step++) {
      await books.append(
        ...Array.from({ length: 1 + pick(4) }, (): Change => {
          const key = keys[pick(keys.length)]!;
          return pick(3) === 0 ? { delete: key } : { put: key };
        }),
      );
      // So many deletions that rewrites without dead rows are among them.
      if (pick(3) === 0) await books.compact();
      if (pick(2) === 0) continue;
      const expected = await index.read('strong', (view) => keys.map((key) => view.find(key)));
      expect(await followed.read((view) => keys.map((key) => view.find(key)))).toEqual(expected);
      const fresh = entriesOf(books).entries;
      expect(await fresh.read((view) => keys.map((key) => view.find(key)))).toEqual(expected);
    }
  });

  test('read no vector, and of the rows those that are new', async () => {
    const books = library();
    await books.append(...Array.from({ length: 50 }, (_, i) => ({ put: `${i}.jpg` })));
    await books.compact();
    const { entries, store } = entriesOf(books);
    const there = () => entries.read((view) => view.find('7.jpg')?.key);

    expect(await there()).toBe('7.jpg');
    const first = store.bytesRead();
    await books.append({ put: 'new.jpg' });
    await books.compact();
    expect(await entries.read((view) => view.find('new.jpg')?.key)).toBe('new.jpg');

    expect(first).toBeLessThan(50 * 1_000);
    expect(store.bytesRead() - first).toBeLessThan(5_000);
    expect(await entries.read((view) => view.find('none.jpg'))).toBeUndefined();
  });

  test('of an index that began again are those of the new one', async () => {
    const books = library();
    await books.append({ put: 'old.jpg' });
    await books.compact();
    const { entries } = entriesOf(books);
    await entries.read((view) => view.find('old.jpg'));
    for await (const page of books.index.list({ prefix: '' }))
      await books.index.delete(page.map(({ key }) => key));

    expect(await entries.read((view) => view.find('old.jpg'))).toBeUndefined();
  });

  test('that do not fit are refused before they are read', async () => {
    const books = library();
    await books.append({ put: 'a.jpg' });
    await books.compact();
    const { entries } = entriesOf(books, 100);
    await expect(entries.read((view) => view.find('a.jpg'))).rejects.toThrow(IndexTooLarge);
  });
});
