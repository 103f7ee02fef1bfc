/** An index of random embeddings in a store, written by the log and the compaction as on AWS. */

import { randomFillSync } from 'node:crypto';
import { DIMENSIONS } from '../../pictures/dimensions.ts';
import { systemClock } from '../../vectorlog/clock.ts';
import { Compactor } from '../../vectorlog/commit/compaction.ts';
import { writeAppend } from '../../vectorlog/log/append-log.ts';
import type { Entry, PutRecord } from '../../vectorlog/log/record.ts';
import { silentLogger } from '../../vectorlog/logger.ts';
import type { ObjectStore } from '../../vectorlog/store/object-store.ts';

const APPEND_ROWS = 1_000;

/** Appends `count` pictures, `perAppend` in each append. */
export async function appendPictures(
  store: ObjectStore,
  count: number,
  { perAppend = APPEND_ROWS, prefix = 'picture' } = {},
): Promise<void> {
  for (let first = 0; first < count; first += perAppend) {
    const rows = Math.min(perAppend, count - first);
    const records = Array.from({ length: rows }, (_, row) => record(`${prefix}-${first + row}.jpg`, row));
    await writeAppend(store, systemClock, { records, vectors: unitVectors(rows) }, DIMENSIONS);
  }
}

export async function writeIndex(store: ObjectStore, modelId: string, rows: number): Promise<void> {
  await appendPictures(store, rows);
  const compactor = new Compactor({
    index: store,
    modelId,
    dimensions: DIMENSIONS,
    clock: systemClock,
    logger: silentLogger,
  });
  for (let live = 0; live < rows; ) ({ live } = await compactor.run());
}

const record = (key: string, row: number): PutRecord => ({ op: 'put', ...picture(key), row });

/** What an index knows of a picture. */
export const picture = (key: string): Entry => ({
  key,
  version: Date.now().toString(16).toUpperCase(),
  eTag: '9e107d9d372bb6826bd81d3542a419d6',
  attributes: {
    size: 2_345_678,
    contentType: 'image/jpeg',
    metadata: { album: 'holidays' },
    lastModified: '2024-05-01T12:00:00.000Z',
  },
});

function unitVectors(rows: number): Float32Array {
  const signs = randomFillSync(new Uint8Array(rows * DIMENSIONS));
  const component = 1 / Math.sqrt(DIMENSIONS);
  return Float32Array.from(signs, (byte) => (byte & 1 ? component : -component));
}
