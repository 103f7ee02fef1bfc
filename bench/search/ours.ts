/** Likeness: the rows of the file in a RowMatrix. */

import { open } from 'node:fs/promises';
import { DIMENSIONS } from '../../pictures/dimensions.ts';
import { rowOffset } from '../../vectorlog/commit/faiss-file.ts';
import { RowMatrix, type SearchResult } from '../../vectorlog/scan/row-matrix.ts';
import { type Contender, K, timed } from './contender.ts';

/** The first `rows` rows of the file, with all their codes made. */
export async function loadMatrix(
  file: string,
  rows: number,
): Promise<{ matrix: RowMatrix; codesMs: number }> {
  const matrix = new RowMatrix();
  const handle = await open(file);
  const incoming = matrix.reserve(rows);
  for (const { start, bytes } of incoming.targets)
    await handle.read({ buffer: bytes, position: rowOffset(start, DIMENSIONS) });
  await handle.close();
  const { ms } = await timed(async () => {
    incoming.commit();
    while (matrix.coded < rows) await new Promise((resolve) => setTimeout(resolve, 5));
  });
  return { matrix, codesMs: ms };
}

export function ours(matrix: RowMatrix, useCodes: boolean): Contender & { last(): SearchResult } {
  let last: SearchResult;
  return {
    name: useCodes ? 'likeness (8-bit codes, then float32)' : 'likeness (float32 only)',
    async search(queries) {
      const { ms, value } = await timed(() => matrix.search(queries, { k: K, useCodes }));
      last = value;
      return { ms, rows: value.hits.map((hits) => hits.map(({ row }) => row)) };
    },
    last: () => last,
    close: async () => {},
  };
}
