/**
 * An exact vector index on object storage: an append log, and one FAISS file that compaction makes of it. Everything that
 * others need of it is exported here.
 */

import { type Clock, systemClock } from './clock.ts';
import { assertAppendable } from './commit/appendable.ts';
import { type CompactionReport, Compactor } from './commit/compaction.ts';
import { IndexDamaged } from './commit/errors.ts';
import { newestManifest } from './commit/newest-manifest.ts';
import { LikenessError } from './errors.ts';
import { writeAppend } from './log/append-log.ts';
import type { Attributes, LogRecord } from './log/record.ts';
import { type Logger, silentLogger } from './logger.ts';
import type { Consistency } from './read/follower.ts';
import { LiveIndex } from './read/live-index.ts';
import type { View } from './read/view.ts';
import { type Finding, Findings } from './repair/findings.ts';
import { isUnit, verifyFiles } from './repair/verify-files.ts';
import type { ObjectStore } from './store/object-store.ts';
import { prefixed } from './store/prefixed-store.ts';

export { LikenessError } from './errors.ts';
export type { Attributes, Entry } from './log/record.ts';
export { IndexLoading, IndexTooLarge } from './read/errors.ts';
export type { Condition, Filter } from './read/filter.ts';
export type { Consistency } from './read/follower.ts';
export type { Found, View, ViewResult, ViewSearch } from './read/view.ts';
export type { Finding } from './repair/findings.ts';
export { FileStore } from './store/file-store.ts';
export type { ObjectStore } from './store/object-store.ts';
export { probe } from './store/probe.ts';
export { s3Client } from './store/s3-client.ts';
export { S3Store } from './store/s3-store.ts';

export interface OpenOptions {
  /** Numbers in a vector: a multiple of 32, 8,192 at the most. */
  readonly dimensions: number;
  /**
   * The folder of this index in the store; one for each kind of vector, since two kinds do not compare.
   *
   * @default 'vectors'
   */
  readonly name?: string;
  /**
   * Bytes that the index may take in memory, about 1.2 for each number of a vector.
   *
   * @default 1 GiB
   */
  readonly budgetBytes?: number;
  /** @default says nothing */
  readonly logger?: Logger;
  /** @default the machine's */
  readonly clock?: Clock;
}

/** A key has a vector now, or has none any more. */
export type Change = { readonly key: string } & (
  | { readonly vector: Float32Array; readonly attributes?: Attributes; readonly eTag?: string }
  | { readonly deleted: true }
) & {
    /**
     * Orders the changes of one key, compared as text; an older one that comes late changes nothing.
     *
     * @default the time of the call
     */
    readonly version?: string;
  };

/** A vector cannot be taken: it has another number of dimensions, or is not of length 1. */
export class VectorInvalid extends LikenessError {
  readonly retryable = false;
}

/** An open index. Any number of processes may have it open, append to it, compact it and read from it. */
export interface VectorLog {
  /**
   * Writes changes as one append. When it resolves, every strong read that begins afterwards sees them.
   *
   * @throws VectorInvalid, StoreUnavailable
   */
  append(changes: readonly Change[]): Promise<void>;
  /** Folds the log into the FAISS file, moving bytes in proportion to what is new. May run at any time, also twice at once. */
  compact(): Promise<CompactionReport>;
  /**
   * Does some work on one state of the index, which stays as it is until the work is done.
   *
   * @throws IndexTooLarge, StoreUnavailable
   */
  read<T>(consistency: Consistency, work: (view: View) => Promise<T> | T): Promise<T>;
  /** Reads the files of the index through, and says what is wrong with them; nothing, when all is well. */
  verify(): Promise<readonly Finding[]>;
}

/**
 * Opens an index, which begins with its first append.
 *
 * @example
 * const index = open(new FileStore('./index'), { dimensions: 512 });
 * await index.append([{ key: 'a', vector, attributes: { colour: 'red' } }]);
 * const { found } = await index.read('strong', (view) => view.search([vector], { k: 10 }));
 */
export function open(
  store: ObjectStore,
  {
    dimensions,
    name = 'vectors',
    budgetBytes = 2 ** 30,
    logger = silentLogger,
    clock = systemClock,
  }: OpenOptions,
): VectorLog {
  const index = prefixed(store, `${name}/`);
  const compactor = new Compactor({ index, modelId: name, dimensions, clock, logger });
  const live = new LiveIndex({ store: index, clock, logger, dimensions, budgetBytes });

  return {
    async append(changes) {
      const puts = changes.filter((change) => 'vector' in change);
      const vectors = new Float32Array(puts.length * dimensions);
      for (const [row, { key, vector }] of puts.entries()) {
        if (vector.length !== dimensions)
          throw new VectorInvalid(
            `the vector of "${key}" has ${vector.length} numbers and not ${dimensions}`,
          );
        vectors.set(vector, row * dimensions);
        if (!isUnit(vectors, row, dimensions))
          throw new VectorInvalid(`the vector of "${key}" is not of length 1`);
      }
      let row = 0;
      const records = changes.map((change): LogRecord => {
        const { key, version = clock.ulid() } = change;
        if (!('vector' in change)) return { op: 'delete', key, version };
        const { eTag = version, attributes = {} } = change;
        return { op: 'put', key, version, eTag, attributes, row: row++ };
      });
      await assertAppendable(index, clock, { modelId: name });
      await writeAppend(index, clock, { records, vectors }, dimensions);
    },
    compact: () => compactor.run(),
    read: (consistency, work) => live.read(consistency, work),
    async verify() {
      const findings = new Findings();
      try {
        const { committed, damage } = await newestManifest(index);
        for (const each of damage?.names ?? [])
          findings.add(
            damage?.mayLack ? 'error' : 'warning',
            'manifest-unreadable',
            each,
            damage!.error.message,
          );
        if (committed) await verifyFiles(index, committed.manifest, dimensions, findings);
      } catch (error) {
        if (!(error instanceof IndexDamaged)) throw error;
        findings.add('error', 'manifest-unreadable', error.file, error.message);
      }
      return findings.listed;
    },
  };
}
