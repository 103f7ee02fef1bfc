/**
 * The layout of FAISS's IndexFlatIP file, so that its rows can be read where they lie and the file composed of parts:
 * a header of 45 bytes, then the rows as float32, row-major. All numbers are little-endian.
 *
 *     0  "IxFI"        4  dimensions, int32     8  rows, int64
 *    16  2^20, int64  24  2^20, int64 (unused)  32  trained, 1 byte   33  metric, int32 (0: inner product)
 *    37  floats that follow, uint64
 */

import { IndexDamaged } from './errors.ts';

export const FAISS_HEADER_BYTES = 45;

const MAGIC = 'IxFI';
/** FAISS writes it twice and reads it nowhere. */
const UNUSED = 1n << 20n;

/** Where row `row` begins in the file; for the number of rows, the file's length. */
export const rowOffset = (row: number, dimensions: number): number =>
  FAISS_HEADER_BYTES + row * dimensions * 4;

/** The header of an IndexFlatIP of `rows` vectors. */
export function encodeFaissHeader(rows: number, dimensions: number): Uint8Array {
  const header = new Uint8Array(FAISS_HEADER_BYTES);
  const view = new DataView(header.buffer);
  header.set(Buffer.from(MAGIC, 'ascii'));
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
