/** Groups of near-duplicates, page by page. */

import type { RouteHandler } from '@hono/zod-openapi';
import { pictureOf } from '../../pictures/attributes.ts';
import { type DuplicateStep, findDuplicates } from '../../pictures/duplicates/find-duplicates.ts';
import type { LiveIndex } from '../../vectorlog/read/live-index.ts';
import type { View } from '../../vectorlog/read/view.ts';
import { afterCursor, cursorAfter } from './cursor.ts';
import type { SearchDependencies } from './dependencies.ts';
import { SEARCH_LIMITS } from './limits.ts';
import { shown } from './pictures.ts';
import { ApiProblem } from './problems.ts';
import type * as routes from './routes.ts';

type Dependencies = SearchDependencies & { readonly live: LiveIndex };

export const duplicates =
  (dependencies: Dependencies): RouteHandler<typeof routes.duplicates> =>
  async (c) => {
    const { minScore, prefix = '', cursor, limit } = c.req.valid('query');
    const { live, defaultConsistency } = dependencies;
    return live.read(defaultConsistency, async (view) => {
      const from = startOf(afterCursor(cursor), view);
      const source = view.everything({ prefix });
      const groups: DuplicateStep['groups'][number][] = [];
      let compared = 0;
      let next: number | undefined;
      const ends = performance.now() + SEARCH_LIMITS.duplicatesMs;
      for await (const step of findDuplicates(source, { minScore, from })) {
        groups.push(...step.groups);
        compared += step.compared;
        next = step.next;
        // A step's groups belong together, so a page can be a little longer than it was asked to be.
        if (groups.length >= limit || performance.now() > ends) break;
      }
      const page = await Promise.all(
        groups.map(async ({ rows, minScore }) => {
          const pictures = rows.map((row) => pictureOf(source.entry(row))).sort((a, b) => b.size - a.size);
          return { pictures: await Promise.all(pictures.map((each) => shown(each, dependencies))), minScore };
        }),
      );
      const more = next !== undefined && { cursor: cursorAfter(cursorOf(next, view)) };
      return c.json({ groups: page, compared, total: source.rows.length, ...more }, 200);
    });
  };

/** Rows keep their numbers within a lineage; those of the log come after them and get theirs when they are folded. */
const cursorOf = (next: number, { generation: { manifest } }: View): string =>
  [manifest.lineage, manifest.rows, next].join(' ');

/** Where to go on. Pictures that were folded since are compared once more, rather than never. */
function startOf(cursor: string | undefined, { generation: { manifest } }: View): number {
  if (cursor === undefined) return 0;
  const [lineage, rows, next] = cursor.split(' ');
  if (lineage === manifest.lineage)
    return manifest.rows === Number(rows) ? Number(next) : Math.min(Number(next), Number(rows));
  throw new ApiProblem(
    'cursor-expired',
    'The index was written anew since that page. Begin again without a cursor.',
  );
}
