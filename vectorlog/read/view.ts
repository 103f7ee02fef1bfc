/** The index at one moment: what is in the files and not replaced since, and the tail. It never changes. */

import type { Entry, KeyState } from '../log/record.ts';
import type { Bitset } from '../scan/bitset.ts';
import { type Hit, mergeHits } from '../scan/hit.ts';
import type { SearchOptions } from '../scan/row-memory.ts';
import { type Filter, isOpen, matches, NO_FILTER } from './filter.ts';
import type { Generation, Lineage } from './lineage.ts';
import { type ListPage, pageOfKeys } from './list-keys.ts';
import type { Tail, TailState } from './tail.ts';

export interface ViewSearch {
  /** Results, 1 to 1,000. */
  readonly k: number;
  readonly minScore?: number | undefined;
  readonly filter?: Filter | undefined;
}

export interface Found {
  readonly entry: Entry;
  readonly score: number;
}

export interface ViewResult {
  /** For each query what was found, the best first. */
  readonly found: Found[][];
  /** Pictures that each query was compared with. */
  readonly searched: number;
}

/** Rows to compare with each other, as the numbers of one list. */
export interface RowSource {
  /** Ascending. */
  readonly rows: readonly number[];
  /** The vectors of some of them, in their order; good for as long as the view is. */
  read(rows: readonly number[]): Promise<readonly Float32Array[]>;
  /** For each query the rows among `rows` that score at least `minScore`, the best `k`. */
  search(queries: readonly Float32Array[], options: { k: number; minScore: number }): Promise<Hit[][]>;
  entry(row: number): Entry;
  /** Has searches pass over a row from now on. */
  leaveOut(row: number): void;
}

type Scan = Pick<SearchOptions, 'k' | 'minScore'>;

/** Rows of the index and of the tail that answers may come from. */
interface Allowed {
  readonly index: Bitset;
  readonly tail: Bitset;
}

/** Where a picture's embedding is. */
type Place = { readonly in: 'index'; readonly row: number } | { readonly in: 'tail'; readonly row: number };

export class View {
  /** Rows of the index that are alive and not replaced by the tail. */
  readonly #live: Bitset;
  readonly #hidden: number;
  /** Appends that this view takes in and no compaction has folded yet. */
  readonly appends: number;

  constructor(
    readonly generation: Generation,
    /** Appends that the log has and this view does not take in. */
    readonly pending: number,
    private readonly lineage: Lineage,
    private readonly tail: Tail,
    private readonly tailState: TailState,
  ) {
    this.#live = generation.dead.complement(generation.manifest.rows);
    let hidden = 0;
    for (const key of tailState.rowOf.keys()) {
      const row = rowInIndex(key, lineage, generation);
      if (row === undefined) continue;
      this.#live.delete(row);
      hidden++;
    }
    this.#hidden = hidden;
    this.appends = tail.names.length;
  }

  /** Pictures that a search can find. */
  get pictures(): number {
    return this.generation.manifest.live - this.#hidden + this.tailState.pictures;
  }

  /** What the view knows of a key; `undefined` when it has no such picture. */
  find(key: string): Entry | undefined {
    const place = this.#place(key);
    if (!place) return undefined;
    return place.in === 'tail' ? this.tail.entry(place.row) : this.lineage.lines.entry(place.row);
  }

  /** The embedding of a key's picture; `undefined` when there is no such picture. */
  async embedding(key: string): Promise<Float32Array | undefined> {
    const place = this.#place(key);
    if (!place) return undefined;
    return place.in === 'tail' ? this.tail.matrix.row(place.row) : first(this.lineage.read([place.row]));
  }

