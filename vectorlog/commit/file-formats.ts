/**
 * How the files of a generation are laid out, so that their rows can be read where they lie and the files composed of
 * parts. All numbers are little-endian.
 */

import { type Entry, flatten, unflatten } from '../log/record.ts';
import { Bitset } from '../scan/bitset.ts';
import { Frame } from '../scan/codes.ts';
import { recordBytes } from '../scan/layout.ts';
import type { ObjectStore } from '../store/object-store.ts';
import { IndexDamaged } from './errors.ts';

/*
 * FAISS's IndexFlatIP: a header of 45 bytes, then the rows as float32, row-major.
 *
 *     0  "IxFI"        4  dimensions, int32     8  rows, int64
 *    16  2^20, int64  24  2^20, int64 (unused)  32  trained, 1 byte   33  metric, int32 (0: inner product)
 *    37  floats that follow, uint64
 */

export const FAISS_HEADER_BYTES = 45;

const FAISS_MAGIC = 'IxFI';
/** FAISS writes it twice and reads it nowhere. */
const UNUSED = 1n << 20n;

/** Where row `row` begins in the file; for the number of rows, the file's length. */
export const rowOffset = (row: number, dimensions: number): number =>
  FAISS_HEADER_BYTES + row * dimensions * 4;

/** The header of an IndexFlatIP of `rows` vectors. */
export function encodeFaissHeader(rows: number, dimensions: number): Uint8Array {
  const header = new Uint8Array(FAISS_HEADER_BYTES);
  const view = new DataView(header.buffer);
  header.set(Buffer.from(FAISS_MAGIC, 'ascii'));
  view.setInt32(4, dimensions, true);
  view.setBigInt64(8, BigInt(rows), true);
  view.setBigInt64(16, UNUSED, true);
  view.setBigInt64(24, UNUSED, true);
  view.setUint8(32, 1);
  view.setInt32(33, 0, true);
  view.setBigUint64(37, BigInt(rows) * BigInt(dimensions), true);
  return header;
}

/**
 * The number of rows that a header declares.
 *
 * @param file the object's name, for the error
 * @throws IndexDamaged when it is not the header of an IndexFlatIP of these dimensions
 */
export function decodeFaissHeader(file: string, header: Uint8Array, dimensions: number): number {
  if (header.byteLength < FAISS_HEADER_BYTES) throw new IndexDamaged(file, 'it is shorter than a header');
  const rows = Number(new DataView(header.buffer, header.byteOffset).getBigInt64(8, true));
  const expected = rows >= 0 ? Buffer.from(encodeFaissHeader(rows, dimensions)) : undefined;
  if (!expected?.equals(header.subarray(0, FAISS_HEADER_BYTES)))
    throw new IndexDamaged(file, `not an IndexFlatIP of ${dimensions} dimensions`);
  return rows;
}

/*
 * The codes file: a header, then a record of each row of the FAISS file (see scan/codes.ts). Records are composed like
 * the rows they are of.
 *
 *     0  "vlcodes2"    8  dimensions, uint32   12  directions, uint32   16  rows, uint64
 *    24  rows that the frame is made of, uint64           32  the centre, then the directions, float32 each
 *
 * "vlcodes1", of an earlier version, is the same without directions.
 */

const CODES_MAGIC = { with: 'vlcodes2', without: 'vlcodes1' } as const;
const FRAME_AT = 32;

/** What the records of a file were made with. */
export interface CodesHeader {
  readonly frame: Frame;
  /** Rows that the frame is made of. */
  readonly frameRows: number;
  /** Records in the file. */
  readonly rows: number;
}

/** How records lie in a codes file: by the numbers in a vector, and the directions that are kept apart. */
export class CodesLayout {
  constructor(
    readonly dimensions: number,
    readonly directions: number,
  ) {}

  get headerBytes(): number {
    return FRAME_AT + (1 + this.directions) * this.dimensions * 4;
  }

  get recordBytes(): number {
    return recordBytes(this.dimensions, this.directions);
  }

  /** Where the record of row `row` begins; for the number of rows, the file's length. */
  offset(row: number): number {
    return this.headerBytes + row * this.recordBytes;
  }
}

/** The layout of an index's codes file. */
export const codesLayoutOf = (
  { directions = 0 }: { readonly directions?: number | undefined },
  dimensions: number,
): CodesLayout => new CodesLayout(dimensions, directions);

export function encodeCodesHeader({ frame, frameRows, rows }: CodesHeader): Uint8Array {
  const { dimensions, centre, directions } = frame;
  const header = new Uint8Array(new CodesLayout(dimensions, directions.length).headerBytes);
  const view = new DataView(header.buffer);
  header.set(Buffer.from(directions.length > 0 ? CODES_MAGIC.with : CODES_MAGIC.without, 'ascii'));
  view.setUint32(8, dimensions, true);
  view.setUint32(12, directions.length, true);
  view.setBigUint64(16, BigInt(rows), true);
  view.setBigUint64(24, BigInt(frameRows), true);
  let at = FRAME_AT;
  for (const vector of [centre, ...directions])
    for (const x of vector) {
      view.setFloat32(at, x, true);
      at += 4;
    }
  return header;
}

