/**
 * The layout of the codes file: a header, then a record of each row of the FAISS file (see scan/codes.ts). Records are
 * composed like the rows they are of. All numbers are little-endian.
 *
 *     0  "vlcodes1"    8  dimensions, uint32   12  0, uint32   16  rows, uint64
 *    24  rows that the centre is the mean of, uint64           32  the centre, float32 each
 */

import { Centre } from '../scan/codes.ts';
import { recordBytes } from '../scan/layout.ts';
import { IndexDamaged } from './errors.ts';

const MAGIC = 'vlcodes1';
const CENTRE_AT = 32;

/** What the records of a file were made with. */
export interface CodesHeader {
  readonly centre: Centre;
  /** Rows that the centre is the mean of. */
  readonly centreRows: number;
  /** Records in the file. */
  readonly rows: number;
}

export const codesHeaderBytes = (dimensions: number): number => CENTRE_AT + dimensions * 4;

/** Where the record of row `row` begins; for the number of rows, the file's length. */
export const recordOffset = (row: number, dimensions: number): number =>
  codesHeaderBytes(dimensions) + row * recordBytes(dimensions);

export function encodeCodesHeader({ centre, centreRows, rows }: CodesHeader): Uint8Array {
  const { dimensions, vector } = centre;
  const header = new Uint8Array(codesHeaderBytes(dimensions));
  const view = new DataView(header.buffer);
  header.set(Buffer.from(MAGIC, 'ascii'));
  view.setUint32(8, dimensions, true);
  view.setBigUint64(16, BigInt(rows), true);
  view.setBigUint64(24, BigInt(centreRows), true);
  for (let i = 0; i < dimensions; i++) view.setFloat32(CENTRE_AT + 4 * i, vector[i]!, true);
  return header;
}

/** @throws IndexDamaged when it is not the header of codes of these dimensions */
export function decodeCodesHeader(file: string, header: Uint8Array, dimensions: number): CodesHeader {
  const bytes = Buffer.from(header.buffer, header.byteOffset, header.byteLength);
  if (bytes.length < codesHeaderBytes(dimensions) || bytes.toString('ascii', 0, 8) !== MAGIC)
    throw new IndexDamaged(file, 'it does not begin with the header of codes');
  if (bytes.readUInt32LE(8) !== dimensions)
    throw new IndexDamaged(file, `codes of ${bytes.readUInt32LE(8)} dimensions and not ${dimensions}`);
  const vector = Float32Array.from({ length: dimensions }, (_, i) => bytes.readFloatLE(CENTRE_AT + 4 * i));
  return {
    centre: new Centre(vector),
    rows: Number(bytes.readBigUInt64LE(16)),
    centreRows: Number(bytes.readBigUInt64LE(24)),
  };
}
