/** The index at one moment as the far index, the newest rows and the log's tail show it together. It never changes. */

import { decodeRows } from '../commit/file-formats.ts';
import type { Committed } from '../commit/manifest.ts';
import type { Tombstones } from '../commit/tombstones.ts';
import { ABSENT, type Append, type Entry, fold, type KeyState, type LogRecord } from '../log/record.ts';
import { isOpen, matches, NO_FILTER } from '../read/filter.ts';
import { type Generation, NOTHING } from '../read/lineage.ts';
import type { Vectors } from '../read/vectors.ts';
import type { Found, ViewSearch } from '../read/view.ts';
import type { Bitset } from '../scan/bitset.ts';
import { innerProduct } from '../scan/hit.ts';
import type { FarFilter, FarIndex } from './far-index.ts';
import { byKey, farFilterOf } from './filterable.ts';
import { FAR_LIMITS, SERVICE_LIMITS } from './limits.ts';
import { type Projection, type Recall, rowOfName } from './projection-state.ts';
import type { RecentRows } from './recent-rows.ts';

/** What a view is made of. */
export interface FarViewParts {
  readonly far: FarIndex;
  /** `undefined` before the first commit. */
  readonly committed: Committed | undefined;
  readonly tombstones: Tombstones;
  readonly dead: Bitset;
  /** `undefined` where no row of this history is projected. */
  readonly projection: Projection | undefined;
  readonly recent: RecentRows;
  readonly vectors: Vectors;
  readonly dimensions: number;
  /** Of the log, what no commit has folded; by the names of the appends. */
  readonly tail: ReadonlyMap<string, Append>;
  /** How many appends of the log are left out of it. */
  readonly pending: number;
}

/** A picture as a place says it is. */
interface Known {
  readonly entry: Entry;
  readonly vector: () => Promise<Float32Array>;
}

/** One record of the tail, and its vector where it has one. */
interface TailRecord {
  readonly record: LogRecord;
  readonly vector: Float32Array | undefined;
}

interface Scored {
  readonly entry: Entry;
  readonly score: number;
  /** Whether the index may know better: only the tail speaks of it so far. */
  readonly isProbable: boolean;
}

export class FarView {
  readonly #parts: FarViewParts;
  /** What the tail says of each key that it speaks of. */
  readonly #tail = new Map<string, TailRecord[]>();
  /** The last living row of each key among the recent ones. */
  readonly #recent = new Map<string, Known>();
  /** What the index says of keys of the tail, as far as it was asked. */
  readonly #known = new Map<string, Promise<Known | undefined>>();

  constructor(parts: FarViewParts) {
    this.#parts = parts;
    for (const { records, vectors } of parts.tail.values())
      for (const record of records) {
        const { dimensions } = parts;
        const vector =
          record.op === 'put'
            ? vectors.subarray(record.row * dimensions, (record.row + 1) * dimensions)
            : undefined;
        const records = this.#tail.get(record.key) ?? [];
        records.push({ record, vector });
        this.#tail.set(record.key, records);
      }
    for (const { row, entry, vector } of parts.recent.all())
      if (!parts.dead.has(row)) this.#recent.set(entry.key, { entry, vector: async () => vector });
  }

  /** The commit that the view is of. */
  get generation(): Pick<Generation, 'manifest'> {
    return this.#parts.committed ?? NOTHING;
  }

  /** Appends that this view takes in and no compaction has folded yet, and those that it leaves out. */
  get appends(): number {
    return this.#parts.tail.size;
  }
  get pending(): number {
    return this.#parts.pending;
  }

  /** Living rows of the index that no search looks at yet, as they are neither projected nor few enough to be read. */
  get unreachable(): number {
    const { committed, dead, recent } = this.#parts;
    const rows = committed?.manifest.rows ?? 0;
    return rows - recent.end - dead.count(recent.end, rows);
  }

  /** What was measured last of the far index. */
  get recall(): Recall | undefined {
    return this.#parts.projection?.recall;
  }

