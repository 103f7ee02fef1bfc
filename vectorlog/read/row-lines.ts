/** The rows file in memory: one line of JSON a row, kept as bytes and parsed only when an answer needs it. */

import { IndexDamaged } from '../commit/errors.ts';
import { decodeRows } from '../commit/file-formats.ts';
import type { Entry } from '../log/record.ts';

const NEWLINE = 10;
/** Pieces smaller than this are joined, so that a thousand small commits do not make a thousand pieces. */
const JOIN_BELOW = 4 * 1024 * 1024;

interface Piece {
  /** The row of the first line. */
  readonly first: number;
  readonly bytes: Buffer;
  /** Where each line begins; one more at the end. */
  readonly starts: Uint32Array;
}

/** Costs the bytes of the file and 4 more a row. Lines are added at the end and never change. */
export class RowLines {
  readonly #pieces: Piece[] = [];
  #length = 0;

  get length(): number {
    return this.#length;
  }

  /**
   * Adds `rows` lines, each ended by a newline. The bytes are taken over.
   *
   * @param file the object they come from, for errors
   * @throws IndexDamaged when there are more or fewer lines, or the last one is cut
   */
  append(file: string, bytes: Uint8Array, rows: number): void {
    const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    const starts = startsOf(file, buffer, rows);
    this.#length += rows;
    const last = this.#pieces.at(-1);
    if (last && last.bytes.length + buffer.length < JOIN_BELOW) {
      this.#pieces[this.#pieces.length - 1] = join(last, buffer, starts);
    } else if (rows > 0) {
      this.#pieces.push({ first: this.#length - rows, bytes: buffer, starts });
    }
  }

  /** One line with its newline, where it lies. */
  line(row: number): Buffer {
    const { first, bytes, starts } = this.#pieceOf(row);
    return bytes.subarray(starts[row - first]!, starts[row - first + 1]!);
  }

  /** What a row is, parsed. @throws IndexDamaged */
  entry(row: number): Entry {
    return decodeRows(`row ${row}`, this.line(row))[0]!;
  }

  /** Rows from `from` on whose line contains `needle`, in order; found at the speed of memory. */
  *containing(needle: Buffer, from: number): Iterable<number> {
    for (const { first, bytes, starts } of this.#pieces) {
      const lines = starts.length - 1;
      let line = Math.max(0, from - first);
      while (line < lines) {
        const found = bytes.indexOf(needle, starts[line]!);
        if (found < 0) break;
        line = lineAt(starts, found);
        yield first + line;
        line++;
      }
    }
  }

  #pieceOf(row: number): Piece {
    let low = 0;
    let high = this.#pieces.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >>> 1;
      if (this.#pieces[middle]!.first <= row) low = middle;
      else high = middle - 1;
    }
    const piece = this.#pieces[low];
    if (!piece || row < 0 || row >= this.#length) throw new RangeError(`row ${row} of ${this.#length}`);
    return piece;
  }
}

function startsOf(file: string, bytes: Buffer, rows: number): Uint32Array {
  const starts = new Uint32Array(rows + 1);
  let at = 0;
  for (let row = 1; row <= rows; row++) {
    const end = bytes.indexOf(NEWLINE, at);
    if (end < 0) throw new IndexDamaged(file, `${row - 1} lines where ${rows} belong`);
    at = end + 1;
    starts[row] = at;
  }
  if (at !== bytes.length) throw new IndexDamaged(file, `more than the ${rows} lines that belong`);
  return starts;
}

function join(piece: Piece, bytes: Buffer, starts: Uint32Array): Piece {
  const offset = piece.bytes.length;
  const joined = new Uint32Array(piece.starts.length + starts.length - 1);
  joined.set(piece.starts);
  for (let i = 1; i < starts.length; i++) joined[piece.starts.length - 1 + i] = starts[i]! + offset;
  return { first: piece.first, bytes: Buffer.concat([piece.bytes, bytes]), starts: joined };
}

/** The line that the byte at `offset` belongs to. */
function lineAt(starts: Uint32Array, offset: number): number {
  let low = 0;
  let high = starts.length - 2;
  while (low < high) {
    const middle = (low + high + 1) >>> 1;
    if (starts[middle]! <= offset) low = middle;
    else high = middle - 1;
  }
  return low;
}