  /** The embeddings of some keys' pictures, read side by side; `undefined` for a key that has none. */
  async embeddings(keys: readonly string[]): Promise<(Float32Array | undefined)[]> {
    const places = keys.map((key) => this.#place(key));
    const inIndex = places.flatMap((place) => (place?.in === 'index' ? [place.row] : []));
    const read = await this.lineage.read(inIndex);
    let next = 0;
    return places.map((place) => {
      if (!place) return undefined;
      return place.in === 'tail' ? this.tail.matrix.row(place.row) : read[next++]!;
    });
  }

  /**
   * The pictures most like each query, exactly: all that the filter lets through are compared.
   *
   * @param queries unit vectors
   * @throws QueryInvalid
   */
  async search(queries: readonly Float32Array[], options: ViewSearch): Promise<ViewResult> {
    const { k, minScore, filter = NO_FILTER } = options;
    const allowed = this.#allowed(filter);
    const { hits, scanned } = await this.#hits(
      queries,
      { k, ...(minScore !== undefined && { minScore }) },
      allowed,
    );
    const found = hits.map((each) => each.map(({ row, score }) => ({ entry: this.#entryAt(row), score })));
    return { found, searched: scanned };
  }

  /**
   * All entries that a filter lets through as rows of one list, to compare them with each other: those of the index
   * under their own numbers, then those of the tail.
   */
  everything(filter: Filter): RowSource {
    const { rows } = this.generation.manifest;
    const allowed = this.#allowed(filter);
    const tailRows = Array.from(allowed.tail.members(), (row) => rows + row);
    return {
      rows: [...allowed.index.members(), ...tailRows],
      read: async (wanted) => {
        const fromIndex = await this.lineage.read(wanted.filter((row) => row < rows));
        let next = 0;
        return wanted.map((row) => (row < rows ? fromIndex[next++]! : this.tail.matrix.row(row - rows)));
      },
      search: async (queries, options) => (await this.#hits(queries, options, allowed)).hits,
      entry: (row) => this.#entryAt(row),
      leaveOut: (row) => {
        if (row < rows) allowed.index.delete(row);
        else allowed.tail.delete(row - rows);
      },
    };
  }

  /** The rows of the files that were alive when they were written, whatever the tail says of them since. */
  committed(): Pick<RowSource, 'rows' | 'read'> {
    const { manifest, dead } = this.generation;
    return {
      rows: [...dead.complement(manifest.rows).members()],
      read: (rows) => this.lineage.read(rows),
    };
  }

  /** Every entry that a search can find, in no order that means anything. */
  *all(): Generator<Entry> {
    for (const row of this.#live.members()) yield this.lineage.lines.entry(row);
    for (const row of this.tailState.rowOf.values()) if (row !== undefined) yield this.tail.entry(row);
  }

  /** A page of keys in the order of their UTF-8 bytes. */
  list(options: { prefix: string; after: string | undefined; limit: number }): ListPage {
    const tailEntries: Entry[] = [];
    for (const row of this.tailState.rowOf.values()) {
      if (row !== undefined) tailEntries.push(this.tail.entry(row));
    }
    return pageOfKeys(this.lineage.lines, this.#live, tailEntries, options);
  }

  /** Keeps the memory until `release`. */
  retain(): void {
    this.lineage.references.retain();
    this.tail.references.retain();
  }

  release(): void {
    this.lineage.references.release();
    this.tail.references.release();
  }

  /** Hits in the index and in the tail, whose rows are numbered after those of the index: one order holds for both. */
  async #hits(
    queries: readonly Float32Array[],
    scan: Scan,
    allowed: Allowed,
  ): Promise<{ hits: Hit[][]; scanned: number }> {
    const { rows } = this.generation.manifest;
    const [tail, index] = await Promise.all([
      this.tailState.pictures === 0
        ? queries.map(() => [])
        : this.tail.matrix.search(queries, { ...scan, allowed: allowed.tail, rows: rangeOf(allowed.tail) }),
      this.lineage.search(queries, { ...scan, allowed: allowed.index, rows: rangeOf(allowed.index) }),
    ]);
    const hits = queries.map((_, q) => {
      const inTail = tail[q]!.map(({ row, score }) => ({ row: rows + row, score }));
      return mergeHits([index[q]!, inTail], scan.k);
    });
    return { hits, scanned: allowed.index.count() + allowed.tail.count() };
  }

  /** The rows that answers may come from. */
  #allowed(filter: Filter): Allowed {
    const { live } = this.tailState;
    const index = isOpen(filter)
      ? this.#live.copy()
      : this.#live.and(this.lineage.filtered.rows(filter, this.#live.length));
    const tail = live.copy();
    if (!isOpen(filter)) {
      for (const row of live.members()) if (!matches(filter, this.tail.entry(row))) tail.delete(row);
    }
    return { index, tail };
  }

  #place(key: string): Place | undefined {
    if (this.tailState.rowOf.has(key)) {
      const row = this.tailState.rowOf.get(key);
      return row === undefined ? undefined : { in: 'tail', row };
    }
    const row = rowInIndex(key, this.lineage, this.generation);
    return row === undefined ? undefined : { in: 'index', row };
  }

  #entryAt(row: number): Entry {
    const { rows } = this.generation.manifest;
    return row < rows ? this.lineage.lines.entry(row) : this.tail.entry(row - rows);
  }
}

/** The live row of a key in the files; rows that came after this generation are not looked at. */
function rowInIndex(key: string, { keys }: Lineage, { manifest, dead }: Generation): number | undefined {
  const row = keys.find(key, manifest.rows);
  return row === undefined || dead.has(row) ? undefined : row;
}

const rangeOf = ({ length }: Bitset) => ({ start: 0, end: length });

const first = async <T>(items: Promise<readonly T[]>): Promise<T> => (await items)[0]!;

/** What the files say of a key: the ground that the tail is folded over. */
export function indexedState(key: string, lineage: Lineage, generation: Generation): KeyState {
  const row = rowInIndex(key, lineage, generation);
  if (row !== undefined) {
    const { version, eTag } = lineage.lines.entry(row);
    return { state: 'live', version, eTag };
  }
  const marker = generation.tombstones.get(key);
  return marker ? { state: 'deleted', version: marker.version } : { state: 'absent' };
}