/** @throws IndexDamaged when it is not the header of codes of this layout */
export function decodeCodesHeader(file: string, header: Uint8Array, layout: CodesLayout): CodesHeader {
  const { dimensions, directions, headerBytes } = layout;
  const bytes = Buffer.from(header.buffer, header.byteOffset, header.byteLength);
  const magic = directions > 0 ? CODES_MAGIC.with : CODES_MAGIC.without;
  if (bytes.length < headerBytes || bytes.toString('ascii', 0, 8) !== magic)
    throw new IndexDamaged(file, 'it does not begin with the header of codes');
  if (bytes.readUInt32LE(8) !== dimensions)
    throw new IndexDamaged(file, `codes of ${bytes.readUInt32LE(8)} dimensions and not ${dimensions}`);
  if (bytes.readUInt32LE(12) !== directions)
    throw new IndexDamaged(file, `codes with ${bytes.readUInt32LE(12)} directions and not ${directions}`);
  const vector = (number: number): Float32Array =>
    Float32Array.from({ length: dimensions }, (_, i) =>
      bytes.readFloatLE(FRAME_AT + 4 * (number * dimensions + i)),
    );
  return {
    frame: frameOf(
      file,
      vector(0),
      Array.from({ length: directions }, (_, i) => vector(1 + i)),
    ),
    rows: Number(bytes.readBigUInt64LE(16)),
    frameRows: Number(bytes.readBigUInt64LE(24)),
  };
}

function frameOf(file: string, centre: Float32Array, directions: Float32Array[]): Frame {
  try {
    return new Frame(centre, directions);
  } catch (cause) {
    throw new IndexDamaged(file, (cause as RangeError).message, { cause });
  }
}

/* The rows file: what row i of the FAISS file is, as line i; JSON Lines. */

/** How much of the file is in memory at a time. */
const READ_BYTES = 8 * 1024 * 1024;
const NEWLINE = 0x0a;

/** One line, with its newline. */
export const encodeRow = (entry: Entry): string => `${JSON.stringify(flatten(entry))}\n`;

/** Reads one line. @throws IndexDamaged */
function decodeRow(file: string, line: string): Entry {
  try {
    return unflatten(JSON.parse(line) as Record<string, unknown>);
  } catch (cause) {
    throw new IndexDamaged(file, `not a row: ${line.slice(0, 80)}`, { cause });
  }
}

/** Reads whole lines. @throws IndexDamaged when the bytes do not end with a line */
export function decodeRows(file: string, bytes: Uint8Array): Entry[] {
  if (bytes.byteLength === 0) return [];
  if (bytes.at(-1) !== NEWLINE) throw new IndexDamaged(file, 'it ends within a line');
  const lines = new TextDecoder().decode(bytes).split('\n');
  lines.pop();
  return lines.map((line) => decodeRow(file, line));
}

/**
 * Reads the lines from byte `start` to byte `end`, some thousand at a time, holding a few MiB in memory.
 *
 * @throws ObjectNotFound, RangeNotSatisfiable, IndexDamaged
 */
export async function* readRows(
  store: ObjectStore,
  file: string,
  range: { start: number; end: number },
): AsyncIterable<Entry[]> {
  for await (const lines of readLines(store, file, range)) yield decodeRows(file, lines);
}

/** The same, as the bytes of whole lines. */
export async function* readLines(
  store: ObjectStore,
  file: string,
  range: { start: number; end: number },
): AsyncIterable<Uint8Array> {
  let rest = new Uint8Array(0);
  for (let at = range.start; at < range.end; at += READ_BYTES) {
    const block = await store.read(file, { start: at, end: Math.min(at + READ_BYTES, range.end) });
    const bytes = rest.byteLength === 0 ? block : Buffer.concat([rest, block]);
    const whole = bytes.lastIndexOf(NEWLINE) + 1;
    if (whole > 0) yield bytes.subarray(0, whole);
    rest = bytes.slice(whole);
  }
  if (rest.byteLength > 0) throw new IndexDamaged(file, 'it ends within a line');
}

/* The file of dead rows: a bitset over the rows of the FAISS file, set where a row is replaced or deleted. */

/** The bytes of the file for a number of rows. */
export const deadBytes = (rows: number): number => Math.ceil(rows / 8);

/** Reads the file of an index of `rows` rows. @throws IndexDamaged when it is not of their length */
export function decodeDead(file: string, bytes: Uint8Array, rows: number): Bitset {
  if (bytes.byteLength !== deadBytes(rows))
    throw new IndexDamaged(file, `${bytes.byteLength} bytes for ${rows} rows`);
  return new Bitset(rows, bytes);
}

/** The file of a bitset: exactly as long as its rows need. */
export const encodeDead = (dead: Bitset): Uint8Array => dead.bytes.subarray(0, deadBytes(dead.length));
