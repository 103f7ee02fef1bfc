/** One view over files and log: pictures that are alive, replaced, deleted, and new, each asked for in every way. */

import { beforeAll, describe, expect, test } from 'vitest';
import { systemClock } from '../../../vectorlog/clock.ts';
import { writeAppend } from '../../../vectorlog/log/append-log.ts';
import type { Attributes } from '../../../vectorlog/log/record.ts';
import { type Filter, NO_FILTER } from '../../../vectorlog/read/filter.ts';
import type { View } from '../../../vectorlog/read/view.ts';
import { type Library, library } from '../../factories/library.ts';
import { liveIndex } from '../../factories/live-index.ts';
import { putRecord } from '../../factories/log-records.ts';

const DIMENSIONS = 32;
const axis = (i: number) => Float32Array.from({ length: DIMENSIONS }, (_, d) => (d === i ? 1 : 0));
const put = (key: string, i: number, colour: string) => ({ put: key, vector: axis(i), metadata: { colour } });

/** Of unit length: its products with axes 0, 3, 5 and 6 are these numbers, with all others nothing. */
const query = Float32Array.from({ length: DIMENSIONS }, (_, d) => [0.5, 0, 0, 0.1, 0, 0.7, 0.5][d] ?? 0);
const red: Filter = {
  prefix: '',
  condition: {
    name: 'red',
    holds: ({ metadata }: Attributes) => (metadata as { colour: string }).colour === 'red',
  },
};

let books: Library;
let read: <T>(work: (view: View) => Promise<T> | T) => Promise<T>;

// Rows of the files: a/1, a/2, b/1, b/2, and a dead one. Rows of the log: the new a/2, c, and one that was deleted again.
beforeAll(async () => {
  books = library({ dimensions: DIMENSIONS, limits: { maxDeadShare: 1 } });
  await books.append(
    put('a/1', 0, 'red'),
    put('a/2', 1, 'blue'),
    put('b/1', 2, 'red'),
    put('b/2', 3, 'blue'),
    put('gone', 4, 'red'),
  );
  await books.compact();
  await books.append({ delete: 'gone' });
  await books.compact();
  await books.append(put('a/2', 5, 'red'), { delete: 'b/1' });
  await books.append(put('c', 6, 'blue'), put('d', 7, 'red'), { delete: 'd' });
  // A view of its own for each test, so that each fails of what is wrong in it.
  read = (work) => liveIndex(books).index.read('strong', work);
});

const search = (options: Parameters<View['search']>[1], queries = [query]) =>
  read(async (view) => {
    const { found, searched } = await view.search(queries, options);
    return { found: found.map((each) => each.map(({ entry }) => entry.key)), searched };
  });

describe('a view', () => {
  test('counts what can be found, and what it is made of', async () => {
    const counts = ({ pictures, appends, pending, generation: { manifest } }: View) => [
      pictures,
      appends,
      pending,
      manifest.rows,
      manifest.live,
    ];
    expect(await read(counts)).toEqual([4, 2, 0, 5, 4]);
  });

  test('knows each key by what is newest', async () => {
    const keys = ['a/1', 'a/2', 'b/1', 'b/2', 'gone', 'c', 'd', 'none'];
    const colours = await read((view) => keys.map((key) => view.find(key)?.attributes.metadata));
    expect(colours).toEqual([
      { colour: 'red' },
      { colour: 'red' },
      undefined,
      { colour: 'blue' },
      undefined,
      { colour: 'blue' },
      undefined,
      undefined,
    ]);
  });

  test.each([
    ['a/1', axis(0)],
    ['a/2', axis(5)],
    ['b/1', undefined],
    ['gone', undefined],
    ['c', axis(6)],
    ['d', undefined],
    ['none', undefined],
  ])('has the embedding of %s', async (key, vector) => {
    expect(await read((view) => view.embedding(key))).toEqual(vector);
  });

  test('has many embeddings, in the order that they were asked for', async () => {
    const keys = ['c', 'a/1', 'none', 'b/2', 'a/2', 'b/1'];
    const vectors = await read((view) => view.embeddings(keys));
    expect(vectors).toEqual([axis(6), axis(0), undefined, axis(3), axis(5), undefined]);
  });

  test('lists keys of files and log together', async () => {
    const page = await read((view) => view.list({ prefix: '', after: undefined, limit: 3 }));
    expect(page.entries.map(({ key }) => key)).toEqual(['a/1', 'a/2', 'b/2']);
    expect([page.total, page.more]).toEqual([4, true]);
    const next = await read((view) => view.list({ prefix: '', after: 'b/2', limit: 3 }));
    expect(next.entries.map(({ key }) => key)).toEqual(['c']);
    expect(await read((view) => Array.from(view.all(), ({ key }) => key).toSorted())).toEqual([
      'a/1',
      'a/2',
      'b/2',
      'c',
    ]);
  });

  test('says of the files what was alive when they were written', async () => {
    const committed = await read(async (view) => {
      const { rows, read: readRows } = view.committed();
      return { rows, vectors: await readRows([2, 1]) };
    });
    expect(committed).toEqual({ rows: [0, 1, 2, 3], vectors: [axis(2), axis(1)] });
  });

  test('of an empty store has nothing', async () => {
    const { index } = liveIndex(library({ dimensions: DIMENSIONS }));
    await index.read('strong', async (view) => {
      expect([view.pictures, view.appends, view.pending]).toEqual([0, 0, 0]);
      expect(await view.search([query, query], { k: 3 })).toEqual({ found: [[], []], searched: 0 });
      expect(view.everything(NO_FILTER).rows).toEqual([]);
      expect(view.committed().rows).toEqual([]);
      expect(view.find('a')).toBeUndefined();
      expect(await view.embedding('a')).toBeUndefined();
      expect(await view.embeddings(['a'])).toEqual([undefined]);
      expect([...view.all()]).toEqual([]);
    });
  });

  test('holds older events of its keys for nothing, whether they live or were deleted', async () => {
    const { index } = liveIndex(books);
    const before = await index.read('strong', (view) => view.find('a/1'));
    const vectors = axis(9);
    const records = [putRecord('a/1', '0'), putRecord('gone', '0'), putRecord('b/1', '0')];
    const name = await writeAppend(books.index, systemClock, { records, vectors }, DIMENSIONS);
    try {
      await index.read('strong', (view) => {
        expect(view.appends).toBe(3);
        expect(view.find('a/1')).toEqual(before);
        expect([view.find('gone'), view.find('b/1')]).toEqual([undefined, undefined]);
        expect(view.pictures).toBe(4);
      });
    } finally {
      await books.index.delete([name]);
    }
  });
});

