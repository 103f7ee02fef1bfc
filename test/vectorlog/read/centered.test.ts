/** Centred searches against a plain loop over all vectors, and how long their mean stays. */

import { afterEach, describe, expect, test, vi } from 'vitest';
import { latestManifest } from '../../../vectorlog/commit/newest-manifest.ts';
import { CenteredIndex, Centering } from '../../../vectorlog/read/centered.ts';
import { CenteredTooLarge } from '../../../vectorlog/read/errors.ts';
import { NO_FILTER } from '../../../vectorlog/read/filter.ts';
import { neededBytes } from '../../../vectorlog/read/memory.ts';
import type { View } from '../../../vectorlog/read/view.ts';
import { RowMatrix } from '../../../vectorlog/scan/row-matrix.ts';
import { StoreUnavailable } from '../../../vectorlog/store/errors.ts';
import { seededVector } from '../../factories/fake-embedder.ts';
import { library } from '../../factories/library.ts';
import { liveIndex } from '../../factories/live-index.ts';

const DIMENSIONS = 256;
const common = seededVector('what all have in common', DIMENSIONS);
const lengthOf = (vector: readonly number[] | Float32Array): number =>
  Math.sqrt(Array.from(vector).reduce((sum, x) => sum + x * x, 0));

/** A vector that shares a lot with all others, as embeddings of one library do, and has no negative numbers. */
function vectorOf(name: string): Float32Array {
  const own = seededVector(name, DIMENSIONS);
  const sum = own.map((x, i) => Math.max(0, x) + 2 * Math.max(0, common[i]!));
  const length = lengthOf(sum);
  return sum.map((x) => x / length);
}

/** What `docs/api.md` says of a centred score, in double precision. */
function centred(vector: Float32Array, mean: readonly number[]): number[] {
  const root = Array.from(vector, (x) => Math.sign(x) * Math.sqrt(Math.abs(x)));
  const length = lengthOf(root);
  const rest = root.map((x, i) => x / length - (mean[i] ?? 0));
  const left = lengthOf(rest);
  return rest.map((x) => x / left);
}

const meanOf = (vectors: readonly Float32Array[]): number[] => {
  const roots = vectors.map((vector) => centred(vector, []));
  return roots[0]!.map((_, i) => roots.reduce((sum, root) => sum + root[i]!, 0) / roots.length);
};

function ranked(query: Float32Array, all: ReadonlyMap<string, Float32Array>, mean: readonly number[]) {
  const q = centred(query, mean);
  return Array.from(all, ([key, vector]) => {
    const x = centred(vector, mean);
    return { key, score: q.reduce((sum, each, i) => sum + each * x[i]!, 0) };
  }).sort((a, b) => b.score - a.score);
}

const put = (name: string) => ({ put: name, vector: vectorOf(name) });
const puts = (from: number, to: number) => Array.from({ length: to - from }, (_, i) => put(`${from + i}`));

const ask = (centered: CenteredIndex, view: View, query: Float32Array, k = 10, filter = NO_FILTER) =>
  centered.read(view, (space) => space.search(space.of(query), { k, filter }));

function expectSame(
  found: readonly { entry: { key: string }; score: number }[],
  expected: readonly { key: string; score: number }[],
) {
  expect(found.map(({ entry }) => entry.key)).toEqual(expected.slice(0, found.length).map(({ key }) => key));
  for (const [i, { score }] of found.entries()) expect(score).toBeCloseTo(expected[i]!.score, 5);
}

