/** Pictures that show what the library is: as unlike each other as can be. */

import { createHash } from 'node:crypto';
import { createRoute, type RouteHandler, z } from '@hono/zod-openapi';
import type { LiveIndex } from '../../vectorlog/read/live-index.ts';
import { innerProduct } from '../../vectorlog/scan/hit.ts';
import { fitting } from './answer-size.ts';
import { catalogue } from './catalogue.ts';
import type { SearchDependencies } from './dependencies.ts';
import { shown } from './pictures.ts';
import { SampleQuery } from './requests.ts';
import { ok, reading } from './routes.ts';
import { Picture } from './schemas.ts';

export const Sample = z.object({ items: z.array(Picture) }).openapi('Sample');

export const sampleRoute = createRoute({
  method: 'get',
  path: '/v1/sample',
  operationId: 'sample',
  summary: 'See some pictures of the library that are unlike each other',
  request: { query: SampleQuery },
  responses: {
    200: ok('The same ones for the same seed, while the library does not change.', Sample),
    ...reading,
  },
});

/** Pictures that are looked at for each one that is chosen: more is slower, and hardly better. */
const CANDIDATES_EACH = 12;

export const sample =
  (dependencies: SearchDependencies & { readonly live: LiveIndex }): RouteHandler<typeof sampleRoute> =>
  async (c) => {
    const { prefix = '', limit, seed, consistency } = c.req.valid('query');
    const { live, defaultConsistency } = dependencies;
    return live.read(consistency ?? defaultConsistency, async (view) => {
      const all = catalogue(view).filter(({ key }) => key.startsWith(prefix));
      const candidates = spread(all, limit * CANDIDATES_EACH, seed);
      const embeddings = await view.embeddings(candidates.map(({ key }) => key));
      const known = candidates.flatMap((picture, at) => {
        const embedding = embeddings[at];
        return embedding ? [{ picture, embedding }] : [];
      });
      const chosen = farthestFirst(
        known.map(({ embedding }) => embedding),
        limit,
      );
      const items = await Promise.all(chosen.map((at) => shown(known[at]!.picture, dependencies)));
      return c.json({ items: fitting(items) }, 200);
    });
  };

/** `n` of the items, evenly spread; where it begins is for the seed to say. */
function spread<T>(items: readonly T[], n: number, seed: string): T[] {
  if (items.length <= n) return [...items];
  const begin = createHash('sha256').update(seed).digest().readUInt32BE(0) / 2 ** 32;
  return Array.from({ length: n }, (_, at) => items[Math.floor(((at + begin) * items.length) / n)]!);
}

/** Each one that is chosen is the least like those before it (Gonzalez 1985); the first stands in the middle. */
function farthestFirst(vectors: readonly Float32Array[], n: number): number[] {
  const chosen: number[] = [];
  const nearest = new Float32Array(vectors.length).fill(-1);
  let next = Math.floor(vectors.length / 2);
  while (chosen.length < Math.min(n, vectors.length)) {
    chosen.push(next);
    const newest = vectors[next]!;
    let best = -1;
    for (const [at, vector] of vectors.entries()) {
      nearest[at] = chosen.includes(at) ? Infinity : Math.max(nearest[at]!, innerProduct(vector, newest));
      if (best < 0 || nearest[at]! < nearest[best]!) best = at;
    }
    next = best;
  }
  return chosen;
}
