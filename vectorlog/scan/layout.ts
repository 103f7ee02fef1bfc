/** Where things lie in a segment, one WebAssembly memory; main thread, workers and kernel agree on it here. */

import { DIMENSIONS, ROW_BYTES } from '../dimensions.ts';

/** Bytes of a page, the unit in which WebAssembly memory grows. */
export const PAGE = 65_536;

/** Rows that lie together in memory, and so can be one download. */
export const BLOCK_ROWS = 1024;

/** Rows that a thread takes at a time: few enough to share out evenly, and their scores stay in its cache. */
export const UNIT_ROWS = 256;

/** Queries that one pass over the rows can answer. */
export const MAX_QUERIES = 32;

/** Threads that can work on one pass; memory is the limit long before. */
export const MAX_THREADS = 16;

/** Bytes of a row's 8-bit codes, and of what bounds their error: four float32 (see assembly/kernel.ts). */
export const CODE_BYTES = DIMENSIONS;
export const BOUND_BYTES = 16;

/** The first page is the compiler's. */
const QUERIES = PAGE;
const CODED_QUERY_BYTES = DIMENSIONS * 2;
const CODED_QUERIES = QUERIES + MAX_QUERIES * ROW_BYTES;
const SCORES = CODED_QUERIES + MAX_QUERIES * CODED_QUERY_BYTES;

/** Bytes from one query's line of scores to the next's. */
export const SCORE_LINE = UNIT_ROWS * 4;

const toPages = (bytes: number): number => Math.ceil(bytes / PAGE) * PAGE;

/** Bytes before the first block. The main thread has a place for its scores as well as each worker. */
export const HEAD_BYTES = toPages(SCORES + (MAX_THREADS + 1) * MAX_QUERIES * SCORE_LINE);

/** The `i`th query as 2,048 float32. */
export const queryAt = (i: number): number => QUERIES + i * ROW_BYTES;

/** The `i`th query as 2,048 int16. */
export const codedQueryAt = (i: number): number => CODED_QUERIES + i * CODED_QUERY_BYTES;

/** A thread's place for scores: a line for each query; thread 0 is the main one. */
export const scoresAt = (thread: number): number => SCORES + thread * MAX_QUERIES * SCORE_LINE;

/** How blocks lie behind the head; a block without codes is its float32 rows and nothing else. */
export interface BlockLayout {
  readonly coded: boolean;
  readonly blockBytes: number;
  /** Blocks that fit into one segment. */
  readonly maxBlocks: number;
}

/** One page less than 4 GiB, so that no address wraps around. */
const SEGMENT_BYTES = 65_535 * PAGE;

export function blockLayout(coded: boolean): BlockLayout {
  const blockBytes = toPages(BLOCK_ROWS * (ROW_BYTES + (coded ? CODE_BYTES + BOUND_BYTES : 0)));
  return { coded, blockBytes, maxBlocks: Math.floor((SEGMENT_BYTES - HEAD_BYTES) / blockBytes) };
}

/** A row's float32, given its place in the segment. */
export const rowAt = (layout: BlockLayout, row: number): number =>
  blockAt(layout, row) + (row % BLOCK_ROWS) * ROW_BYTES;

/** A row's codes. */
export const codesAt = (layout: BlockLayout, row: number): number =>
  blockAt(layout, row) + BLOCK_ROWS * ROW_BYTES + (row % BLOCK_ROWS) * CODE_BYTES;

/** A row's scale, offset and bounds. */
export const boundsAt = (layout: BlockLayout, row: number): number =>
  blockAt(layout, row) + BLOCK_ROWS * (ROW_BYTES + CODE_BYTES) + (row % BLOCK_ROWS) * BOUND_BYTES;

const blockAt = (layout: BlockLayout, row: number): number =>
  HEAD_BYTES + Math.floor(row / BLOCK_ROWS) * layout.blockBytes;
