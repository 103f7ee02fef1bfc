/** Reads what a picture file declares of itself, and refuses what would cost too much before it is decoded. */

import sharp, { type Metadata } from 'sharp';
import { PictureRejected } from './errors.ts';
import { kindOf } from './kinds.ts';
import type { PICTURE_LIMITS } from './limits.ts';

export type PictureLimits = { readonly [Limit in keyof typeof PICTURE_LIMITS]: number };

export interface PictureHeader {
  /** Pixels, as stored: before EXIF rotation. */
  readonly width: number;
  readonly height: number;
  /** EXIF orientation, 1 to 8; 1 when none is given. */
  readonly orientation: number;
  /** The embedded ICC profile of an 8-bit RGB picture; other colour spaces are converted while they are decoded. */
  readonly rgbProfile: Uint8Array | undefined;
}

/** @throws PictureRejected */
export async function readHeader(bytes: Uint8Array, limits: PictureLimits): Promise<PictureHeader> {
  if (bytes.length > limits.maxBytes) {
    throw new PictureRejected(
      'too-many-bytes',
      `The file has ${count(bytes.length)} bytes; at most ${count(limits.maxBytes)} are taken.`,
    );
  }
  kindOf(bytes);
  const { width, height, pages = 1, orientation = 1, icc, space, depth } = await metadata(bytes, limits);
  if (width * height > limits.maxPixels || Math.max(width, height) > limits.maxSide) {
    throw tooManyPixels(`${count(width)} x ${count(height)} pixels`, limits);
  }
  if (pages > limits.maxFrames) {
    throw new PictureRejected(
      'too-many-frames',
      `The file has ${count(pages)} frames or pages; at most ${count(limits.maxFrames)} are taken.`,
    );
  }
  const rgbProfile = space === 'srgb' && depth === 'uchar' ? icc : undefined;
  return { width, height, orientation, rgbProfile };
}

async function metadata(bytes: Uint8Array, limits: PictureLimits): Promise<Metadata> {
  try {
    return await sharp(bytes, { limitInputPixels: false }).metadata();
  } catch (error) {
    // Some decoders have bounds of their own, above ours, and say no more than this.
    if (error instanceof Error && /maximum supported image dimension/i.test(error.message)) {
      throw tooManyPixels('more pixels than its format allows', limits, error);
    }
    throw new PictureRejected('corrupt', 'The file is damaged: its header cannot be read.', { cause: error });
  }
}

function tooManyPixels(
  size: string,
  { maxPixels, maxSide }: PictureLimits,
  cause?: unknown,
): PictureRejected {
  return new PictureRejected(
    'too-many-pixels',
    `The picture has ${size}; at most ${count(maxPixels)} are taken, and ${count(maxSide)} on a side. ` +
      'Upload a smaller version.',
    { cause },
  );
}

const count = (number: number): string => number.toLocaleString('en-US');
