/** Centred searches against a plain loop over all vectors, and how long their mean stays. */

import { describe, expect, test } from 'vitest';
import { DIMENSIONS } from '../../../pictures/dimensions.ts';
import { CenteredIndex } from '../../../vectorlog/read/centered.ts';
import { CenteredTooLarge } from '../../../vectorlog/read/errors.ts';
import { NO_FILTER } from '../../../vectorlog/read/filter.ts';
import type { View } from '../../../vectorlog/read/view.ts';
import { seededVector } from '../../factories/fake-embedder.ts';
import { library } from '../../factories/library.ts';
import { liveIndex } from '../../factories/live-index.ts';

/** A vector that shares a lot with all others, as embeddings of one library do, and has no negative numbers. */
function vectorOf(name: string): Float32Array {
  const own = seededVector(name);
  const common = seededVector('what all have in common');
  const sum = own.map((x, i) => Math.max(0, x) + 2 * Math.max(0, common[i]!));
  const length = Math.hypot(...sum);
  return sum.map((x) => x / length);
}

/** What `docs/api.md` says of a centred score, in double precision. */
function centred(vector: Float32Array, mean: readonly number[]): number[] {
  const root = Array.from(vector, (x) => Math.sign(x) * Math.sqrt(Math.abs(x)));
  const length = Math.hypot(...root);
  const rest = root.map((x, i) => x / length - (mean[i] ?? 0));
  const left = Math.hypot(...rest);
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
    const books = library();
    await books.append(...puts(0, 600));
    await books.append({ delete: '3' });
    await books.compact();
    const mean = meanOf([...books.truth.values()]);
    await books.append(...puts(600, 700), { delete: '5' }, { put: '7', vector: vectorOf('seven anew') });
    const { index } = liveIndex(books);
    const centered = new CenteredIndex(DIMENSIONS, 2 ** 30);

    await index.read('strong', async (view) => {
      for (const name of ['7', '650', 'something else']) {
        const { found, searched } = await ask(centered, view, vectorOf(name), 20);
        expect(searched).toBe(books.truth.size);
        expect(found).toHaveLength(20);
        expectSame(found, ranked(vectorOf(name), books.truth, mean));
      }
    });
  });

  test('keeps its mean until the next compaction, in every process', async () => {
    const books = library();
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
    const books = library();
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
    const books = library();
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
    const books = library();
    await books.append(put('only'));
    const { index } = liveIndex(books);
    const { found } = await index.read('strong', (view) =>
      ask(new CenteredIndex(DIMENSIONS, 2 ** 30), view, vectorOf('only')),
    );
    expect(found.map(({ entry, score }) => [entry.key, score])).toEqual([['only', 0]]);
  });

  test('is refused before it takes memory that is not there', async () => {
    const books = library();
    await books.append(...puts(0, 10));
    await books.compact();
    const { index } = liveIndex(books);
    const asking = index.read('strong', (view) =>
      ask(new CenteredIndex(DIMENSIONS, 1_000_000), view, vectorOf('1')),
    );
    await expect(asking).rejects.toThrow(CenteredTooLarge);
  });
});