  /**
   * Entries that a search can find: those of the index and those of the tail, where one that replaces another counts
   * twice until it is folded.
   */
  get pictures(): number {
    const { committed } = this.#parts;
    let tail = 0;
    for (const [key, records] of this.#tail) {
      const base = this.#recent.get(key)?.entry;
      const { current } = folded(base ? liveState(base) : this.#markerOf(key), records, !base);
      if (base && current !== 'unchanged') tail--;
      if (typeof current === 'object') tail++;
    }
    return (committed?.manifest.live ?? 0) - this.unreachable + tail;
  }

  /** What the view knows of a key; `undefined` when it has no such picture. */
  async find(key: string): Promise<Entry | undefined> {
    return (await this.#current(key))?.entry;
  }

  /** The embedding of a key's picture; `undefined` when there is no such picture. */
  async embedding(key: string): Promise<Float32Array | undefined> {
    return (await this.#current(key))?.vector();
  }

  /**
   * About the most similar entries of each query. What is not projected yet is compared exactly; of the others the far
   * index names candidates, whose scores are then exact.
   *
   * @param queries unit vectors
   * @throws FarUnavailable, FarUnsuitable, StoreUnavailable
   */
  async search(
    queries: readonly Float32Array[],
    options: ViewSearch,
  ): Promise<{ found: Found[][]; searched: number }> {
    const found = await Promise.all(queries.map((query) => this.#searchOne(query, options)));
    return { found, searched: this.pictures };
  }

  async #searchOne(query: Float32Array, options: ViewSearch): Promise<Found[]> {
    const { k, minScore = Number.NEGATIVE_INFINITY, filter = NO_FILTER } = options;
    const isAsked = (entry: Entry) => isOpen(filter) || matches(filter, entry);
    const near: Scored[] = [];
    const offer = (entry: Entry, vector: Float32Array, isProbable: boolean) => {
      const score = innerProduct(query, vector);
      if (score >= minScore) near.push({ entry, score, isProbable });
    };

    const farRows = this.#candidates(query, k, farFilterOf(filter));
    for (const [key, records] of this.#tail) {
      const base = this.#recent.get(key)?.entry;
      const { current } = folded(base ? liveState(base) : this.#markerOf(key), records, !base);
      if (typeof current === 'object' && isAsked(current.entry)) offer(current.entry, current.vector, !base);
    }
    for (const { entry, vector } of this.#recent.values())
      if (isAsked(entry) && !this.#isChanged(entry)) offer(entry, await vector(), false);
    const rows = (await farRows).filter(({ entry }) => isAsked(entry) && !this.#isChanged(entry));
    const vectors = await this.#parts.vectors.read(rows.map(({ row }) => row));
    for (const [i, { entry }] of rows.entries()) offer(entry, vectors[i]!, false);
    near.sort((a, b) => b.score - a.score || (a.entry.key < b.entry.key ? -1 : 1));
    return this.#confirmed(near, k);
  }

  /** The best `k` of some answers. Those that only the tail speaks of are looked up: the index may know a later state. */
  async #confirmed(near: readonly Scored[], k: number): Promise<Found[]> {
    for (const { entry, isProbable } of near.slice(0, k))
      if (isProbable) this.#lookUp(entry.key).catch(() => {});
    const found: Found[] = [];
    for (const { entry, score, isProbable } of near) {
      if (found.length === k) break;
      const current = isProbable ? (await this.#current(entry.key))?.entry : entry;
      if (current === entry) found.push({ entry, score });
    }
    return found;
  }

  /** Living rows that are probably near, but for those that are scored anyway. */
  async #candidates(query: Float32Array, k: number, filter: FarFilter | undefined) {
    const count = Math.max(FAR_LIMITS.minCandidates, FAR_LIMITS.candidatesPerResult * k);
    return this.#ask(query, Math.min(count, SERVICE_LIMITS.maxTopK), filter);
  }

  async #ask(
    query: Float32Array,
    count: number,
    filter: FarFilter | undefined,
  ): Promise<{ row: number; entry: Entry }[]> {
    const { far, projection, dead, recent, committed } = this.#parts;
    if (!projection || projection.end.rows === 0 || !committed) return [];
    const candidates = await far.query(query, { count, ...(filter && { filter }) });
    const rows = new Map<number, Entry>();
    for (const { name, line } of candidates) {
      const row = rowOfName(projection, name);
      if (row === undefined || row >= recent.start || dead.has(row)) continue;
      rows.set(row, decodeRows(committed.manifest.files.rows, Buffer.from(`${line}\n`))[0]!);
    }
    return Array.from(rows, ([row, entry]) => ({ row, entry }));
  }

  /** Whether the tail says of a picture of the index that it is replaced or deleted. */
  #isChanged(entry: Entry): boolean {
    const records = this.#tail.get(entry.key);
    return records !== undefined && folded(liveState(entry), records, false).current !== 'unchanged';
  }

  /** A key's picture, as index and tail say together. */
  async #current(key: string): Promise<Known | undefined> {
    const base = this.#recent.get(key) ?? (await this.#lookUp(key));
    const records = this.#tail.get(key);
    if (!records) return base;
    const { current } = folded(base ? liveState(base.entry) : this.#markerOf(key), records, false);
    if (current === 'unchanged') return base;
    if (current === 'deleted') return undefined;
    const { entry, vector } = current;
    return { entry, vector: async () => vector };
  }

  /** What the far index has of a key, as far as it is alive. */
  #lookUp(key: string): Promise<Known | undefined> {
    let known = this.#known.get(key);
    if (!known) {
      known = this.#lookUpNow(key);
      this.#known.set(key, known);
      // What failed is asked again.
      known.catch(() => this.#known.delete(key));
    }
    return known;
  }

  async #lookUpNow(key: string): Promise<Known | undefined> {
    const { dimensions, vectors } = this.#parts;
    const direction = new Float32Array(dimensions).fill(1 / Math.sqrt(dimensions));
    const rows = await this.#ask(direction, FAR_LIMITS.rowsOfKey, byKey(key));
    const one = rows.find(({ entry }) => entry.key === key);
    return one && { entry: one.entry, vector: async () => (await vectors.read([one.row]))[0]! };
  }

  /** What the index says of a key that has no picture. */
  #markerOf(key: string): KeyState {
    const marker = this.#parts.tombstones.get(key);
    return marker ? { state: 'deleted', version: marker.version } : ABSENT;
  }
}

const liveState = ({ version, eTag }: Entry): KeyState => ({ state: 'live', version, eTag });

/**
 * What records make of what is known of a key.
 *
 * @param isGuess whether the index may know more: then what a backfill saw is taken for what is so
 */
function folded(
  base: KeyState,
  records: readonly TailRecord[],
  isGuess: boolean,
): { current: 'unchanged' | 'deleted' | { readonly entry: Entry; readonly vector: Float32Array } } {
  let state = base;
  let current: ReturnType<typeof folded>['current'] = 'unchanged';
  for (const { record, vector } of records) {
    if (isGuess && current === 'unchanged' && record.basis) state = record.basis;
    const next = fold(state, record);
    if (!next) continue;
    state = next;
    current = record.op === 'put' ? { entry: record, vector: vector! } : 'deleted';
  }
  return { current };
}
