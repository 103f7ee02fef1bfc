/** The live index over whole histories: its answers are FAISS's, whether it followed along or has just been loaded. */

import faiss from 'faiss-node';
import { describe, expect, test } from 'vitest';
import { DIMENSIONS } from '../../../pictures/dimensions.ts';
import type { LiveIndex } from '../../../vectorlog/read/live-index.ts';
import { seededVector } from '../../factories/fake-embedder.ts';
import { type Change, type Library, library } from '../../factories/library.ts';
import { liveIndex } from '../../factories/live-index.ts';

/** The k most like `query` by IndexFlatIP over what is true. */
function oracle({ truth, dimensions }: Library, query: Float32Array, k: number) {
  const flat = new faiss.IndexFlatIP(dimensions);
  const keys = [...truth.keys()];
  for (const vector of truth.values()) flat.add(Array.from(vector));
  const { labels, distances } = flat.search(Array.from(query), Math.min(k, keys.length));
  return labels.map((label, i) => ({ key: keys[label]!, score: distances[i]! }));
}

async function answers(index: LiveIndex, query: Float32Array, k: number) {
  const { found } = await index.read('strong', (view) => view.search([query], { k }));
  return found[0]!.map(({ entry, score }) => ({ key: entry.key, score }));
}

function expectSame(ours: { key: string; score: number }[], theirs: { key: string; score: number }[]) {
  expect(ours.map(({ key }) => key)).toEqual(theirs.map(({ key }) => key));
  for (const [i, { score }] of ours.entries()) expect(score).toBeCloseTo(theirs[i]!.score, 5);
}

/** mulberry32: a history can be replayed by its seed. */
function generator(seed: number) {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t ^= t + Math.imul(t ^ (t >>> 7), 61 | t);
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

describe('answers', () => {
  test.each([
    [1, DIMENSIONS],
    [2, DIMENSIONS],
    [3, 512],
    [4, 256],
    [5, 64],
    [6, 32],
  ])('equal those of FAISS through history %i, of vectors of %i numbers', async (seed, dimensions) => {
    const random = generator(seed);
    const pick = (n: number) => Math.floor(random() * n);
    const books = library({ dimensions, limits: { foldedGraceMs: 0, replacedGraceMs: 0 } });
    const { index, fresh } = liveIndex(books);
    for (let step = 0; step < 25; step++) {
      const changes = Array.from({ length: 1 + pick(6) }, (): Change => {
        const key = `album-${pick(3)}/pïcture "${pick(40)}".jpg`;
        return random() < 0.3 ? { delete: key } : { put: key };
      });
      await books.append(...changes);
      if (random() < 0.3) await books.compact();
      if (random() < 0.5) continue;
      const query = seededVector(`query ${seed} ${step}`, dimensions);
      const expected = oracle(books, query, 10);
      expectSame(await answers(index, query, 10), expected);
      expectSame(await answers(fresh(), query, 10), expected);
    }
  });
});