describe('a search of a view', () => {
  test('finds in files and log alike, equal scores in the order of rows', async () => {
    const { found } = await read((view) => view.search([query], { k: 10 }));
    expect(found[0]!.map(({ entry }) => entry.key)).toEqual(['a/2', 'a/1', 'c', 'b/2']);
    for (const [i, score] of [0.7, 0.5, 0.5, 0.1].entries())
      expect(found[0]![i]!.score).toBeCloseTo(score, 6);
  });

  test.each([
    ['the best', { k: 2 }, ['a/2', 'a/1'], 4],
    ['those of a score', { k: 10, minScore: 0.5 }, ['a/2', 'a/1', 'c'], 4],
    ['those of a higher score', { k: 10, minScore: 0.6 }, ['a/2'], 4],
    ['those of a prefix', { k: 10, filter: { prefix: 'a/' } }, ['a/2', 'a/1'], 2],
    ['those of a prefix in the log', { k: 10, filter: { prefix: 'c' } }, ['c'], 1],
    ['those of a prefix in the files', { k: 10, filter: { prefix: 'b' } }, ['b/2'], 1],
    ['those that a condition holds for', { k: 10, filter: red }, ['a/2', 'a/1'], 2],
    ['none', { k: 10, filter: { prefix: 'gone' } }, [], 0],
  ])('finds %s', async (_, options, keys, searched) => {
    expect(await search(options)).toEqual({ found: [keys], searched });
  });

  test('answers each query for itself', async () => {
    expect(await search({ k: 1 }, [axis(3), query, axis(6)])).toEqual({
      found: [['b/2'], ['a/2'], ['c']],
      searched: 4,
    });
  });
});

describe('everything in a view as one list', () => {
  test('has rows of the files, then those of the log, under their own numbers', async () => {
    await read(async (view) => {
      const { rows, read: readRows, entry } = view.everything(NO_FILTER);
      expect(rows).toEqual([0, 3, 5, 6]);
      expect(rows.map((row) => entry(row).key)).toEqual(['a/1', 'b/2', 'a/2', 'c']);
      expect(await readRows([6, 0, 5, 3])).toEqual([axis(6), axis(0), axis(5), axis(3)]);
      expect(view.everything(red).rows).toEqual([0, 5]);
      expect(view.everything({ prefix: 'b' }).rows).toEqual([3]);
    });
  });

  test('can be searched, passing over what is left out, which nobody else notices', async () => {
    await read(async (view) => {
      const source = view.everything(NO_FILTER);
      const rowsOf = async () => {
        const [hits] = await source.search([query], { k: 10, minScore: 0.05 });
        return hits!.map(({ row }) => row);
      };
      expect(await rowsOf()).toEqual([5, 0, 6, 3]);
      source.leaveOut(5);
      expect(await rowsOf()).toEqual([0, 6, 3]);
      source.leaveOut(0);
      expect(await rowsOf()).toEqual([6, 3]);
      const [best] = await source.search([query], { k: 1, minScore: 0.05 });
      expect(best!.map(({ row }) => row)).toEqual([6]);
    });
    expect(await search({ k: 2 })).toEqual({ found: [['a/2', 'a/1']], searched: 4 });
    const rows = await read((view) => view.everything(NO_FILTER).rows);
    expect(rows).toEqual([0, 3, 5, 6]);
  });
});
