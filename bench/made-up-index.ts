/** The index of made-up rows, its files as compaction would have them. */

import { DIMENSIONS, ROW_BYTES } from '../pictures/dimensions.ts';
import { systemClock } from '../vectorlog/clock.ts';
import {
  encodeCodesHeader,
  encodeDead,
  encodeFaissHeader,
  encodeRow,
  FAISS_HEADER_BYTES,
  rowOffset,
} from '../vectorlog/commit/file-formats.ts';
import { commitManifest } from '../vectorlog/commit/manifest.ts';
import { silentLogger } from '../vectorlog/logger.ts';
import { indexNames } from '../vectorlog/names.ts';
import { LiveIndex } from '../vectorlog/read/live-index.ts';
import { Bitset } from '../vectorlog/scan/bitset.ts';
import { Frame } from '../vectorlog/scan/codes.ts';
import type { ByteRange, ObjectStore } from '../vectorlog/store/object-store.ts';
import { picture } from './cold/write-index.ts';
import { BLOCK, type EndlessRows, MADE_UP } from './made-up-rows.ts';

/** Rows that the frame is made of, as compaction has it. */
const FRAME_ROWS = 16_384;

/** The part of a store that reads. */
export type Readable = Pick<ObjectStore, 'head' | 'read' | 'list'>;

export interface MadeUpIndex {
  readonly rows: number;
  readonly modelId: string;
  /** Whether the `.faiss` file, four fifths of the bytes, is written; see `withFaiss` for how to do without. */
  readonly faiss: boolean;
  /** @default MADE_UP */
  readonly source?: EndlessRows;
}

/** @returns the name of the `.faiss` file */
export async function writeMadeUpIndex(store: ObjectStore, index: MadeUpIndex): Promise<string> {
  const { rows, modelId, faiss, source = MADE_UP } = index;
  const names = indexNames(1, systemClock.ulid());
  const sample = source.rows(0, Math.min(FRAME_ROWS, rows));
  const frame = await Frame.of(
    Array.from({ length: sample.length / DIMENSIONS }, (_, i) =>
      sample.subarray(i * DIMENSIONS, (i + 1) * DIMENSIONS),
    ),
    DIMENSIONS,
  );
  const blocks = Array.from({ length: Math.ceil(rows / BLOCK) }, (_, i) => ({
    start: i * BLOCK,
    count: Math.min(BLOCK, rows - i * BLOCK),
  }));
  function* parts(header: Uint8Array, of: (start: number, count: number) => Uint8Array) {
    yield header;
    for (const { start, count } of blocks) yield of(start, count);
  }
  if (faiss)
    await store.compose(
      names.faiss,
      parts(encodeFaissHeader(rows, DIMENSIONS), (start, count) => bytesOf(source.rows(start, count))),
    );
  await store.compose(
    names.codes,
    parts(encodeCodesHeader({ frame, frameRows: FRAME_ROWS, rows }), (start, count) =>
      frame.encode(source.rows(start, count)),
    ),
  );
  const { size: rowsBytes } = await store.compose(
    names.rows,
    parts(new Uint8Array(0), (start, count) => Buffer.from(lines(start, count))),
  );
  await store.put(names.dead, encodeDead(new Bitset(rows)));
  await commitManifest(store, {
    format: 1,
    generation: 1,
    modelId,
    createdAt: new Date().toISOString(),
    lineage: 'made-up',
    rows,
    live: rows,
    files: { ...names, rowsBytes, centre: 'made-up', directions: frame.directions.length },
    folded: [],
    markers: [],
    replaced: [],
  });
  return names.faiss;
}

/** What can be read of a store whose `.faiss` file is made up as it is read. */
export function withFaiss(store: ObjectStore, name: string, rows: number): Readable {
  return {
    list: (options) => store.list(options),
    head: async (key) => {
      const info = await store.head(key === name ? name.replace('.faiss', '.dead') : key);
      return key === name && info ? { ...info, key, size: rowOffset(rows, DIMENSIONS) } : info;
    },
    read: async (key, range) => (key === name ? faissBytes(rows, range) : store.read(key, range)),
  };
}

function faissBytes(rows: number, { start, end }: ByteRange): Uint8Array {
  const isHead = start < FAISS_HEADER_BYTES;
  const first = isHead ? 0 : Math.floor((start - FAISS_HEADER_BYTES) / ROW_BYTES);
  const last = Math.max(first, Math.ceil((end - FAISS_HEADER_BYTES) / ROW_BYTES));
  const made = bytesOf(MADE_UP.rows(first, last - first));
  const bytes = isHead ? Buffer.concat([encodeFaissHeader(rows, DIMENSIONS), made]) : made;
  const from = start - (isHead ? 0 : rowOffset(first, DIMENSIONS));
  return bytes.subarray(from, from + end - start);
}

const lines = (start: number, count: number): string =>
  Array.from({ length: count }, (_, i) => encodeRow(picture(`picture-${start + i}.jpg`))).join('');

const bytesOf = ({ buffer, byteOffset, byteLength }: Float32Array): Uint8Array =>
  new Uint8Array(buffer, byteOffset, byteLength);

/** A reader of such an index that holds its codes, and has no room for float32 rows: what a function of the least memory holds. */
export const codesOnly = (store: ObjectStore, rows: number): LiveIndex =>
  new LiveIndex({
    store,
    clock: systemClock,
    logger: silentLogger,
    dimensions: DIMENSIONS,
    budgetBytes: rows * 2_600 + 64 * 2 ** 20,
  });
