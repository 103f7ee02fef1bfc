/** Groups of near-duplicates, page by page. */

import type { RouteHandler, z } from '@hono/zod-openapi';
import { pictureOf } from '../../pictures/attributes.ts';
import { findDuplicates } from '../../pictures/duplicates/find-duplicates.ts';
import type { DuplicateGroup } from '../../pictures/duplicates/group.ts';
import type { LiveIndex } from '../../vectorlog/read/live-index.ts';
import type { View } from '../../vectorlog/read/view.ts';
import { answerBytes } from './answer-size.ts';
import { afterCursor, cursorAfter, notACursor } from './cursor.ts';
import type { SearchDependencies } from './dependencies.ts';
import { SEARCH_LIMITS } from './limits.ts';
import { shown } from './pictures.ts';
import { ApiProblem } from './problems.ts';
import type * as routes from './routes.ts';
import type { DuplicatesPage } from './schemas.ts';

type Dependencies = SearchDependencies & { readonly live: LiveIndex };

/** Where a page begins: at a row, after some parts of groups that earlier pages gave. */
interface Place {
  readonly row: number;
  readonly skip: number;
}

export const duplicates =
  (dependencies: Dependencies): RouteHandler<typeof routes.duplicates> =>
  async (c) => {
    const { minScore, prefix = '', cursor, limit } = c.req.valid('query');
    const { live, defaultConsistency } = dependencies;
    return live.read(defaultConsistency, async (view) => {
      let at = startOf(afterCursor(cursor), view);
      let next: Place | undefined;
      const source = await view.everything({ prefix });
      const groups: z.infer<typeof DuplicatesPage>['groups'] = [];
      let compared = 0;
      let bytes = 0;
      const ends = performance.now() + SEARCH_LIMITS.duplicatesMs;
      for await (const step of findDuplicates(source, { minScore, from: at.row })) {
        const parts = step.groups.flatMap(partsOf);
        const skipped = Math.min(at.skip, parts.length);
        let given = skipped;
        for (; given < parts.length && bytes < SEARCH_LIMITS.maxAnswerBytes; given++) {
          const { rows, minScore } = parts[given]!;
          const pictures = rows.map((row) => pictureOf(source.entry(row))).sort((a, b) => b.size - a.size);
          const shownOnes = await Promise.all(pictures.map((each) => shown(each, dependencies)));
          groups.push({ pictures: shownOnes, minScore });
          bytes += answerBytes(shownOnes);
        }
        if (given < parts.length) {
          // The answer is full in the middle of a step: the next page takes the step again and passes these over.
          next = { row: at.row, skip: given };
          break;
        }
        compared += step.compared;
        // A step that begins further on is of fewer rows, so what is passed over may reach into the one after it.
        next = step.next === undefined ? undefined : { row: step.next, skip: at.skip - skipped };
        at = next ?? at;
        // A step's groups belong together, so a page can be a little longer than it was asked to be.
        if (groups.length >= limit || performance.now() > ends) break;
      }
      const more = next && { cursor: cursorAfter(cursorOf(next, view)) };
      return c.json({ groups, compared, total: source.rows.length, ...more }, 200);
    });
  };

/** A group that is too large for an answer comes as several, of which each begins with the group's first picture. */
function partsOf({ rows: [first, ...others], minScore }: DuplicateGroup): DuplicateGroup[] {
  const most = SEARCH_LIMITS.maxGroupPart - 1;
  return Array.from({ length: Math.ceil(others.length / most) }, (_, part) => ({
    rows: [first!, ...others.slice(part * most, (part + 1) * most)],
    minScore,
  }));
}

/** Rows keep their numbers within a lineage; those of the log come after them and get theirs when they are folded. */
const cursorOf = ({ row, skip }: Place, { generation: { manifest } }: View): string =>
  [manifest.lineage, manifest.rows, row, skip].join(' ');

/** Where to go on. Pictures that were folded since are compared once more, rather than never. */
function startOf(cursor: string | undefined, { generation: { manifest } }: View): Place {
  if (cursor === undefined) return { row: 0, skip: 0 };
  const [lineage, ...texts] = cursor.split(' ');
  const numbers = texts.map((text) => (/^\d{1,15}$/.test(text) ? Number(text) : Number.NaN));
  const [rows, row, skip] = numbers;
  if (numbers.length !== 3 || numbers.some(Number.isNaN)) throw notACursor();
  if (lineage !== manifest.lineage)
    throw new ApiProblem(
      'cursor-expired',
      'The index was written anew since that page. Begin again without a cursor.',
    );
  if (rows! > manifest.rows) throw notACursor();
  return manifest.rows === rows || row! < rows! ? { row: row!, skip: skip! } : { row: rows!, skip: 0 };
}
