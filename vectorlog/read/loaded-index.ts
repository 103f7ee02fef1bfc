/** The files of one lineage in memory: embeddings, row lines, and the way from a key to its row. */

import { deadBytes, decodeDead } from '../commit/dead-rows.ts';
import { IndexDamaged } from '../commit/errors.ts';
import { decodeFaissHeader, FAISS_HEADER_BYTES, rowOffset } from '../commit/faiss-file.ts';
import type { Manifest, Marker } from '../commit/manifest.ts';
import { DIMENSIONS, ROW_BYTES } from '../dimensions.ts';
import { Bitset } from '../scan/bitset.ts';
import { RowMatrix, type RowRange } from '../scan/row-matrix.ts';
import type { ObjectStore } from '../store/object-store.ts';
import { FilteredRows } from './filter.ts';
import { KeyLookup } from './key-lookup.ts';
import { DOWNLOAD_LIMITS } from './limits.ts';
import { inParallel } from './parallel.ts';
import { RowLines } from './row-lines.ts';
import { Shared } from './shared.ts';

/** What one commit says about the rows of its lineage; later commits do not change it. */
export interface Generation {
  readonly manifest: Pick<Manifest, 'generation' | 'lineage' | 'rows' | 'live' | 'createdAt' | 'files'>;
  readonly dead: Bitset;
  readonly markers: ReadonlyMap<string, Marker>;
  readonly folded: ReadonlySet<string>;
}

/** The index before the first compaction. */
export const NOTHING: Generation = {
  manifest: {
    generation: 0,
    lineage: '',
    rows: 0,
    live: 0,
    createdAt: '',
    files: { faiss: '', rows: '', rowsBytes: 0, dead: '' },
  },
  dead: new Bitset(0),
  markers: new Map(),
  folded: new Set(),
};

/** What was fetched and is not used yet; one of the two must be called. */
export interface Growth {
  /** Takes it in, all at once. @throws IndexDamaged; the loaded index is then of no use any more */
  install(): Generation;
  /** Gives its memory back. */
  abandon(): void;
}

/** Rows that are in memory, or on their way there. */
interface Arrival {
  readonly rows: RowRange;
  arrived: boolean;
  readonly promise: Promise<void>;
}

/**
 * Rows are only ever added, so a search that began on an earlier generation goes on undisturbed; which rows are alive
 * is not kept here but in `Generation`.
 */
export class LoadedIndex {
  readonly matrix = new RowMatrix();
  readonly lines = new RowLines();
  readonly keys = new KeyLookup(this.lines);
  readonly filtered = new FilteredRows(this.lines);
  /** Closes the matrix when its last user lets go. */
  readonly shared = new Shared(() => this.matrix.close());
  readonly #store: ObjectStore;
  #arrivals: Arrival[] = [];
  /** Resolves when every row is in memory; rejects when one cannot be had. */
  complete: Promise<void> = Promise.resolve();

  constructor(store: ObjectStore) {
    this.#store = store;
  }

