/** Rows of the index that the far index does not show for certain yet: in memory, so that a search scores them itself. */

import { decodeRows, readLines, rowOffset } from '../commit/file-formats.ts';
import type { Manifest } from '../commit/manifest.ts';
import type { Entry } from '../log/record.ts';
import type { ObjectStore } from '../store/object-store.ts';
import { FAR_LIMITS } from './limits.ts';
import { type Place, START } from './projection-state.ts';

/** Rows that are read, and given back, together. */
const CHUNK_ROWS = 1_024;

interface Chunk {
  readonly start: Place;
  readonly end: Place;
  readonly entries: readonly Entry[];
  /** Row-major. */
  readonly vectors: Float32Array;
}

/** Some consecutive rows; it never changes, and shares its chunks with the one that it was made from. */
export class RecentRows {
  static readonly NONE = new RecentRows([], START);

  private constructor(
    private readonly chunks: readonly Chunk[],
    private readonly from: Place,
  ) {}

  /** The first row. */
  get start(): number {
    return this.from.rows;
  }

  /** The row after the last one. */
  get end(): number {
    return (this.chunks.at(-1)?.end ?? this.from).rows;
  }

  /**
   * The rows of a commit from `from` on, at most `FAR_LIMITS.maxRecentRows`, of which only those are read that are not
   * here. To be called with a later commit of the same history.
   */
  async advance(
    store: ObjectStore,
    { files, rows }: Pick<Manifest, 'files' | 'rows'>,
    from: Place,
    dimensions: number,
  ): Promise<RecentRows> {
    const reaches = this.from.rows <= from.rows && from.rows <= this.end;
    const chunks = reaches ? this.chunks.filter(({ end }) => end.rows > from.rows) : [];
    const end = Math.min(rows, from.rows + FAR_LIMITS.maxRecentRows);
    let at = chunks.at(-1)?.end ?? from;
    const next = new RecentRows(chunks, chunks[0]?.start ?? from);
    if (at.rows >= end) return next;
    for await (const block of readLines(store, files.rows, { start: at.bytes, end: files.rowsBytes })) {
      let rest = block;
      while (rest.byteLength > 0 && at.rows < end) {
        const lines = rest.subarray(0, bytesOf(rest, Math.min(CHUNK_ROWS, end - at.rows)));
        rest = rest.subarray(lines.byteLength);
        const entries = decodeRows(files.rows, lines);
        const vectors = new Float32Array(entries.length * dimensions);
        const start = at;
        at = { rows: start.rows + entries.length, bytes: start.bytes + lines.byteLength };
        const range = { start: rowOffset(start.rows, dimensions), end: rowOffset(at.rows, dimensions) };
        await store.read(files.faiss, range, new Uint8Array(vectors.buffer));
        chunks.push({ start, end: at, entries, vectors });
      }
      if (at.rows >= end) break;
    }
    return next;
  }

  /** All rows, in order: number, entry and vector. */
  *all(): Iterable<{ readonly row: number; readonly entry: Entry; readonly vector: Float32Array }> {
    for (const chunk of this.chunks) {
      const dimensions = chunk.vectors.length / chunk.entries.length;
      for (const [i, entry] of chunk.entries.entries()) {
        const vector = chunk.vectors.subarray(i * dimensions, (i + 1) * dimensions);
        yield { row: chunk.start.rows + i, entry, vector };
      }
    }
  }
}

const NEWLINE = 0x0a;

/** The bytes of the first `count` lines, or of all where there are fewer. */
function bytesOf(lines: Uint8Array, count: number): number {
  let at = 0;
  for (let line = 0; line < count && at < lines.byteLength; line++) at = lines.indexOf(NEWLINE, at) + 1;
  return at;
}