describe('a centred search', () => {
  test('is exact, over the files and what the log says since', async () => {
    const books = library({ dimensions: DIMENSIONS });
    await books.append(...puts(0, 520));
    await books.append({ delete: '3' });
    await books.compact();
    const mean = meanOf([...books.truth.values()]);
    await books.append(...puts(520, 560), { delete: '5' }, { put: '7', vector: vectorOf('seven anew') });
    const { index } = liveIndex(books);
    const centered = new CenteredIndex(DIMENSIONS, 2 ** 30);

    await index.read('strong', async (view) => {
      for (const name of ['7', '550', 'something else']) {
        const { found, searched } = await ask(centered, view, vectorOf(name), 20);
        expect(searched).toBe(books.truth.size);
        expect(found).toHaveLength(20);
        expectSame(found, ranked(vectorOf(name), books.truth, mean));
      }
    });
  });

  test('keeps its mean until the next compaction, in every process', async () => {
    const books = library({ dimensions: DIMENSIONS });
    await books.append(...puts(0, 40));
    await books.compact();
    const before = meanOf([...books.truth.values()]);
    const { index, fresh } = liveIndex(books);
    const centered = new CenteredIndex(DIMENSIONS, 2 ** 30);
    await index.read('strong', (view) => ask(centered, view, vectorOf('1')));
    await books.append(...puts(40, 60), { delete: '2' });

    const [here, elsewhere] = await Promise.all([
      index.read('strong', (view) => ask(centered, view, vectorOf('1'), 50)),
      fresh().read('strong', (view) => ask(new CenteredIndex(DIMENSIONS, 2 ** 30), view, vectorOf('1'), 50)),
    ]);
    expectSame(here.found, ranked(vectorOf('1'), books.truth, before));
    expect(elsewhere.found.map(({ score }) => score)).toEqual(here.found.map(({ score }) => score));

    await books.compact();
    const { found } = await index.read('strong', (view) => ask(centered, view, vectorOf('1'), 50));
    expectSame(found, ranked(vectorOf('1'), books.truth, meanOf([...books.truth.values()])));
  });

  test('goes by all there is before the first compaction', async () => {
    const books = library({ dimensions: DIMENSIONS });
    const { index } = liveIndex(books);
    const centered = new CenteredIndex(DIMENSIONS, 2 ** 30);
    const none = await index.read('strong', (view) => ask(centered, view, vectorOf('1')));
    expect(none).toEqual({ found: [], searched: 0 });
    for (const [from, to] of [
      [0, 10],
      [10, 30],
    ] as const) {
      await books.append(...puts(from, to));
      const { found } = await index.read('strong', (view) => ask(centered, view, vectorOf('1')));
      expectSame(found, ranked(vectorOf('1'), books.truth, meanOf([...books.truth.values()])));
    }
  });

  test('looks only at what the filter lets through', async () => {
    const books = library({ dimensions: DIMENSIONS });
    await books.append(...puts(0, 30));
    await books.compact();
    await books.append(...puts(30, 35));
    const { index } = liveIndex(books);
    const { found, searched } = await index.read('strong', (view) =>
      ask(new CenteredIndex(DIMENSIONS, 2 ** 30), view, vectorOf('1'), 50, { prefix: '3' }),
    );
    expect(searched).toBe(6);
    expect(found.map(({ entry }) => entry.key).sort()).toEqual(['3', '30', '31', '32', '33', '34']);
  });

  test('of a library of one picture scores nothing', async () => {
    const books = library({ dimensions: DIMENSIONS });
    await books.append(put('only'));
    const { index } = liveIndex(books);
    const { found } = await index.read('strong', (view) =>
      ask(new CenteredIndex(DIMENSIONS, 2 ** 30), view, vectorOf('only')),
    );
    expect(found.map(({ entry, score }) => [entry.key, score])).toEqual([['only', 0]]);
  });

  test('is refused before it takes memory that is not there', async () => {
    const books = library({ dimensions: DIMENSIONS });
    await books.append(...puts(0, 10));
    await books.compact();
    const { index } = liveIndex(books);
    const asking = index.read('strong', (view) =>
      ask(new CenteredIndex(DIMENSIONS, 1_000_000), view, vectorOf('1')),
    );
    await expect(asking).rejects.toThrow(CenteredTooLarge);
  });
});

describe('centring', () => {
  const centring = (...vectors: readonly (readonly number[])[]) => {
    const all = new Centering(2);
    for (const vector of vectors) all.add(Float32Array.from(vector));
    return (...vector: number[]) => [...all.center(Float32Array.from(vector))];
  };
  const close = (numbers: readonly number[]) => numbers.map((number) => expect.closeTo(number, 5));

  test('takes the root of each number, whose sign stays, at unit length', () => {
    expect(centring()(9, -16)).toEqual(close([0.6, -0.8]));
    expect(centring()(-9, 16)).toEqual(close([-0.6, 0.8]));
    expect(centring()(0, 5)).toEqual([0, 1]);
    expect(centring()(0, 0)).toEqual([0, 0]);
  });

  test('takes away the mean of all that were added, and makes the rest unit length', () => {
    // From [0.6, 0.8] the mean leaves [0.1, 0.3].
    expect(centring([4, 0], [0, 7])(9, 16)).toEqual(close([0.1 / Math.sqrt(0.1), 0.3 / Math.sqrt(0.1)]));
    expect(centring([1, 0])(0, 1)).toEqual(close([-Math.SQRT1_2, Math.SQRT1_2]));
    expect(centring([-1, 0])(0, 1)).toEqual(close([Math.SQRT1_2, Math.SQRT1_2]));
    expect(centring([1, 0])(0, 0)).toEqual([-1, 0]);
  });

  test('makes nothing of what is the mean, or as good as it', () => {
    expect(centring([1, 0])(3, 0)).toEqual([0, 0]);
    // Its root is 7e-7 from the mean, and 3e-6 the next one's.
    expect(centring([1, 0])(1, 4.9e-13)).toEqual([0, 0]);
    expect(centring([1, 0])(1, 9e-12)).toEqual(close([0, 1]));
  });
});

