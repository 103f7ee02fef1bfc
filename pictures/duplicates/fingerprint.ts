/** Makes what is kept of a picture to compare it with others. */

import { createHash } from 'node:crypto';
import sharp, { type Sharp } from 'sharp';
import type { PictureDecoder } from '../decoding/decoder.ts';
import { factsOf } from '../decoding/facts.ts';
import type { PictureHeader } from '../decoding/header.ts';
import { PICTURE_LIMITS } from '../decoding/limits.ts';
import { type Described, describePixels, type Pixels } from './describe.ts';
import type { Fingerprint } from './fingerprint-format.ts';

/** Pixels of the longer side of the copy that corners are looked for in. */
const FEATURE_SIDE = 256;

/** Describes pixels as `describePixels` does. */
export type Describe = (pixels: Pixels) => Described | Promise<Described>;

/** What a small copy does not tell of its original. */
export type AboutOriginal = Pick<Fingerprint, 'hash' | 'width' | 'height' | 'hasExif'>;

/**
 * Makes the fingerprint of a picture. Transparent pixels are seen on white, as a copy without transparency shows them.
 *
 * @param bytes of the picture, or of a small copy of it
 * @param original what the picture is, when the bytes are those of a small copy
 * @param describe does what computes longest, here or in another thread
 * @throws what sharp throws when the bytes are no picture
 */
export async function fingerprintOf(
  bytes: Uint8Array,
  original?: AboutOriginal,
  describe: Describe = describePixels,
): Promise<Fingerprint> {
  const options = { limitInputPixels: PICTURE_LIMITS.maxPixels, failOn: 'error' } as const;
  const [about, { data, info }] = await Promise.all([
    original ?? aboutFile(bytes, sharp(bytes, options)),
    // Not of pixels that were decoded for the embedding: libjpeg decodes for a copy of this size at a half to an eighth, which is
    // quicker, and of whole pixels the copy would be another one than those that are kept.
    sharp(bytes, options)
      .rotate()
      .flatten({ background: '#ffffff' })
      .resize(FEATURE_SIDE, FEATURE_SIDE, { fit: 'inside' })
      .toColourspace('srgb')
      .removeAlpha()
      .raw()
      .toBuffer({ resolveWithObject: true }),
  ]);
  const { width, height } = info;
  const described = await describe({ width, height, channels: info.channels === 3 ? 3 : 1, data });
  return { ...about, ...described };
}

async function aboutFile(bytes: Uint8Array, picture: Sharp): Promise<AboutOriginal> {
  const { exif, autoOrient } = await picture.metadata();
  const { width, height } = autoOrient;
  return { hash: hashOf(bytes), width, height, hasExif: exif !== undefined };
}

/**
 * Makes the fingerprint of a picture file.
 *
 * @param header of the file, where it has been read: that takes time, most of all for kinds that an added decoder reads
 */
export type MakeFingerprint = (file: Uint8Array, header?: PictureHeader) => Promise<Fingerprint>;

/**
 * Makes fingerprints of all that can be indexed: where the decoder reads another file than the one that was given, a RAW file's
 * preview or the pixels of HEIC, of a small copy of that.
 *
 * @param describe of `Comparers`, where threads are at hand
 */
export const fingerprintMaker =
  (decoder: PictureDecoder, describe: Describe = describePixels): MakeFingerprint =>
  async (file, given) => {
    const header = given ?? (await decoder.header(file));
    const { kind, bytes } = header.source;
    const { width, height } = factsOf(header);
    const original = { hash: hashOf(file), width, height, hasExif: header.metadata.exif !== undefined };
    const isReadAsItIs = kind !== 'raw' && kind !== 'tiff' && bytes.length >= file.length;
    const small = { side: 2 * FEATURE_SIDE, fit: 'inside', format: 'png' } as const;
    const read = isReadAsItIs ? file : await decoder.smallCopy(header, small);
    return fingerprintOf(read, original, describe);
  };

const hashOf = (file: Uint8Array): string => createHash('sha256').update(file).digest('hex').slice(0, 32);
