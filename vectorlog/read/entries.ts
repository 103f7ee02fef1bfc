/** What the index says of single keys, without a vector in memory: the rows file, which of its rows are dead, and the log's records. */

import { type Clock, stopwatch } from '../clock.ts';
import { decodeDead } from '../commit/file-formats.ts';
import { LOG_LIMITS } from '../commit/limits.ts';
import type { Committed, Manifest } from '../commit/manifest.ts';
import { ManifestReader } from '../commit/newest-manifest.ts';
import { Tombstones } from '../commit/tombstones.ts';
import type { AppendInfo } from '../log/append-log.ts';
import { ABSENT, type Entry, fold, type KeyState, type LogRecord, type PutRecord } from '../log/record.ts';
import type { Logger } from '../logger.ts';
import { mapInParallel } from '../parallel.ts';
import { Bitset } from '../scan/bitset.ts';
import type { ObjectStore } from '../store/object-store.ts';
import { IndexTooLarge } from './errors.ts';
import { Follower, fitting, readOrSkip, withFreshRetry } from './follower.ts';
import { KeyLookup } from './key-lookup.ts';
import { DOWNLOAD_LIMITS, linesBytes } from './memory.ts';
import { RowLines } from './row-lines.ts';
import { isInHistory, StoreStateReader } from './store-state.ts';

export interface EntriesOptions {
  /** The namespace of one model. */
  readonly store: ObjectStore;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Numbers in a vector. */
  readonly dimensions: number;
  /** Bytes that rows and keys may take in memory. */
  readonly budgetBytes: number;
}

/** The index at one moment. */
export interface EntriesView {
  /** What is known of a key; `undefined` when the index has no such entry. */
  find(key: string): Entry | undefined;
  /**
   * What was last known of a key with this content, though it was deleted or replaced since: for as long as the log or a row
   * that no rewrite has left out yet still say it.
   */
  recall(key: string, eTag: string): Entry | undefined;
}

/** The records of the log that no compaction has folded, by the names of their appends. */
type Tail = ReadonlyMap<string, readonly LogRecord[]>;

interface Snapshot {
  readonly view: EntriesView;
  readonly committed: Committed | undefined;
  readonly tombstones: Tombstones;
  readonly dead: Bitset;
  readonly tail: Tail;
  readonly age: () => number;
}

/**
 * About 300 bytes a row, where a search has two thousand and more. Rows are only ever added to a lineage, so that each
 * look reads those that are new.
 *
 * @example
 * const entries = new Entries({ store, clock, logger, dimensions: 2048, budgetBytes });
 * const entry = await entries.read((view) => view.find('a.jpg'));
 */
export class Entries {
  readonly #options: EntriesOptions;
  readonly #state: StoreStateReader;
  readonly #manifests: ManifestReader;
  readonly #follower: Follower<Snapshot>;
  #rows = new Rows('');

