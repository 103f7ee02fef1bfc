/** What the structure of a JPEG tells that its decoder does not. */

import { PictureRejected } from './errors.ts';

const END = Buffer.of(0xff, 0xd9);

/** Zeros as many as the smallest sector of a disk that lost it: never in a scan whose tables give zeros another meaning. */
const HOLE_BYTES = 512;

/**
 * The bytes to decode. A file that lacks nothing but its last two bytes is whole: it gets them. One that lacks more is told by
 * its decoder.
 *
 * @throws PictureRejected when a stretch of the scan is zeros, which decode to grey without a word
 */
export function wholeJpeg(file: Uint8Array): Uint8Array {
  const bytes = Buffer.from(file.buffer, file.byteOffset, file.byteLength);
  if (hasHole(bytes))
    throw new PictureRejected(
      'corrupt',
      'The file is damaged: a stretch in its middle holds nothing but zeros.',
    );
  if (bytes.subarray(-2).equals(END)) return file;
  return Buffer.concat([bytes, END]);
}

/**
 * Whether zeros stand where a baseline scan's data should. Where its tables write a block of unchanged colour as zeros, only
 * more of them than the picture has blocks are a hole. Of progressive scans the decoder says when something is missing.
 */
function hasHole(bytes: Buffer): boolean {
  let blocks = 0;
  const flat: { dc?: number; ac?: number } = {};
  let at = 2;
  while (at + 10 <= bytes.length && bytes[at] === 0xff) {
    const marker = bytes[at + 1]!;
    const next = at + 2 + bytes.readUInt16BE(at + 2);
    if (marker === 0xc0 || marker === 0xc1)
      blocks = Math.ceil((bytes.readUInt16BE(at + 5) * bytes.readUInt16BE(at + 7) * bytes[at + 9]!) / 64);
    if (marker === 0xc4) readTables(bytes.subarray(at + 4, next), flat);
    if (marker === 0xda) {
      if (blocks === 0) return false;
      const end = bytes.indexOf(END, next);
      const { dc, ac } = flat;
      const most = dc && ac ? Math.ceil((blocks * (dc + ac)) / 8) : 0;
      const hole = Buffer.alloc(Math.max(HOLE_BYTES, most + 1));
      return bytes.subarray(next, end < 0 ? bytes.length : end).includes(hole);
    }
    at = next;
  }
  return false;
}

/** Notes how many bits of zeros "no change" (DC) and "end of block" (AC) take, where they are what zeros mean. */
function readTables(tables: Buffer, flat: { dc?: number; ac?: number }): void {
  for (let at = 0; at + 17 < tables.length; ) {
    const counts = tables.subarray(at + 1, at + 17);
    const kind = tables[at]! >> 4 === 1 ? 'ac' : 'dc';
    // The first value has the code of zeros; both meanings are the value 0.
    if (tables[at + 17] === 0) {
      const bits = counts.findIndex((count) => count > 0) + 1;
      flat[kind] = Math.max(flat[kind] ?? 0, bits);
    }
    at += 17 + counts.reduce((sum, count) => sum + count, 0);
  }
}