describe('a centred copy', () => {
  afterEach(() => {
    vi.restoreAllMocks();
  });

  const FEW = 32;
  const small = (i: number) => ({ put: `${i}`, vector: seededVector(`${i}`, FEW) });
  const ofTen = async () => {
    const books = library({ dimensions: FEW });
    await books.append(...Array.from({ length: 10 }, (_, i) => small(i)));
    await books.compact();
    return books;
  };

  test('fits to the byte, beside the index and the vectors, those of the log and the replaced ones too', async () => {
    const books = await ofTen();
    await books.append(small(10), { put: '3', vector: seededVector('anew', FEW) });
    const { index } = liveIndex(books);
    const asking = (centered: CenteredIndex) =>
      index.read('strong', (view) => ask(centered, view, seededVector('any', FEW), 20));
    const { manifest } = (await latestManifest(books.index))!;
    // Ten in the files, one that is new and one that replaces.
    const needed = neededBytes(manifest, FEW) + 2 * RowMatrix.bytesFor(12, FEW);

    expect((await asking(new CenteredIndex(FEW, needed))).searched).toBe(11);
    const refusal = await asking(new CenteredIndex(FEW, needed - 1)).catch((error: unknown) => error);
    expect(refusal).toBeInstanceOf(CenteredTooLarge);
    expect(refusal).toMatchObject({ rows: 12, neededBytes: needed, budgetBytes: needed - 1 });
  });

  test('gives what scores at least so much, and is made again after it failed', async () => {
    const books = await ofTen();
    const { index, store } = liveIndex(books);
    const centered = new CenteredIndex(FEW, 2 ** 30);
    const ask = (minScore?: number) =>
      index.read('strong', (view) =>
        centered.read(view, (space) =>
          space.search(space.of(seededVector('4', FEW)), { k: 20, minScore, filter: NO_FILTER }),
        ),
      );
    await index.read('strong', () => {});
    const { files } = (await latestManifest(books.index))!.manifest;
    store.before = (_, key) => {
      if (key === files.faiss) throw new StoreUnavailable('lost');
    };
    await expect(ask()).rejects.toThrow('lost');
    store.before = () => {};

    const { found } = await ask();
    expect(found).toHaveLength(10);
    expect(found[0]!.entry.key).toBe('4');
    expect(found[0]!.score).toBeCloseTo(1, 6);
    const third = found[2]!.score;
    expect((await ask(third)).found).toEqual(found.slice(0, 3));
    expect((await ask(0.999)).found.map(({ entry }) => entry.key)).toEqual(['4']);
  });

  test('is made once, and given back when the next compaction brings another mean', async () => {
    const books = await ofTen();
    await books.append(small(10), { put: '3', vector: seededVector('anew', FEW) });
    const { index } = liveIndex(books);
    const centered = new CenteredIndex(FEW, 2 ** 30);
    const asking = () => index.read('strong', (view) => ask(centered, view, seededVector('4', FEW), 20));
    const first = await asking();
    const [append, close] = [vi.spyOn(RowMatrix.prototype, 'append'), vi.spyOn(RowMatrix.prototype, 'close')];
    expect(await asking()).toEqual(first);
    expect(append).not.toHaveBeenCalled();

    await books.append(small(11));
    await index.read('strong', () => {});
    append.mockClear();
    await asking();
    expect(append.mock.calls.map(([vectors]) => vectors.length)).toEqual([FEW]);

    await books.compact();
    await index.read('strong', () => {});
    close.mockClear();
    expect((await asking()).searched).toBe(12);
    expect(close).toHaveBeenCalledTimes(1);
  });
});
