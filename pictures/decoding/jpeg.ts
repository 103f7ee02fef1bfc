/** What the structure of a JPEG tells that its decoder does not. */

import { PictureRejected } from './errors.ts';
import { damageOf } from './jpeg-scan.ts';

const END = Buffer.of(0xff, 0xd9);

/**
 * The bytes to decode. A file that lacks nothing but its last two bytes is whole: it gets them. One that lacks more is told
 * later.
 */
export function withEnd(file: Uint8Array): Uint8Array {
  return Buffer.from(file.buffer, file.byteOffset, file.byteLength).subarray(-2).equals(END)
    ? file
    : Buffer.concat([file, END]);
}

/** @throws PictureRejected when the data of a JPEG cannot be what was written */
export function refuseDamagedJpeg(file: Uint8Array): void {
  const damage = damageOf(Buffer.from(file.buffer, file.byteOffset, file.byteLength));
  if (damage) throw new PictureRejected('corrupt', `The file is damaged: ${damage}.`);
}
