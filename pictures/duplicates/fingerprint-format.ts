/** What is kept of a picture to compare it with others: a copy of 64 pixels in colour, and its corners; and its bytes. */

import { type Features, MAX_FEATURES, WORDS } from './features.ts';

/** A small copy; each plane row by row, chroma at half the size and 128 for grey. */
export interface SmallCopy {
  readonly width: number;
  readonly height: number;
  readonly luma: Uint8Array;
  readonly chromaWidth: number;
  readonly chromaHeight: number;
  readonly cb: Uint8Array;
  readonly cr: Uint8Array;
}

export interface Fingerprint {
  /** SHA-256 of the file, its first 16 bytes in hex: equal for equal bytes. */
  readonly hash: string;
  /** Pixels of the picture as it is seen, after EXIF rotation. */
  readonly width: number;
  readonly height: number;
  readonly hasExif: boolean;
  readonly copy: SmallCopy;
  readonly features: Features;
}

/** Which of two has more pixels, and so is laid under the other; of as many, always the same one. */
export const isLarger = (one: Fingerprint, other: Fingerprint): boolean =>
  (one.width * one.height - other.width * other.height || (one.hash < other.hash ? 1 : -1)) > 0;

const FORMAT = 1;
const HEAD_BYTES = 32;

/** At most about 10 KB. */
export function encodeFingerprint({ hash, width, height, hasExif, copy, features }: Fingerprint): Buffer {
  const head = Buffer.alloc(HEAD_BYTES);
  head.writeUInt8(FORMAT, 0);
  head.writeUInt8(hasExif ? 1 : 0, 1);
  head.writeUInt8(copy.width, 2);
  head.writeUInt8(copy.height, 3);
  head.writeUInt32LE(width, 4);
  head.writeUInt32LE(height, 8);
  head.writeUInt8(features.count, 12);
  head.write(hash, 16, 'hex');
  const { x, y, angle, level, bits } = features;
  const words = Buffer.from(bits.buffer, bits.byteOffset, bits.byteLength);
  return Buffer.concat([head, copy.luma, copy.cb, copy.cr, x, y, angle, level, words]);
}

/** The brightness of the small copy alone, which costs nothing to read; `undefined` for bytes of another format. */
export function lumaOf(bytes: Uint8Array): Pick<SmallCopy, 'width' | 'height' | 'luma'> | undefined {
  const [width = 0, height = 0] = bytes.subarray(2, 4);
  const luma = bytes.subarray(HEAD_BYTES, HEAD_BYTES + width * height);
  if (bytes[0] !== FORMAT || luma.length === 0 || luma.length !== width * height) return undefined;
  return { width, height, luma };
}

/** @returns `undefined` for bytes of another format */
export function decodeFingerprint(bytes: Uint8Array): Fingerprint | undefined {
  const head = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (head.length < HEAD_BYTES || head.readUInt8(0) !== FORMAT) return undefined;
  const [width, height, count] = [head.readUInt8(2), head.readUInt8(3), head.readUInt8(12)];
  const [chromaWidth, chromaHeight] = [Math.ceil(width / 2), Math.ceil(height / 2)];
  let at = HEAD_BYTES;
  const take = (length: number): Uint8Array => {
    at += length;
    return bytes.subarray(at - length, at);
  };
  const lumaBytes = width * height;
  const chromaBytes = chromaWidth * chromaHeight;
  if (count > MAX_FEATURES) return undefined;
  if (head.length !== HEAD_BYTES + lumaBytes + 2 * chromaBytes + count * (4 + 4 * WORDS)) return undefined;
  const [luma, cb, cr] = [take(lumaBytes), take(chromaBytes), take(chromaBytes)];
  const copy = { width, height, luma, chromaWidth, chromaHeight, cb, cr };
  const [x, y, angle, level] = [take(count), take(count), take(count), take(count)];
  // Copied, since words must be aligned.
  const bits = new Uint32Array(Uint8Array.from(take(count * 4 * WORDS)).buffer);
  return {
    hash: head.toString('hex', 16, 32),
    width: head.readUInt32LE(4),
    height: head.readUInt32LE(8),
    hasExif: head.readUInt8(1) === 1,
    copy,
    features: { count, x, y, angle, level, bits },
  };
}
