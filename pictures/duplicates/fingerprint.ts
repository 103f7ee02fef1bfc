/** Makes what is kept of a picture to compare it with others. */

import { createHash } from 'node:crypto';
import sharp from 'sharp';
import type { PictureDecoder } from '../decoding/decoder.ts';
import { factsOf } from '../decoding/facts.ts';
import { PICTURE_LIMITS } from '../decoding/limits.ts';
import { findFeatures } from './features.ts';
import type { Fingerprint, SmallCopy } from './fingerprint-format.ts';

/** Pixels of the longer side of the copy that is compared. */
const COPY_SIDE = 64;
/** Pixels of the longer side of the copy that corners are looked for in. */
const FEATURE_SIDE = 256;

/** What a small copy does not tell of its original. */
export type AboutOriginal = Pick<Fingerprint, 'hash' | 'width' | 'height' | 'hasExif'>;

/**
 * Makes the fingerprint of a picture. Transparent pixels are seen on white, as a copy without transparency shows them.
 *
 * @param bytes of the picture, or of a small copy of it
 * @param original what the picture is, when the bytes are those of a small copy
 * @throws what sharp throws when the bytes are no picture
 */
export async function fingerprintOf(bytes: Uint8Array, original?: AboutOriginal): Promise<Fingerprint> {
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
    ...(original ?? {
      hash: hashOf(bytes),
      width: autoOrient.width,
      height: autoOrient.height,
      hasExif: exif !== undefined,
    }),
    ...describePixels(rgb, info.width, info.height),
  };
}

/** Makes the fingerprint of a picture file. */
export type MakeFingerprint = (file: Uint8Array) => Promise<Fingerprint>;

/**
 * Makes fingerprints of all that can be indexed: where the decoder reads another file than the one that was given, a RAW file's
 * preview or the pixels of HEIC, of a small copy of that.
 */
export const fingerprintMaker =
  (decoder: PictureDecoder): MakeFingerprint =>
  async (file) => {
    const header = await decoder.header(file);
    const { kind, bytes } = header.source;
    if (kind !== 'raw' && kind !== 'tiff' && bytes.length >= file.length) return fingerprintOf(file);
    const { width, height } = factsOf(header);
    const small = await decoder.smallCopy(header, { side: 2 * FEATURE_SIDE, fit: 'inside', format: 'png' });
    return fingerprintOf(small, {
      hash: hashOf(file),
      width,
      height,
      hasExif: header.metadata.exif !== undefined,
    });
  };

const hashOf = (file: Uint8Array): string => createHash('sha256').update(file).digest('hex').slice(0, 32);

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
