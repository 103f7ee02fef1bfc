/** What the structure of a JPEG tells that its decoder does not. */

import { PictureRejected } from './errors.ts';
import { damageOf } from './jpeg-scan.ts';
import { Turns } from './turns.ts';

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

/**
 * @param limitMs how long looking may take
 * @throws PictureRejected when the data of a JPEG cannot be what was written
 */
export async function refuseDamagedJpeg(file: Uint8Array, limitMs: number): Promise<void> {
  const bytes = Buffer.from(file.buffer, file.byteOffset, file.byteLength);
  const damage = await damageOf(bytes, new Turns(limitMs));
  if (damage) throw new PictureRejected('corrupt', `The file is damaged: ${damage}.`);
}
