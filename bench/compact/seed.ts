/** Indexes and uploads to compact, made directly: what counts is their size. */

import { DIMENSIONS } from '../../pictures/dimensions.ts';
import { type Clock, systemClock } from '../../vectorlog/clock.ts';
import { encodeDead } from '../../vectorlog/commit/dead-rows.ts';
import { encodeFaissHeader } from '../../vectorlog/commit/faiss-file.ts';
import { commitManifest } from '../../vectorlog/commit/manifests.ts';
import { encodeRow } from '../../vectorlog/commit/rows-file.ts';
import { writeAppend } from '../../vectorlog/log/append-log.ts';
import type { PutRecord } from '../../vectorlog/log/record.ts';
import { Bitset } from '../../vectorlog/scan/bitset.ts';
import type { ObjectStore } from '../../vectorlog/store/object-store.ts';

export const MODEL_ID = 'bench-00000000';
const ROWS_PER_BLOCK = 1_000;
const ROWS_PER_APPEND = 10;
/** One row in a hundred is dead, so that a rewrite finds no stretch that it could copy whole. */
const DEAD_EVERY = 100;

let version = 0x0055aed6dcd90281e5n;

const record = (key: string, row: number): PutRecord => ({
  op: 'put',
  key,
  version: (version++).toString(16).toUpperCase().padStart(18, '0'),
  eTag: 'd41d8cd98f00b204e9800998ecf8427e',
  attributes: {
    size: 1_234_567,
    contentType: 'image/jpeg',
    metadata: {},
    lastModified: '2026-06-01T12:00:00.000Z',
  },
  row,
});

/** Unit vectors without a meaning. */
function vectors(rows: number): Float32Array {
  const all = new Float32Array(rows * DIMENSIONS);
  for (let row = 0; row < rows; row++) {
    const vector = all.subarray(row * DIMENSIONS, (row + 1) * DIMENSIONS);
    let square = 0;
    for (let i = 0; i < DIMENSIONS; i++) {
      vector[i] = Math.random() - 0.5;
      square += vector[i]! ** 2;
    }
    const length = Math.sqrt(square);
    for (let i = 0; i < DIMENSIONS; i++) vector[i]! /= length;
  }
  return all;
}

/** Commits an index of `rows` rows. */
export async function seedIndex(store: ObjectStore, rows: number): Promise<void> {
  const files = { faiss: 'index/1-seed.faiss', rows: 'index/1-seed.jsonl', dead: 'index/1-seed.dead' };
  const block = new Uint8Array(vectors(ROWS_PER_BLOCK).buffer);
  function* faiss() {
    yield encodeFaissHeader(rows, DIMENSIONS);
    for (let row = 0; row < rows; row += ROWS_PER_BLOCK) yield block;
  }
  function* lines() {
    for (let row = 0; row < rows; row += ROWS_PER_BLOCK)
      yield Buffer.from(
        Array.from({ length: ROWS_PER_BLOCK }, (_, i) => encodeRow(record(`album/${row + i}.jpg`, 0))).join(
          '',
        ),
      );
  }
  const dead = new Bitset(rows);
  for (let row = 0; row < rows; row += DEAD_EVERY) dead.add(row);
  await store.compose(files.faiss, faiss());
  const { size: rowsBytes } = await store.compose(files.rows, lines());
  await store.put(files.dead, encodeDead(dead));
  await commitManifest(store, {
    format: 1,
    generation: 1,
    modelId: MODEL_ID,
    createdAt: new Date().toISOString(),
    lineage: 'seed',
    rows,
    live: rows - dead.count(),
    files: { ...files, rowsBytes },
    folded: [],
    markers: [],
    replaced: [],
  });
}

/** Puts one new picture into the log, as an event of its own does. */
export async function uploadOne(store: ObjectStore, clock: Clock, key: string): Promise<void> {
  await writeAppend(store, clock, { records: [record(key, 0)], vectors: vectors(1) }, DIMENSIONS);
}

/** Puts `rows` new pictures into the log; the first has the key `first`. */
export async function upload(store: ObjectStore, rows: number, first: string): Promise<void> {
  const embeddings = vectors(ROWS_PER_APPEND);
  for (let i = 0; i < rows; i += ROWS_PER_APPEND) {
    const keys = Array.from({ length: ROWS_PER_APPEND }, (_, j) =>
      i + j === 0 ? first : `new/${systemClock.ulid()}`,
    );
    await writeAppend(store, systemClock, { records: keys.map(record), vectors: embeddings }, DIMENSIONS);
  }
}
