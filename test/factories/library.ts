/** A library of pictures without pictures: writes to the log and compacts as the functions do, and knows what is true. */

import { DIMENSIONS } from '../../pictures/dimensions.ts';
import { systemClock } from '../../vectorlog/clock.ts';
import { Compactor } from '../../vectorlog/commit/compaction.ts';
import type { LogLimits } from '../../vectorlog/commit/limits.ts';
import { writeAppend } from '../../vectorlog/log/append-log.ts';
import type { LogRecord, PutRecord } from '../../vectorlog/log/record.ts';
import { silentLogger } from '../../vectorlog/logger.ts';
import type { ObjectStore } from '../../vectorlog/store/object-store.ts';
import { MemoryStore } from '../../vectorlog/testing/memory-store.ts';
import { seededVector } from './fake-embedder.ts';

export type Change =
  | { readonly put: string; readonly vector?: Float32Array; readonly metadata?: Record<string, string> }
  | { readonly delete: string };

export interface Library {
  readonly index: ObjectStore;
  /** Numbers in a vector. */
  readonly dimensions: number;
  /** The pictures that should be found now, and their embeddings. */
  readonly truth: ReadonlyMap<string, Float32Array>;
  /** Writes one append, as one invocation of on-upload does. */
  append(...changes: Change[]): Promise<string>;
  compact(): ReturnType<Compactor['run']>;
  /** The same library with a compaction that has nothing in memory. */
  restarted(): Pick<Library, 'compact'>;
}

let sequencer = 0x1000;

/**
 * @param dimensions numbers in a vector; few make an index at once
 * @param limits of the compaction; graces of 0 make it clean up at once
 */
export function library({
  index = new MemoryStore() as ObjectStore,
  dimensions = DIMENSIONS,
  limits = {} as Partial<LogLimits>,
} = {}): Library {
  const clock = systemClock;
  const newCompactor = () =>
    new Compactor({
      index,
      modelId: 'fake-00000000',
      dimensions,
      clock,
      logger: silentLogger,
      limits,
    });
  const compactor = newCompactor();
  const truth = new Map<string, Float32Array>();
  return {
    index,
    dimensions,
    truth,
    append(...changes) {
      const vectors: Float32Array[] = [];
      const records = changes.map((change): LogRecord => {
        const version = (sequencer++).toString(16).toUpperCase();
        if ('delete' in change) {
          truth.delete(change.delete);
          return { op: 'delete', key: change.delete, version };
        }
        const vector = change.vector ?? seededVector(`${change.put} ${version}`, dimensions);
        truth.set(change.put, vector);
        return { ...picture(change.put, version, change.metadata), row: vectors.push(vector) - 1 };
      });
      return writeAppend(index, clock, { records, vectors: concatenated(vectors, dimensions) }, dimensions);
    },
    compact: () => compactor.run(),
    restarted: () => ({ compact: () => newCompactor().run() }),
  };
}

const picture = (key: string, version: string, metadata = {}): Omit<PutRecord, 'row'> => ({
  op: 'put',
  key,
  version,
  eTag: `etag-${version}`,
  attributes: { size: 1000, contentType: 'image/jpeg', metadata, lastModified: '2024-05-01T12:00:00.000Z' },
});

function concatenated(vectors: readonly Float32Array[], dimensions: number): Float32Array {
  const all = new Float32Array(vectors.length * dimensions);
  vectors.forEach((vector, i) => {
    all.set(vector, i * dimensions);
  });
  return all;
}
