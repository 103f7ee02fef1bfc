/** What an index takes in memory, known from its manifest before any of it is loaded. */

import { totalmem } from 'node:os';
import { RowMatrix } from '../scan/row-matrix.ts';

const MiB = 1024 * 1024;

/** Where a line begins (4), and its key in a hash table at most half full, doubled when it grows (up to 32). */
const LOOKUP_BYTES_PER_ROW = 36;
/** Dead rows, live rows, and some remembered filters. */
const BITSETS = 20;

/**
 * Bytes that the loaded index takes: the embeddings, which are nearly all of it; the rows file, about 220 bytes a row;
 * and some 40 more to find a row by its key and to know which rows are alive.
 */
export function neededBytes(index: {
  readonly rows: number;
  readonly files: { readonly rowsBytes: number };
}): number {
  const { rows, files } = index;
  return (
    RowMatrix.bytesFor(rows) + files.rowsBytes + rows * LOOKUP_BYTES_PER_ROW + Math.ceil(rows / 8) * BITSETS
  );
}

/** What else lives in the process: the runtime, the model and its work on one picture, a picture being decoded. */
export const RESERVED_BYTES = 896 * MiB;

/** The bytes that an index may take in a process that may use `total`. */
export const budgetOf = (total: number): number => Math.max(0, total - RESERVED_BYTES);

/** What a process may use on this machine: three quarters of what it has, or of what its container gets. */
export const machineBytes = (): number =>
  0.75 * Math.min(totalmem(), process.constrainedMemory() || Infinity);
