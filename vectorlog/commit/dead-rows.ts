/** The file of dead rows: a bitset over the rows of the FAISS file, set where a row is replaced or deleted. */

import { Bitset } from '../scan/bitset.ts';
import { IndexDamaged } from './errors.ts';

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
