/** What became of many pictures at once: what somebody asks who uploads them. */

import { createRoute, type RouteHandler, z } from '@hono/zod-openapi';
import { pictureOf } from '../../pictures/attributes.ts';
import { mapInParallel } from '../../vectorlog/parallel.ts';
import { IndexTooLarge } from '../../vectorlog/read/errors.ts';
import type { SearchDependencies } from './dependencies.ts';
import type { SearchView } from './engine.ts';
import { stateOf } from './pictures.ts';
import { ApiProblem } from './problems.ts';
import { StatesRequest } from './requests.ts';
import { ok, problem, reading } from './routes.ts';
import { Reason } from './schemas.ts';

/** One picture; what is said of it is what the index has. */
const State = z.object({
  key: z.string(),
  state: z.enum(['indexed', 'pending', 'rejected', 'absent']),
  size: z.number().int().optional().openapi({ description: 'indexed: bytes.' }),
  lastModified: z.iso.datetime().optional().openapi({ description: 'indexed: of the object.' }),
  reason: Reason.optional().openapi({ description: 'rejected: why it cannot be indexed.' }),
});

export const States = z
  .object({ states: z.array(State).openapi({ description: 'In the order of the keys.' }) })
  .openapi('States');

export const statesRoute = createRoute({
  method: 'post',
  path: '/v1/states',
  operationId: 'states',
  summary: 'See what became of many pictures',
  request: { body: { required: true, content: { 'application/json': { schema: StatesRequest } } } },
  responses: { 200: ok('A state for each key.', States), ...reading, 413: problem(413), 415: problem(415) },
});

/** Pictures that are looked at side by side. */
const AT_ONCE = 16;

export const states =
  ({
    read,
    ...stores
  }: Pick<SearchDependencies, 'pictures' | 'index'> & {
    /** Does some work on the index as it is now. */
    readonly read: <T>(work: (view: Pick<SearchView, 'find'>) => Promise<T>) => Promise<T>;
  }): RouteHandler<typeof statesRoute> =>
  async (c) => {
    const { keys } = c.req.valid('json');
    const found = await read((view) =>
      mapInParallel(AT_ONCE, keys, async (key): Promise<z.infer<typeof State>> => {
        const known = await stateOf(key, view, stores);
        if (known.state !== 'indexed') return { key, ...known };
        const { size, lastModified } = pictureOf(known.indexed);
        return { key, state: known.state, size, lastModified };
      }),
    );
    return c.json({ states: found }, 200);
  };

/** The problem of a function that has no room for the keys of the index. */
export function asFrontTooLarge(error: unknown): never {
  if (!(error instanceof IndexTooLarge)) throw error;
  const MiB = 1024 * 1024;
  const more = Math.ceil((error.neededBytes - error.budgetBytes) / MiB);
  throw new ApiProblem(
    'index-too-large',
    `The keys of ${error.rows} rows do not fit in memory: give the function front ${more} MB more (memory.front).`,
  );
}