  constructor(options: EntriesOptions) {
    this.#options = options;
    this.#state = new StoreStateReader(options.store);
    this.#manifests = new ManifestReader(options.store, options.logger);
    this.#follower = new Follower({
      ...options,
      follow: async () => {
        const snapshot = await this.#follow();
        this.#follower.snapshot = snapshot ?? this.#follower.snapshot;
        return snapshot !== undefined;
      },
    });
  }

  /**
   * Does some work on the index as it is now: it sees all that was acknowledged before the call. The view is good until
   * the work is done, and rows that come meanwhile do not show in it.
   *
   * @throws IndexTooLarge, IndexDamaged, StoreUnavailable
   */
  async read<T>(work: (view: EntriesView) => Promise<T> | T): Promise<T> {
    return withFreshRetry('strong', async () => work((await this.#follower.read('strong')).view));
  }

  /** `undefined` when what was seen does not fit together, and must be looked at again. */
  async #follow(): Promise<Snapshot | undefined> {
    const { store, clock } = this.#options;
    const known = this.#follower.snapshot;
    const age = stopwatch(clock);
    const { commits, appends } = await this.#state.look();
    if (age() > LOG_LIMITS.foldedGraceMs) return undefined;
    const before = isInHistory(known?.committed, commits) ? known : undefined;
    const { committed } = await this.#manifests.newest(commits, before?.committed);
    const isSame = before !== undefined && committed === before.committed;
    if (committed && !isSame) await this.#advance(committed.manifest, before !== undefined);
    else if (!committed) this.#rows = new Rows('');
    const dead = isSame ? before.dead : await this.#dead(committed);
    const tombstones = committed
      ? await Tombstones.read(store, committed.manifest, before?.tombstones)
      : Tombstones.NONE;
    const folded = new Set(committed?.manifest.folded.map(({ name }) => name));
    const tail = await this.#tail(
      appends.filter(({ name }) => !folded.has(name)),
      known?.tail,
    );
    const rows = committed?.manifest.rows ?? 0;
    const view = viewOf({ rows: this.#rows, count: rows, dead, tombstones, tail });
    return { view, committed, tombstones, dead, tail, age };
  }

  /** Reads the lines of the rows that are new. */
  async #advance({ lineage, rows, files }: Manifest, continues: boolean): Promise<void> {
    const { store, budgetBytes } = this.#options;
    const needed = linesBytes({ rows, files });
    if (needed > budgetBytes) throw new IndexTooLarge(rows, needed, budgetBytes);
    const isSame = continues && this.#rows.lineage === lineage && this.#rows.lines.length <= rows;
    const into = isSame ? this.#rows : new Rows(lineage);
    // Not both at once: a reader of the rows before has the view that it was given.
    this.#rows = into;
    if (into.lines.length === rows) return;
    const bytes = Buffer.allocUnsafeSlow(files.rowsBytes - into.bytes);
    const { partBytes, parallel } = DOWNLOAD_LIMITS;
    const parts = Array.from({ length: Math.ceil(bytes.length / partBytes) }, (_, i) => i * partBytes);
    await mapInParallel(parallel, parts, (at) => {
      const part = bytes.subarray(at, at + partBytes);
      const start = into.bytes + at;
      return store.read(files.rows, { start, end: start + part.length }, part);
    });
    into.add(files.rows, bytes, rows - into.lines.length);
  }

  async #dead(committed: Committed | undefined): Promise<Bitset> {
    if (!committed || committed.manifest.rows === 0) return new Bitset(0);
    const { files, rows } = committed.manifest;
    const { body } = await this.#options.store.get(files.dead);
    return decodeDead(files.dead, body, rows);
  }

  /** The appends that no commit has folded, the oldest ones, of which only those are read that are not here. */
  async #tail(appends: readonly AppendInfo[], before: Tail | undefined): Promise<Tail> {
    const taken = fitting(appends, DOWNLOAD_LIMITS.farTailBytes);
    return new Map(
      await mapInParallel(
        DOWNLOAD_LIMITS.appendsAtOnce,
        taken,
        async ({ name }): Promise<[string, readonly LogRecord[]]> => [
          name,
          before?.get(name) ?? (await readOrSkip(this.#options, name)).records,
        ],
      ),
    );
  }
}

/** The lines of one lineage, and the way from a key to its line. */
class Rows {
  readonly lines = new RowLines();
  readonly keys = new KeyLookup(this.lines);
  bytes = 0;

  constructor(readonly lineage: string) {}

  add(file: string, bytes: Uint8Array, rows: number): void {
    this.lines.append(file, bytes, rows);
    this.keys.update();
    this.bytes += bytes.byteLength;
  }
}

function viewOf({
  rows: { lines, keys },
  count,
  dead,
  tombstones,
  tail,
}: Pick<Snapshot, 'dead' | 'tombstones' | 'tail'> & {
  readonly rows: Rows;
  readonly count: number;
}): EntriesView {
  const records = new Map<string, LogRecord[]>();
  for (const name of [...tail.keys()].sort())
    for (const record of tail.get(name)!) {
      const others = records.get(record.key);
      if (others) others.push(record);
      else records.set(record.key, [record]);
    }
  return {
    find(key) {
      const row = keys.find(key, count);
      let entry = row === undefined || dead.has(row) ? undefined : lines.entry(row);
      const marker = entry ? undefined : tombstones.get(key);
      let state: KeyState = entry
        ? { state: 'live', version: entry.version, eTag: entry.eTag }
        : marker
          ? { state: 'deleted', version: marker.version }
          : ABSENT;
      for (const record of records.get(key) ?? []) {
        const next = fold(state, record);
        if (!next) continue;
        state = next;
        entry = record.op === 'put' ? record : undefined;
      }
      return entry;
    },
    recall(key, eTag) {
      const isMeant = (record: LogRecord): record is PutRecord => record.op === 'put' && record.eTag === eTag;
      const put = records.get(key)?.findLast(isMeant);
      if (put) return put;
      const row = keys.find(key, count);
      const entry = row === undefined ? undefined : lines.entry(row);
      return entry?.eTag === eTag ? entry : undefined;
    },
  };
}
