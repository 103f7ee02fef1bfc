/** An index with its log, its far index and a model of what is true, on a clock of its own. */

import { monotonicFactory } from 'ulid';
import { Compactor } from '../../../vectorlog/commit/compaction.ts';
import type { FarIndex } from '../../../vectorlog/far/far-index.ts';
import { FarReader } from '../../../vectorlog/far/far-reader.ts';
import type { FarView } from '../../../vectorlog/far/far-view.ts';
import { project } from '../../../vectorlog/far/projection.ts';
import { writeAppend } from '../../../vectorlog/log/append-log.ts';
import type { LogRecord } from '../../../vectorlog/log/record.ts';
import { silentLogger } from '../../../vectorlog/logger.ts';
import { type Filter, matches, NO_FILTER } from '../../../vectorlog/read/filter.ts';
import type { ObjectStore } from '../../../vectorlog/store/object-store.ts';
import { MemoryStore } from '../../../vectorlog/testing/memory-store.ts';
import { type FakeOptions, FakeS3Vectors } from './fake-s3-vectors.ts';
import { seeded } from './vectors.ts';

export const DIMENSIONS = 8;
const START = Date.UTC(2026, 5, 1);

export interface Truth {
  readonly vector: Float32Array;
  readonly version: string;
  readonly attributes: Readonly<Record<string, unknown>>;
}

export type Put = { readonly put: string; readonly vector?: Float32Array; readonly colour?: string };
export type Delete = { readonly delete: string };

export async function farWorld(options: Partial<FakeOptions> = {}) {
  let now = START;
  const ulid = monotonicFactory();
  const clock = {
    now: () => now,
    monotonic: () => now,
    sleep: async (ms: number) => {
      now += Math.ceil(ms);
    },
    ulid: () => ulid(now),
  };
  const fake = await FakeS3Vectors.start({ dimensions: DIMENSIONS, now: clock.now, ...options });
  const far = fake.client({ maxAttempts: 1 });
  const store: { index: ObjectStore } = { index: new MemoryStore({ clock }) };
  const truth = new Map<string, Truth>();
  let sequencer = 0x1000;

  const compactor = () =>
    new Compactor({
      index: store.index,
      modelId: 'model',
      dimensions: DIMENSIONS,
      clock,
      logger: silentLogger,
      limits: { maxDeadShare: 1 },
    });
  const deps = (through: FarIndex = far) => ({
    index: store.index,
    far: through,
    dimensions: DIMENSIONS,
    clock,
    logger: silentLogger,
    filterable: (attributes: Readonly<Record<string, unknown>>) => ({ colour: String(attributes.colour) }),
  });

  return {
    fake,
    far,
    clock,
    truth,
    /** The store; it can be exchanged for a copy. */
    store,
    deps,
    skip: (ms: number) => {
      now += Math.ceil(ms);
    },
    nextVersion: () => (sequencer++).toString(16).toUpperCase(),
    /** Writes records as they are. */
    write(records: readonly LogRecord[], vectors: readonly Float32Array[]) {
      const all = new Float32Array(vectors.length * DIMENSIONS);
      for (const [i, vector] of vectors.entries()) all.set(vector, i * DIMENSIONS);
      return writeAppend(store.index, clock, { records, vectors: all }, DIMENSIONS);
    },
    /** One append of changes that are newer than all before. */
    async append(...changes: readonly (Put | Delete)[]) {
      const vectors: Float32Array[] = [];
      const records = changes.map((change): LogRecord => {
        const version = this.nextVersion();
        if ('delete' in change) return { op: 'delete', key: change.delete, version };
        const { put: key, colour = 'red' } = change;
        const row = vectors.push(change.vector ?? seeded(`${key} ${version}`, DIMENSIONS)) - 1;
        return { op: 'put', key, version, eTag: `e${version}`, attributes: { colour }, row };
      });
      await this.write(records, vectors);
      for (const record of records) {
        if (record.op === 'delete') truth.delete(record.key);
        else {
          const { key, version, attributes, row } = record;
          truth.set(key, { vector: vectors[row]!, version: version!, attributes });
        }
      }
      return { records, vectors };
    },
    compact: () => compactor().run(),
    project: (until?: number) => project(deps(), until),
    reader: (through: FarIndex = far) =>
      new FarReader({
        store: store.index,
        far: through,
        clock,
        logger: silentLogger,
        dimensions: DIMENSIONS,
      }),
    /** What an exact search of the truth finds. */
    expected(query: Float32Array, k: number, filter: Filter = NO_FILTER) {
      return [...truth]
        .filter(([key, { attributes }]) => matches(filter, { key, attributes }))
        .map(([key, { vector }]) => ({ key, score: dot(query, vector) }))
        .sort((a, b) => b.score - a.score || (a.key < b.key ? -1 : 1))
        .slice(0, k);
    },
    stop: () => fake.stop(),
  };
}

export type FarWorld = Awaited<ReturnType<typeof farWorld>>;

/** Keys and scores that a view finds. */
export async function foundBy(view: FarView, query: Float32Array, k: number, filter: Filter = NO_FILTER) {
  const { found } = await view.search([query], { k, filter });
  return found[0]!.map(({ entry, score }) => ({ key: entry.key, score }));
}

export function dot(a: Float32Array, b: Float32Array): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += a[i]! * b[i]!;
  return sum;
}
