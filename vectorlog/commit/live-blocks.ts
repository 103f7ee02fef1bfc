/** The live rows of a file of rows, for a file that is written without the dead ones. */

import type { Bitset } from '../scan/bitset.ts';
import type { ComposePart, ObjectStore } from '../store/object-store.ts';
import { LOG_LIMITS } from './limits.ts';

/** How rows lie in a file. */
export interface RowPlaces {
  /** Where a row begins. */
  readonly offset: (row: number) => number;
  readonly rowBytes: number;
}

/** The live rows of a file, as copies of blocks that are wholly alive and bytes of those that are not. */
export async function* liveBlocks(
  store: ObjectStore,
  file: string,
  rows: number,
  dead: Bitset | undefined,
  { offset, rowBytes }: RowPlaces,
): AsyncIterable<ComposePart> {
  let copied = 0;
  for (let start = 0; dead && start < rows; start += LOG_LIMITS.rowsPerBlock) {
    const end = Math.min(start + LOG_LIMITS.rowsPerBlock, rows);
    const live: number[] = [];
    for (let row = start; row < end; row++) if (!dead.has(row)) live.push(row);
    if (live.length === end - start) continue;
    if (copied < start) yield copy(file, offset(copied), offset(start));
    copied = end;
    if (live.length === 0) continue;
    const block = await store.read(file, { start: offset(start), end: offset(end) });
    for (const [i, row] of live.entries()) {
      const from = (row - start) * rowBytes;
      block.copyWithin(i * rowBytes, from, from + rowBytes);
    }
    yield block.subarray(0, live.length * rowBytes);
  }
  if (copied < rows) yield copy(file, offset(copied), offset(rows));
}

export const copy = (copyFrom: string, start: number, end: number): ComposePart => ({
  copyFrom,
  range: { start, end },
});
