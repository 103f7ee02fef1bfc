/** The files of one lineage in memory: codes, row lines, and the way from a key to its row. */

import { IndexDamaged } from '../commit/errors.ts';
import {
  codesLayoutOf,
  deadBytes,
  decodeCodesHeader,
  decodeDead,
  decodeFaissHeader,
  FAISS_HEADER_BYTES,
  rowOffset,
} from '../commit/file-formats.ts';
import type { Manifest } from '../commit/manifest.ts';
import { Tombstones } from '../commit/tombstones.ts';
import type { Logger } from '../logger.ts';
import { mapInParallel } from '../parallel.ts';
import { Bitset } from '../scan/bitset.ts';
import { CodeMatrix } from '../scan/code-matrix.ts';
import type { Hit } from '../scan/hit.ts';
import { RowMatrix } from '../scan/row-matrix.ts';
import type { Reservation, RowTarget, SearchOptions } from '../scan/row-memory.ts';
import type { SegmentPool } from '../scan/segment.ts';
import type { ObjectStore } from '../store/object-store.ts';
import { FilteredRows } from './filter.ts';
import { KeyLookup } from './key-lookup.ts';
import { DOWNLOAD_LIMITS, ReferenceCount } from './memory.ts';
import { RowLines } from './row-lines.ts';
import { Vectors } from './vectors.ts';

/** What one commit says about the rows of its lineage; later commits do not change it. */
export interface Generation {
  readonly manifest: Pick<Manifest, 'generation' | 'lineage' | 'rows' | 'live' | 'createdAt' | 'files'>;
  readonly dead: Bitset;
  readonly tombstones: Tombstones;
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
  tombstones: Tombstones.NONE,
  folded: new Set(),
};

/** Bytes on their way into memory. */
interface Part {
  readonly bytes: number;
  readonly read: () => Promise<unknown>;
  isThere: boolean;
}

/** Rows on their way; what came stays, so that a download that failed goes on where it was. */
interface Download {
  readonly rows: number;
  readonly rowsBytes: number;
  readonly incoming: Reservation;
  /** The new lines, behind the last one that was known. */
  readonly lines: Buffer;
  readonly known: Buffer;
  readonly parts: readonly Part[];
}

export interface LineageOptions {
  readonly store: ObjectStore;
  readonly logger: Logger;
  readonly dimensions: number;
  /** Lineages leave their memory to each other, and never to a tail, so that two of them are all that there ever is. */
  readonly pool: SegmentPool;
}

/** Which manifests build on each other's rows and codes. */
export const lineageOf = ({ lineage, files }: Pick<Manifest, 'lineage' | 'files'>): string =>
  `${lineage} ${files.centre ?? ''}`;

/**
 * Rows are only ever added, so a search that began on an earlier generation goes on undisturbed; which rows are alive
 * is not kept here but in `Generation`.
 */
