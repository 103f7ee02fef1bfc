/** What an index takes in memory, known from its manifest before any of it is loaded. */

import { totalmem } from 'node:os';
import type { Manifest } from '../commit/manifest.ts';
import { CodeMatrix } from '../scan/code-matrix.ts';
import { RowMatrix } from '../scan/row-matrix.ts';
import { KeyLookup } from './key-lookup.ts';

const MiB = 1024 * 1024;

/** Where a row's line begins. */
const LINE_START_BYTES = 4;
/** Dead rows, live rows, and some remembered filters. */
const BITSETS = 20;

/**
 * Bytes that the loaded index takes: codes (or float32, for an index that has none), the rows file, and 20 to 36
 * bytes a row to find it by its key, 2.5 to know which are alive. Float32 rows that are kept where there is room are not counted:
 * they give way.
 */
export function neededBytes(
  { rows, files }: { readonly rows: number; readonly files: Manifest['files'] },
  dimensions: number,
): number {
  const matrix = files.codes ? CodeMatrix : RowMatrix;
  return (
    matrix.bytesFor(rows, dimensions) +
    files.rowsBytes +
    rows * LINE_START_BYTES +
    KeyLookup.bytesFor(rows) +
    Math.ceil(rows / 8) * BITSETS
  );
}

/** What else lives in the process: the runtime, the model and its work on one picture, a picture being decoded. */
export const RESERVED_BYTES = 768 * MiB;

/** The bytes that an index may take in a process that may use `total`. */
export const budgetOf = (total: number): number => Math.max(0, total - RESERVED_BYTES);

/** What a process may use on this machine: three quarters of what it has, or of what its container gets. */
export const machineBytes = (): number =>
  0.75 * Math.min(totalmem(), process.constrainedMemory() || Infinity);
