/** What an index takes in memory, known from its manifest before any of it is loaded, and when that memory is given back. */

import { totalmem } from 'node:os';
import type { Manifest } from '../commit/manifest.ts';
import { CodeMatrix } from '../scan/code-matrix.ts';
import { RowMatrix } from '../scan/row-matrix.ts';
import { KeyLookup } from './key-lookup.ts';

const MiB = 1024 * 1024;
const SECOND = 1000;

/** Reading an index into memory. */
export const DOWNLOAD_LIMITS = {
  /** Reads that run side by side: enough to fill the network of a function, few enough for its sockets. */
  parallel: 16,
  /** Bytes of one read; the size of the ranges that S3 advises. */
  partBytes: 8 * MiB,
  /** Appends that are fetched side by side; they are small, so it is the waiting that counts. */
  appendsAtOnce: 48,
  /** Tries of a refresh whose objects are cleaned away while it reads. */
  refreshTries: 4,
  /** Bytes of the tail that a search over the far index takes in; beyond it the answer says what is `pending`. */
  farTailBytes: 256 * MiB,
  /** With `consistency=eventual`, an answer older than this also starts a refresh, for which it does not wait. */
  eventualRefreshMs: 30 * SECOND,
} as const;

/** Where a row's line begins. */
const LINE_START_BYTES = 4;
/** Dead rows, live rows, and some remembered filters. */
const BITSETS = 20;

/** What of a manifest says how much memory its index takes. */
type Sized = { readonly rows: number; readonly files: Manifest['files'] };

/** Bytes of the rows that are scanned: codes, or float32 for an index that has none. */
export const matrixBytes = ({ rows, files }: Sized, dimensions: number): number =>
  files.codes
    ? CodeMatrix.bytesFor(rows, dimensions, files.directions ?? 0)
    : RowMatrix.bytesFor(rows, dimensions);

/**
 * Bytes that the loaded index takes: codes (or float32, for an index that has none), the rows file, and 20 to 36
 * bytes a row to find it by its key, 2.5 to know which are alive. Float32 rows that are kept where there is room are not counted:
 * they give way.
 */
export function neededBytes(index: Sized, dimensions: number): number {
  return matrixBytes(index, dimensions) + linesBytes(index) + Math.ceil(index.rows / 8) * BITSETS;
}

/** Bytes that the rows file takes, with the way from each key to its row. */
export const linesBytes = ({
  rows,
  files,
}: {
  readonly rows: number;
  readonly files: Pick<Manifest['files'], 'rowsBytes'>;
}): number => files.rowsBytes + rows * LINE_START_BYTES + KeyLookup.bytesFor(rows);

/** What else lives in the process: the runtime, the model and its work on one picture, a picture being decoded. */
export const RESERVED_BYTES = 768 * MiB;

/** The bytes that an index may take in a process that may use `total`. */
export const budgetOf = (total: number): number => Math.max(0, total - RESERVED_BYTES);

/** What a process may use on this machine: three quarters of what it has, or of what its container gets. */
export const machineBytes = (): number =>
  0.75 * Math.min(totalmem(), process.constrainedMemory() || Infinity);

/** Memory that several readers use at once is given back when the last of them lets go, and not before. */
export class ReferenceCount {
  #users = 1;
  readonly #close: () => void;
  readonly #closed: Promise<void>;
  #settle = () => {};

  /** @param close gives the memory back; called once. Whoever makes this is its first user. */
  constructor(close: () => void) {
    this.#close = close;
    this.#closed = new Promise((resolve) => {
      this.#settle = resolve;
    });
  }

  /** Resolves when nobody uses it any more. */
  get closed(): Promise<void> {
    return this.#closed;
  }

  retain(): void {
    this.#users++;
  }

  release(): void {
    this.#users--;
    if (this.#users > 0) return;
    this.#close();
    this.#settle();
  }
}