export class Lineage {
  readonly lines = new RowLines();
  readonly keys = new KeyLookup(this.lines);
  readonly filtered = new FilteredRows(this.lines);
  /** Closes the matrix when its last user lets go. */
  readonly references = new ReferenceCount(() => this.#matrix?.close());
  readonly vectors: Vectors;
  readonly #options: LineageOptions;
  /** Of the newest manifest: files of one lineage begin with the same rows. */
  #files: Manifest['files'];
  #fileRows = 0;
  #matrix: CodeMatrix | RowMatrix | undefined;
  #download: Download | undefined;
  /** Holds the segments that were read, which never change. */
  #tombstones = Tombstones.NONE;
  #rows = 0;
  #rowsBytes = 0;
  #ahead: { readonly rows: number; readonly spareBytes: number } | undefined;
  #hasAnswered = false;

  constructor(
    readonly id: string,
    manifest: Pick<Manifest, 'files'>,
    options: LineageOptions,
  ) {
    this.#options = options;
    this.#files = manifest.files;
    this.vectors = new Vectors(options.store, options.dimensions, options.logger);
  }

  /** Bytes of the download that is at work: those that are there, and all of them. */
  get progress(): { readonly done: number; readonly total: number } {
    const parts = this.#download?.parts ?? [];
    const sum = (some: readonly Part[]) => some.reduce((total, { bytes }) => total + bytes, 0);
    return { done: sum(parts.filter(({ isThere }) => isThere)), total: sum(parts) };
  }

  /**
   * Fetches what `manifest` adds to what is here, and nothing else but the last known line again; `undefined` when that
   * has changed, as a store that was restored from a copy can go on another way, or when more is here than the manifest
   * speaks of. Should it fail, what came is kept for the next call, which may be for a later manifest of the lineage. To be
   * called again only when it is done.
   *
   * @throws ObjectNotFound when the files were replaced and cleaned away meanwhile; IndexDamaged, after which this is of
   *   no use any more; StoreUnavailable
   */
  async advance(manifest: Manifest): Promise<Generation | undefined> {
    const { rows, files } = manifest;
    if (this.#isBeyond(manifest)) return undefined;
    this.#files = files;
    this.#fileRows = rows;
    this.references.retain();
    try {
      const dead = this.#dead(manifest);
      // It is awaited below; a failure before that must not count as unhandled.
      dead.catch(() => {});
      const tombstones = this.#readTombstones(manifest);
      tombstones.catch(() => {});
      while (!this.#matrix || this.#rows < rows) {
        this.#download ??= await this.#begin(manifest);
        await this.#run(this.#download);
        if (!this.#install(this.#download)) return undefined;
        this.#download = undefined;
      }
      this.vectors.file = files.faiss;
      return {
        manifest,
        dead: await dead,
        tombstones: await tombstones,
        folded: new Set(manifest.folded.map(({ name }) => name)),
      };
    } finally {
      this.references.release();
    }
  }

  /**
   * Whether more is here, or on its way, than a manifest speaks of: that was of a later commit, which cannot be read any more, or
   * is gone since the store was put back to an earlier day.
   */
  #isBeyond({ rows, files }: Manifest): boolean {
    const most = this.#download ?? { rows: this.#rows, rowsBytes: this.#rowsBytes };
    return most.rows > rows || most.rowsBytes > files.rowsBytes;
  }

  async #readTombstones(manifest: Manifest): Promise<Tombstones> {
    this.#tombstones = await Tombstones.read(this.#options.store, manifest, this.#tombstones);
    return this.#tombstones;
  }

  /** The rows most like each query, exactly. */
  async search(queries: readonly Float32Array[], options: SearchOptions): Promise<Hit[][]> {
    if (!this.#matrix) return queries.map(() => []);
    if (this.#matrix instanceof RowMatrix) return this.#matrix.search(queries, options);
    const { hits } = await this.#matrix.search(queries, options, (rows) => this.vectors.read(rows));
    this.#beginReadingAhead();
    return hits;
  }

  /** The vectors of some rows, in their order; good for as long as the lineage is retained. */
  async read(rows: readonly number[]): Promise<Float32Array[]> {
    const matrix = this.#matrix;
    if (matrix instanceof RowMatrix) return rows.map((row) => matrix.row(row));
    const vectors = await this.vectors.read(rows);
    // A single one may be the beginning of a search by key.
    if (rows.length > 1) this.#beginReadingAhead();
    return vectors;
  }

  /**
   * Keeps float32 rows in memory beside the codes, if there is room for all of them; not before the first answer, whose
   * reads would have to share the network with theirs.
   */
  readAhead(rows: number, spareBytes: number): void {
    if (!(this.#matrix instanceof CodeMatrix)) return;
    this.#ahead = { rows, spareBytes };
    if (this.#hasAnswered) this.vectors.follow(rows, spareBytes);
  }

  #beginReadingAhead(): void {
    if (this.#hasAnswered) return;
    this.#hasAnswered = true;
    if (this.#ahead) this.vectors.follow(this.#ahead.rows, this.#ahead.spareBytes);
  }

  /** Makes room for all that a manifest adds. */
  async #begin({ rows, files }: Manifest): Promise<Download> {
    const isFirst = !this.#matrix;
    this.#matrix ??= await this.#newMatrix(files);
    const known = this.#rows > 0 ? this.lines.line(this.#rows - 1) : Buffer.alloc(0);
    const lines = Buffer.allocUnsafeSlow(known.length + files.rowsBytes - this.#rowsBytes);
    const incoming = this.#matrix.reserve(rows - this.#rows);
    const part = (bytes: number, read: () => Promise<unknown>): Part => ({ bytes, read, isThere: false });
    const parts = [
      ...(isFirst ? [part(FAISS_HEADER_BYTES, () => this.#checkHeader())] : []),
      ...this.#lineReads(this.#rowsBytes - known.length, lines).map(([bytes, read]) => part(bytes, read)),
      ...incoming.targets.map((target) => part(target.bytes.length, () => this.#readRows(target))),
    ];
    return { rows, rowsBytes: files.rowsBytes, incoming, lines, known, parts };
  }

  async #newMatrix(files: Manifest['files']): Promise<CodeMatrix | RowMatrix> {
    const { store, dimensions, pool } = this.#options;
    if (!files.codes) return new RowMatrix(dimensions, { pool });
    const layout = codesLayoutOf(files, dimensions);
    const bytes = await store.read(files.codes, { start: 0, end: layout.headerBytes });
    return new CodeMatrix(decodeCodesHeader(files.codes, bytes, layout).frame, { pool });
  }

  /** Reads what is not there yet. When it ends, well or not, no read is at work any more. */
  async #run({ parts }: Download): Promise<void> {
    const missing = parts.filter(({ isThere }) => !isThere);
    await mapInParallel(DOWNLOAD_LIMITS.parallel, missing, async (part) => {
      await part.read();
      part.isThere = true;
    });
  }

  /** `false` when the last line that was known is another one now. */
  #install({ rows, rowsBytes, incoming, lines, known }: Download): boolean {
    if (!lines.subarray(0, known.length).equals(known)) {
      incoming.cancel();
      return false;
    }
    this.lines.append(this.#files.rows, lines.subarray(known.length), rows - this.#rows);
    this.keys.update();
    incoming.commit();
    this.#rows = rows;
    this.#rowsBytes = rowsBytes;
    return true;
  }

  async #readRows({ start, end, bytes, install }: RowTarget): Promise<void> {
    const { store, dimensions } = this.#options;
    const { codes, faiss } = this.#files;
    const layout = codesLayoutOf(this.#files, dimensions);
    const offset = (row: number) => (codes ? layout.offset(row) : rowOffset(row, dimensions));
    const range = { start: offset(start), end: offset(end) };
    await store.read(codes ?? faiss, range, bytes);
    install();
  }

  /** Fills `target` with the bytes of the rows file from `offset` on, in parts that can come side by side. */
  #lineReads(offset: number, target: Uint8Array): [bytes: number, read: () => Promise<unknown>][] {
    const reads: [number, () => Promise<unknown>][] = [];
    for (let at = 0; at < target.length; at += DOWNLOAD_LIMITS.partBytes) {
      const part = target.subarray(at, at + DOWNLOAD_LIMITS.partBytes);
      const range = { start: offset + at, end: offset + at + part.length };
      reads.push([part.length, () => this.#options.store.read(this.#files.rows, range, part)]);
    }
    return reads;
  }

  async #dead({ rows, files }: Manifest): Promise<Bitset> {
    if (rows === 0) return new Bitset(0);
    const bytes = await this.#options.store.read(files.dead, { start: 0, end: deadBytes(rows) });
    return decodeDead(files.dead, bytes, rows);
  }

  async #checkHeader(): Promise<void> {
    const { faiss } = this.#files;
    const header = await this.#options.store.read(faiss, { start: 0, end: FAISS_HEADER_BYTES });
    const declared = decodeFaissHeader(faiss, header, this.#options.dimensions);
    // The next generation may have grown the file already.
    if (declared < this.#fileRows)
      throw new IndexDamaged(faiss, `${declared} rows, the manifest says ${this.#fileRows}`);
  }
}