  /**
   * Reads the index of a manifest. Resolves when all but the embeddings is there: those go on arriving, and searches
   * follow them.
   *
   * @throws ObjectNotFound when the files were replaced and cleaned away meanwhile; IndexDamaged
   */
  async load(manifest: Manifest): Promise<Generation> {
    const { rows, files } = manifest;
    const incoming = this.matrix.reserve(rows);
    const lines = Buffer.allocUnsafeSlow(files.rowsBytes);
    const small = [
      () => this.#checkHeader(manifest),
      () => this.#dead(manifest),
      ...this.#reads(files.rows, 0, lines),
    ];
    const large = incoming.targets.map((target) => this.#readRows(files.faiss, target));
    const reads = inParallel<unknown>(DOWNLOAD_LIMITS.parallel, [...small, ...large]);

    this.#arrivals = incoming.targets.map(({ start, end }, i) => {
      const arrival: Arrival = {
        rows: { start, end },
        arrived: false,
        promise: reads[small.length + i]!.then(() => {
          arrival.arrived = true;
        }),
      };
      return arrival;
    });
    this.complete = Promise.all(this.#arrivals.map(({ promise }) => promise)).then(() => {
      incoming.commit();
      this.#arrivals = [];
    });
    // Whoever needs the rows awaits this again; here it only must not count as unhandled.
    this.complete.catch(() => {});
    // Until the last read is over, it may write into the matrix, whoever else has let go of it.
    this.shared.retain();
    Promise.allSettled(reads).then(() => this.shared.release());

    const [, dead] = (await Promise.all(reads.slice(0, small.length))) as [unknown, Bitset];
    this.lines.append(files.rows, lines, rows);
    this.keys.update();
    return generationOf(manifest, dead);
  }

  /**
   * Fetches what `manifest` adds to `known`, an earlier generation of the same lineage, and nothing else but the last
   * known line again. `undefined` when that has changed: a store that was restored from a copy can go on another way.
   *
   * @throws ObjectNotFound when the files were replaced and cleaned away meanwhile; IndexDamaged
   */
  async grow(known: Generation, manifest: Manifest): Promise<Growth | undefined> {
    // Every row must be there before more can follow.
    await this.complete;
    const { files } = manifest;
    const { rows, files: had } = known.manifest;
    if (manifest.rows < rows || files.rowsBytes < had.rowsBytes) {
      throw new IndexDamaged(files.faiss, `${manifest.rows} rows where ${rows} were before, in one lineage`);
    }
    const incoming = this.matrix.reserve(manifest.rows - rows);
    const last = rows > 0 ? this.lines.line(rows - 1) : Buffer.alloc(0);
    const lines = Buffer.allocUnsafeSlow(last.length + files.rowsBytes - had.rowsBytes);
    const reads = inParallel<unknown>(DOWNLOAD_LIMITS.parallel, [
      () => this.#dead(manifest),
      ...this.#reads(files.rows, had.rowsBytes - last.length, lines),
      ...incoming.targets.map((target) => this.#readRows(files.faiss, target)),
    ]);
    try {
      const [dead] = (await Promise.all(reads)) as [Bitset];
      if (!lines.subarray(0, last.length).equals(last)) {
        incoming.cancel();
        return undefined;
      }
      return {
        install: () => {
          this.lines.append(files.rows, lines.subarray(last.length), manifest.rows - rows);
          this.keys.update();
          incoming.commit();
          return generationOf(manifest, dead);
        },
        abandon: () => incoming.cancel(),
      };
    } catch (error) {
      // The others may still write into the memory.
      await Promise.allSettled(reads);
      incoming.cancel();
      throw error;
    }
  }

  /** The first `rows` rows in ranges, each as soon as it and all before it are in memory. */
  async *arriving(rows: number): AsyncIterable<RowRange> {
    for (let start = 0; start < rows; ) {
      const pending = this.#arrivals.filter(
        (arrival) => arrival.rows.end > start && arrival.rows.start < rows,
      );
      await pending[0]?.promise;
      const next = pending.find(({ arrived }) => !arrived);
      const end = next ? next.rows.start : rows;
      yield { start, end };
      start = end;
    }
  }

  /** One embedding; fetched by itself when its block has not arrived yet. */
  async row(row: number, { manifest }: Generation): Promise<Float32Array> {
    const arrival = this.#arrivals.find(({ rows }) => rows.start <= row && row < rows.end);
    if (!arrival || arrival.arrived) return this.matrix.row(row);
    const vector = new Float32Array(ROW_BYTES / 4);
    await this.#readRows(manifest.files.faiss, {
      start: row,
      end: row + 1,
      bytes: new Uint8Array(vector.buffer),
    })();
    return vector;
  }

  #readRows(file: string, { start, end, bytes }: RowRange & { readonly bytes: Uint8Array }) {
    return () =>
      this.#store.read(file, { start: rowOffset(start, DIMENSIONS), end: rowOffset(end, DIMENSIONS) }, bytes);
  }

  /** Fills `target` with the bytes of `file` from `offset` on, in parts that can come side by side. */
  #reads(file: string, offset: number, target: Uint8Array): (() => Promise<unknown>)[] {
    const reads: (() => Promise<unknown>)[] = [];
    for (let at = 0; at < target.length; at += DOWNLOAD_LIMITS.partBytes) {
      const part = target.subarray(at, at + DOWNLOAD_LIMITS.partBytes);
      const range = { start: offset + at, end: offset + at + part.length };
      reads.push(() => this.#store.read(file, range, part));
    }
    return reads;
  }

  async #dead({ rows, files }: Manifest): Promise<Bitset> {
    if (rows === 0) return new Bitset(0);
    return decodeDead(
      files.dead,
      await this.#store.read(files.dead, { start: 0, end: deadBytes(rows) }),
      rows,
    );
  }

  async #checkHeader({ rows, files }: Manifest): Promise<void> {
    const header = await this.#store.read(files.faiss, { start: 0, end: FAISS_HEADER_BYTES });
    const declared = decodeFaissHeader(files.faiss, header, DIMENSIONS);
    if (declared !== rows) throw new IndexDamaged(files.faiss, `${declared} rows, the manifest says ${rows}`);
  }
}

function generationOf(manifest: Manifest, dead: Bitset): Generation {
  return {
    manifest,
    dead,
    markers: new Map(manifest.markers.map((marker) => [marker.key, marker])),
    folded: new Set(manifest.folded.map(({ name }) => name)),
  };
}
