/** What is kept of a picture to compare it with others: a copy of 64 pixels in colour, and its corners. */

import { createHash } from 'node:crypto';
import sharp from 'sharp';
import { PICTURE_LIMITS } from '../decoding/limits.ts';
import { type Features, findFeatures, MAX_FEATURES, WORDS } from './features.ts';

/** Pixels of the longer side of the copy that is compared. */
const COPY_SIDE = 64;
/** Pixels of the longer side of the copy that corners are looked for in. */
const FEATURE_SIDE = 256;

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

/**
 * Makes the fingerprint of a picture. Transparent pixels are seen on white, as a copy without transparency shows them.
 *
 * @throws what sharp throws when the bytes are no picture
 */
export async function fingerprintOf(bytes: Uint8Array): Promise<Fingerprint> {
  const options = { limitInputPixels: PICTURE_LIMITS.maxPixels, failOn: 'error' } as const;
  const [{ exif, autoOrient }, { data, info }] = await Promise.all([
    sharp(bytes, options).metadata(),
    sharp(bytes, options)
      .rotate()
      .flatten({ background: '#ffffff' })
      .resize(FEATURE_SIDE, FEATURE_SIDE, { fit: 'inside' })
      .toColourspace('srgb')
      .removeAlpha()
      .raw()
      .toBuffer({ resolveWithObject: true }),
  ]);
  const rgb = info.channels === 3 ? data : tripled(data);
  return {
    hash: createHash('sha256').update(bytes).digest('hex').slice(0, 32),
    width: autoOrient.width,
    height: autoOrient.height,
    hasExif: exif !== undefined,
    ...describePixels(rgb, info.width, info.height),
  };
}

/** The part of a fingerprint that is made of pixels: RGB, longer side 256. */
function describePixels(
  rgb: Uint8Array,
  width: number,
  height: number,
): Pick<Fingerprint, 'copy' | 'features'> {
  const pixels = new Float32Array(width * height);
  for (let i = 0; i < pixels.length; i++) {
    pixels[i] = 0.299 * rgb[3 * i]! + 0.587 * rgb[3 * i + 1]! + 0.114 * rgb[3 * i + 2]!;
  }
  return { copy: copyOf(rgb, width, height), features: findFeatures({ width, height, pixels }) };
}

function tripled(grey: Uint8Array): Uint8Array {
  const rgb = new Uint8Array(grey.length * 3);
  for (let i = 0; i < grey.length; i++) rgb.fill(grey[i]!, 3 * i, 3 * i + 3);
  return rgb;
}

function copyOf(rgb: Uint8Array, width: number, height: number): SmallCopy {
  const scale = COPY_SIDE / Math.max(width, height);
  const w = Math.max(2, Math.round(width * scale));
  const h = Math.max(2, Math.round(height * scale));
  const [chromaWidth, chromaHeight] = [Math.ceil(w / 2), Math.ceil(h / 2)];
  const planes = [0, 1, 2].map((channel) => averaged(rgb, width, height, channel, w, h));
  const half = [0, 1, 2].map((channel) => averaged(rgb, width, height, channel, chromaWidth, chromaHeight));
  const luma = new Uint8Array(w * h);
  for (let i = 0; i < luma.length; i++) {
    luma[i] = Math.round(0.299 * planes[0]![i]! + 0.587 * planes[1]![i]! + 0.114 * planes[2]![i]!);
  }
  const cb = new Uint8Array(chromaWidth * chromaHeight);
  const cr = new Uint8Array(chromaWidth * chromaHeight);
  for (let i = 0; i < cb.length; i++) {
    const [r, g, b] = [half[0]![i]!, half[1]![i]!, half[2]![i]!];
    cb[i] = Math.round(Math.min(255, 128 - 0.168736 * r - 0.331264 * g + 0.5 * b));
    cr[i] = Math.round(Math.min(255, 128 + 0.5 * r - 0.418688 * g - 0.081312 * b));
  }
  return { width: w, height: h, luma, chromaWidth, chromaHeight, cb, cr };
}

/** One channel, each pixel the mean of what it covers. */
function averaged(
  rgb: Uint8Array,
  width: number,
  height: number,
  channel: number,
  w: number,
  h: number,
): Float32Array {
  const rows = new Float32Array(height * w);
  for (let x = 0; x < w; x++) {
    for (const { at, weight } of covered(x, w, width)) {
      for (let y = 0; y < height; y++) rows[y * w + x]! += weight * rgb[3 * (y * width + at) + channel]!;
    }
  }
  const out = new Float32Array(h * w);
  for (let y = 0; y < h; y++) {
    for (const { at, weight } of covered(y, h, height)) {
      for (let x = 0; x < w; x++) out[y * w + x]! += weight * rows[at * w + x]!;
    }
  }
  return out;
}

function covered(i: number, count: number, length: number): { at: number; weight: number }[] {
  const from = (i * length) / count;
  const to = ((i + 1) * length) / count;
  const parts: { at: number; weight: number }[] = [];
  for (let at = Math.floor(from); at < Math.min(length, Math.ceil(to)); at++) {
    const weight = (Math.min(to, at + 1) - Math.max(from, at)) / (to - from);
    if (weight > 0) parts.push({ at, weight });
  }
  return parts;
}

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
