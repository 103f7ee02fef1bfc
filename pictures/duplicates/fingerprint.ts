/** Makes what is kept of a picture to compare it with others. */

import { createHash } from 'node:crypto';
import sharp from 'sharp';
import type { PictureDecoder } from '../decoding/decoder.ts';
import { factsOf } from '../decoding/facts.ts';
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
  const { width, height } = info;
  const described = await describe({ width, height, channels: info.channels === 3 ? 3 : 1, data });
  return {
    ...(original ?? {
      hash: hashOf(bytes),
      width: autoOrient.width,
      height: autoOrient.height,
      hasExif: exif !== undefined,
    }),
    ...described,
  };
}

/** Makes the fingerprint of a picture file. */
export type MakeFingerprint = (file: Uint8Array) => Promise<Fingerprint>;

/**
 * Makes fingerprints of all that can be indexed: where the decoder reads another file than the one that was given, a RAW file's
 * preview or the pixels of HEIC, of a small copy of that.
 *
 * @param describe of `Comparers`, where threads are at hand
 */
export const fingerprintMaker =
  (decoder: PictureDecoder, describe: Describe = describePixels): MakeFingerprint =>
  async (file) => {
    const header = await decoder.header(file);
    const { kind, bytes } = header.source;
    if (kind !== 'raw' && kind !== 'tiff' && bytes.length >= file.length) {
      return fingerprintOf(file, undefined, describe);
    }
    const { width, height } = factsOf(header);
    const small = await decoder.smallCopy(header, { side: 2 * FEATURE_SIDE, fit: 'inside', format: 'png' });
    const original = { hash: hashOf(file), width, height, hasExif: header.metadata.exif !== undefined };
    return fingerprintOf(small, original, describe);
  };

const hashOf = (file: Uint8Array): string => createHash('sha256').update(file).digest('hex').slice(0, 32);
