/** What the index says of single keys is what searches see of them, whether it followed along or has just begun. */

import { describe, expect, test } from 'vitest';
import { systemClock } from '../../../vectorlog/clock.ts';
import { latestManifest } from '../../../vectorlog/commit/newest-manifest.ts';
import { writeAppend } from '../../../vectorlog/log/append-log.ts';
import { ABSENT, type LogRecord } from '../../../vectorlog/log/record.ts';
import { silentLogger } from '../../../vectorlog/logger.ts';
import { manifestName } from '../../../vectorlog/names.ts';
import { Entries } from '../../../vectorlog/read/entries.ts';
import { IndexTooLarge } from '../../../vectorlog/read/errors.ts';
import { linesBytes } from '../../../vectorlog/read/memory.ts';
import { StoreUnavailable } from '../../../vectorlog/store/errors.ts';
import { MemoryStore } from '../../../vectorlog/testing/memory-store.ts';
import { copy } from '../../factories/copy-store.ts';
import { countingStore } from '../../factories/counting-store.ts';
import { type Change, type Library, library } from '../../factories/library.ts';
import { gate, liveIndex } from '../../factories/live-index.ts';
import { putRecord } from '../../factories/log-records.ts';
import { movableClock } from '../../factories/movable-clock.ts';

/** Few: no vector is looked at. */
const DIMENSIONS = 32;

function entriesOf(
  { index, dimensions }: Pick<Library, 'index' | 'dimensions'>,
  { budgetBytes = 2 ** 24, clock = systemClock } = {},
) {
  const store = countingStore(index);
  const entries = new Entries({ store, clock, logger: silentLogger, dimensions, budgetBytes });
  const eTagOf = (key: string) => entries.read((view) => view.find(key)?.eTag);
  return { entries, store, eTagOf };
}

/** Writes records as they are; those that put something share a vector. */
const write = ({ index, dimensions }: Library, ...records: LogRecord[]) => {
  const vectors = new Float32Array(dimensions).fill(dimensions ** -0.5);
  return writeAppend(index, systemClock, { records, vectors }, dimensions);
};

const remove = (key: string, version: string): LogRecord => ({ op: 'delete', key, version });

