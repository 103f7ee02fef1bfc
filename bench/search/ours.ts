/** Likeness: the rows of the file as codes, and as float32. */

import { open } from 'node:fs/promises';
import { DIMENSIONS } from '../../pictures/dimensions.ts';
import { rowOffset } from '../../vectorlog/commit/file-formats.ts';
import { CodeMatrix } from '../../vectorlog/scan/code-matrix.ts';
import { Frame } from '../../vectorlog/scan/codes.ts';
import { RowMatrix } from '../../vectorlog/scan/row-matrix.ts';
import { type Contender, K, timed } from './contender.ts';

/** Rows that the frame is made of, as compaction has it. */
const FRAME_ROWS = 16_384;
const ENCODED_AT_ONCE = 1_024;

/** The first `rows` rows of the file as float32, in memory. */
export async function loadMatrix(file: string, rows: number): Promise<RowMatrix> {
  const matrix = new RowMatrix(DIMENSIONS);
  const handle = await open(file);
  const incoming = matrix.reserve(rows);
  for (const { start, bytes, install } of incoming.targets) {
    await handle.read({ buffer: bytes, position: rowOffset(start, DIMENSIONS) });
    install();
  }
  await handle.close();
  incoming.commit();
  return matrix;
}

/** The codes of all rows, and how long it took one thread to make them. */
export async function codesOf(matrix: RowMatrix): Promise<{ codes: CodeMatrix; codesMs: number }> {
  const { length } = matrix;
  const sample = Array.from({ length: Math.min(FRAME_ROWS, length) }, (_, i) => matrix.row(i));
  const frame = await Frame.of(sample, DIMENSIONS);
  const codes = new CodeMatrix(frame);
  const { ms } = await timed(async () => {
    for (let start = 0; start < length; start += ENCODED_AT_ONCE) {
      const block = new Float32Array(Math.min(ENCODED_AT_ONCE, length - start) * DIMENSIONS);
      for (let i = 0; i * DIMENSIONS < block.length; i++) block.set(matrix.row(start + i), i * DIMENSIONS);
      codes.append(frame.encode(block));
    }
  });
  return { codes, codesMs: ms };
}

/** A search by codes; the rows that it looks at again are in memory. `last` is how many those were. */
export function byCodes(codes: CodeMatrix, matrix: RowMatrix): Contender & { last(): number } {
  let last = 0;
  return {
    name: 'likeness (8-bit codes, then float32)',
    async search(queries) {
      const read = async (rows: readonly number[]) => rows.map((row) => matrix.row(row));
      const { ms, value } = await timed(() => codes.search(queries, { k: K }, read));
      last = value.read;
      return { ms, rows: value.hits.map((hits) => hits.map(({ row }) => row)) };
    },
    last: () => last,
    close: async () => codes.close(),
  };
}

/** A search that reads every row. */
export const byFloats = (matrix: RowMatrix): Contender => ({
  name: 'likeness (float32 only)',
  async search(queries) {
    const { ms, value } = await timed(() => matrix.search(queries, { k: K }));
    return { ms, rows: value.map((hits) => hits.map(({ row }) => row)) };
  },
  close: async () => {},
});
