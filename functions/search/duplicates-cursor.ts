/** Where a page of duplicates ends and the next one goes on, through foldings and rewrites of the index. */

import { z } from '@hono/zod-openapi';
import type { RowSource, View } from '../../vectorlog/read/view.ts';
import { notACursor } from './cursor.ts';
import { ApiProblem } from './problems.ts';

/** Where a page goes on: at the step that begins with this row, after so many of its groups. */
export interface Position {
  readonly row: number;
  readonly skip: number;
}

/** Rows keep their numbers within a lineage; those of the log come after them and get theirs when they are folded. */
export function cursorOf(
  { row, skip }: Position,
  { generation: { manifest } }: View,
  source: RowSource,
): string {
  return JSON.stringify([manifest.lineage, manifest.rows, row, skip, source.entry(row).key]);
}

/**
 * Where to go on. Pictures that were folded since are compared once more, rather than never; and when the index was
 * written anew, which renumbers its rows, the picture that was next is looked for by its key.
 */
export function startOf(
  cursor: string | undefined,
  { generation: { manifest } }: View,
  source: RowSource,
): Position {
  if (cursor === undefined) return { row: 0, skip: 0 };
  const [lineage, rows, row, skip, key] = decoded(cursor);
  if (lineage === manifest.lineage) {
    return manifest.rows === rows ? { row, skip } : { row: Math.min(row, rows), skip: row < rows ? skip : 0 };
  }
  const now = source.rows.find((each) => source.entry(each).key === key);
  if (now !== undefined) return { row: now, skip };
  throw new ApiProblem(
    'cursor-expired',
    'The index was written anew since that page. Begin again without a cursor; groups that you have come once more.',
  );
}

const CURSOR = z.tuple([z.string(), z.int().min(0), z.int().min(0), z.int().min(0), z.string()]);

function decoded(cursor: string): z.infer<typeof CURSOR> {
  try {
    const parsed: unknown = JSON.parse(cursor);
    const { success, data } = CURSOR.safeParse(parsed);
    if (success) return data;
  } catch {
    // Said below.
  }
  throw notACursor();
}