describe('entries', () => {
  test.each([1, 2, 3])('are those of the index in memory through history %i', async (seed) => {
    let state = seed;
    const pick = (n: number) => {
      state = (Math.imul(state, 48_271) >>> 0) % 2_147_483_647;
      return state % n;
    };
    const books = library({ dimensions: DIMENSIONS, limits: { foldedGraceMs: 0, replacedGraceMs: 0 } });
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

  test('recall a picture that was deleted or replaced, by its content, until a rewrite leaves its row out', async () => {
    const books = library({ limits: { maxDeadShare: 0.5 } });
    const { entries } = entriesOf(books);
    const eTagNow = (key: string) => entries.read((view) => view.find(key)!.eTag);
    const recalled = (key: string, eTag: string) => entries.read((view) => view.recall(key, eTag)?.eTag);
    const others = Array.from({ length: 6 }, (_, i) => ({ put: `other ${i}.jpg` }));
    await books.append({ put: 'gone.jpg' }, { put: 'new.jpg' }, ...others);
    const [gone, old] = [await eTagNow('gone.jpg'), await eTagNow('new.jpg')];

    await books.append({ delete: 'gone.jpg' }, { put: 'new.jpg' });
    expect(await entries.read((view) => view.find('gone.jpg'))).toBeUndefined();
    expect(await recalled('gone.jpg', gone)).toBe(gone);
    expect(await recalled('new.jpg', old)).toBe(old);
    expect(await recalled('new.jpg', await eTagNow('new.jpg'))).toBe(await eTagNow('new.jpg'));
    expect(await recalled('gone.jpg', 'another')).toBeUndefined();
    expect(await recalled('never.jpg', gone)).toBeUndefined();

    await books.append({ put: 'late.jpg' });
    await books.compact();
    const late = await eTagNow('late.jpg');
    await books.append({ delete: 'late.jpg' });
    await books.compact();
    expect(await entries.read((view) => view.find('late.jpg'))).toBeUndefined();
    expect(await recalled('late.jpg', late)).toBe(late);
    expect(await entriesOf(books).entries.read((view) => view.recall('late.jpg', late)?.eTag)).toBe(late);

    await books.append(...others.map(({ put }) => ({ delete: put })));
    await books.compact();
    expect(await recalled('late.jpg', late)).toBeUndefined();
  });

  test('that do not fit are refused before they are read', async () => {
    const books = library();
    await books.append({ put: 'a.jpg' });
    await books.compact();
    const { entries } = entriesOf(books, { budgetBytes: 100 });
    await expect(entries.read((view) => view.find('a.jpg'))).rejects.toThrow(IndexTooLarge);
  });

  test('that just fit are read, and one byte less is refused with what it takes', async () => {
    const books = library({ dimensions: DIMENSIONS });
    await books.append({ put: 'a' }, { put: 'b' });
    await books.compact();
    const needed = linesBytes((await latestManifest(books.index))!.manifest);
    const { entries } = entriesOf(books, { budgetBytes: needed });
    expect(await entries.read((view) => view.find('b')?.key)).toBe('b');

    const refused = entriesOf(books, { budgetBytes: needed - 1 });
    const refusal = await refused.entries.read(() => {}).catch((error: unknown) => error);
    expect(refusal).toBeInstanceOf(IndexTooLarge);
    expect(refusal).toMatchObject({ rows: 2, neededBytes: needed, budgetBytes: needed - 1 });
  });

  test('cost one list when nothing changed, and of the log what is new', async () => {
    const books = library({ dimensions: DIMENSIONS });
    await books.append({ put: 'a' }, { put: 'b' });
    await books.compact();
    const first = await books.append({ put: 'c' });
    const { entries, store } = entriesOf(books);
    await entries.read(() => {});
    store.calls.length = 0;
    await entries.read(() => {});
    expect(store.calls.map(({ method }) => method)).toEqual(['list']);

    const second = await books.append({ put: 'd' });
    store.calls.length = 0;
    expect(await entries.read((view) => ['c', 'd'].map((key) => view.find(key)?.key))).toEqual(['c', 'd']);
    expect(store.calls.filter(({ key }) => key === first || key === second)).toEqual([
      { method: 'get', key: second, bytes: expect.any(Number) },
    ]);
  });

  test('need no line of a commit that only took some away', async () => {
    const books = library({ dimensions: DIMENSIONS, limits: { maxDeadShare: 1 } });
    await books.append({ put: 'a' }, { put: 'b' });
    await books.compact();
    const { entries, store } = entriesOf(books);
    await entries.read(() => {});
    await books.append({ delete: 'a' });
    await books.compact();
    store.calls.length = 0;

    expect(await entries.read((view) => ['a', 'b'].map((key) => view.find(key)?.key))).toEqual([
      undefined,
      'b',
    ]);
    const { files } = (await latestManifest(books.index))!.manifest;
    expect(store.calls.filter(({ key }) => key === files.rows)).toEqual([]);
  });

  test('are none where all were deleted, and nothing is read for that', async () => {
    const books = library({ dimensions: DIMENSIONS });
    await books.append({ put: 'a' });
    await books.compact();
    await books.append({ delete: 'a' });
    await books.compact();
    const { manifest } = (await latestManifest(books.index))!;
    expect(manifest.rows).toBe(0);
    const { entries, store } = entriesOf(books);

    expect(await entries.read((view) => view.find('a'))).toBeUndefined();
    expect(store.calls.filter(({ key }) => Object.values(manifest.files).includes(key))).toEqual([]);
  });

  test('are those of the later event, whichever came first and wherever it stands', async () => {
    const books = library({ dimensions: DIMENSIONS });
    const { eTagOf } = entriesOf(books);
    await write(books, putRecord('a', '5'));
    await books.compact();
    const steps: readonly (readonly [LogRecord, string | undefined])[] = [
      [putRecord('a', '3'), 'e5'],
      [remove('a', '4'), 'e5'],
      [remove('a', '5'), 'e5'],
      [putRecord('a', '7'), 'e7'],
      [putRecord('a', '6'), 'e7'],
      [remove('a', '6'), 'e7'],
      [remove('a', '8'), undefined],
    ];
    for (const [record, eTag] of steps) {
      await write(books, record);
      expect(await eTagOf('a')).toBe(eTag);
    }

    await books.compact();
    expect(await eTagOf('a')).toBeUndefined();
    await write(books, putRecord('a', '7'));
    expect(await eTagOf('a')).toBeUndefined();
    await write(books, putRecord('a', '9'));
    expect(await eTagOf('a')).toBe('e9');
  });

  test.each([
    ['live, as it was seen', 'live', { state: 'live', version: '5', eTag: 'e5' }, 'new'],
    ['live, and seen as another', 'live', { state: 'live', version: '5', eTag: 'e4' }, 'e5'],
    ['live, and seen as deleted', 'live', { state: 'deleted', version: '5' }, 'e5'],
    ['deleted, as it was seen', 'deleted', { state: 'deleted', version: '6' }, 'new'],
    ['deleted, and seen as absent', 'deleted', ABSENT, undefined],
    ['absent, as it was seen', 'absent', ABSENT, 'new'],
    ['absent, and seen as live', 'absent', { state: 'live', version: '5', eTag: 'e5' }, undefined],
  ] as const)('change with what a comparison found: %s', async (_, key, basis, eTag) => {
    const books = library({ dimensions: DIMENSIONS });
    await write(books, putRecord('live', '5'), putRecord('deleted', '5'), putRecord('other', '5'));
    await write(books, remove('deleted', '6'));
    await books.compact();
    await write(books, { op: 'put', key, version: undefined, eTag: 'new', attributes: {}, row: 0, basis });
    expect(await entriesOf(books).eTagOf(key)).toBe(eTag);
  });

  test('of a reader at work are those that it began with', async () => {
    const books = library({ dimensions: DIMENSIONS });
    await books.append({ put: 'a' }, { put: 'b' });
    await books.compact();
    const { entries } = entriesOf(books);
    const held = gate();
    const old = entries.read(async (view) => {
      await held.opened;
      return ['a', 'b', 'c'].map((key) => view.find(key)?.key);
    });
    await entries.read(() => {});
    await books.append({ put: 'c' });
    await books.compact();
    expect(await entries.read((view) => view.find('c')?.key)).toBe('c');
    held.open();
    expect(await old).toEqual(['a', 'b', undefined]);
  });

  test('are looked for again when a list took longer than a folded append stays', async () => {
    const books = library({ dimensions: DIMENSIONS });
    const clock = movableClock();
    const { eTagOf, store } = entriesOf(books, { clock });
    await eTagOf('a');
    await write(books, putRecord('a', '1'));
    for (const [ms, lists] of [
      [60_000, 1],
      [60_001, 2],
    ] as const) {
      let isSlow = true;
      store.before = (method) => {
        if (method === 'list' && isSlow) clock.skip(ms);
        isSlow = false;
      };
      store.calls.length = 0;
      expect(await eTagOf('a')).toBe('e1');
      expect(store.calls.filter(({ method }) => method === 'list')).toHaveLength(lists);
      await write(books, putRecord('b', '1'));
    }
  });

  test('are new ones where another commit has the number of the one that was read', async () => {
    const books = library({ dimensions: DIMENSIONS });
    await books.append({ put: 'a' });
    await books.compact();
    const earlier = new MemoryStore();
    await copy(books.index, earlier);
    await books.append({ put: 'b' });
    await books.compact();
    const { entries } = entriesOf(books);
    const keys = () => entries.read((view) => ['a', 'b', 'c'].map((key) => view.find(key)?.key));
    expect(await keys()).toEqual(['a', 'b', undefined]);
    const { manifest: before } = (await latestManifest(books.index))!;

    await copy(earlier, books.index);
    const restored = library({ index: books.index, dimensions: DIMENSIONS });
    await restored.append({ put: 'c' });
    await restored.compact();
    const { manifest } = (await latestManifest(books.index))!;
    expect(manifest).toMatchObject({ generation: 2, lineage: before.lineage, rows: 2 });
    expect(await keys()).toEqual(['a', undefined, 'c']);
  });

  test('go back to the commit before where one was read in part, and cannot be any more', async () => {
    const books = library({ dimensions: DIMENSIONS });
    await books.append({ put: 'a' });
    await books.compact();
    const { entries, store } = entriesOf(books);
    await entries.read(() => {});
    for (const key of ['b', 'c']) {
      await books.append({ put: key });
      await books.compact();
    }
    const third = (await latestManifest(books.index))!;
    store.before = (_, key) => {
      if (key === third.manifest.files.dead) throw new StoreUnavailable('lost');
    };
    await expect(entries.read(() => {})).rejects.toThrow('lost');
    await books.index.put(manifestName(third.generation), Buffer.from('null'));

    const keys = await entries.read((view) => ['a', 'b', 'c'].map((key) => view.find(key)?.key));
    expect(keys).toEqual(['a', 'b', 'c']);
  });
});
