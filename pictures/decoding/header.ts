/** Reads what a picture file declares of itself, and refuses what would cost too much before it is decoded. */

import sharp, { type Metadata } from 'sharp';
import { meaningOf, PictureRejected } from './errors.ts';
import type { PictureLimits } from './limits.ts';
import { type Source, sourceOf } from './source.ts';

export interface PictureHeader {
  readonly source: Source;
  readonly metadata: Metadata;
  /** Pixels, as stored: before EXIF rotation. */
  readonly width: number;
  readonly height: number;
  /** EXIF orientation, 1 to 8; 1 when none is given. */
  readonly orientation: number;
  /** The embedded ICC profile of an RGB picture; other colour spaces are converted while they are decoded. */
  readonly rgbProfile: Uint8Array | undefined;
}

/** What reading a header takes; decoders hold little more than the header then. */
const HEADER_BYTES = 1024 * 1024;

/** @throws PictureRejected */
export async function readHeader(bytes: Uint8Array, limits: PictureLimits): Promise<PictureHeader> {
  const source = sourceOf(bytes, limits);
  const metadata = await metadataOf(source, limits);
  const { width, height, pages = 1, orientation, icc, space, depth } = metadata;
  if (width * height > limits.maxPixels || Math.max(width, height) > limits.maxSide) {
    throw tooManyPixels(`${count(width)} x ${count(height)} pixels`, limits);
  }
  const frames = source.frames ?? pages;
  if (frames > limits.maxFrames) {
    throw new PictureRejected(
      'too-many-frames',
      `The file has ${count(frames)} frames or pages; at most ${count(limits.maxFrames)} are taken.`,
    );
  }
  if (depth !== 'uchar' && depth !== 'ushort') {
    throw new PictureRejected(
      'unsupported-format',
      `The numbers of its pixels are of the type ${depth}: what is black and what is white does not stand in the file. ` +
        'Save it again with 8 or 16 bits a channel.',
    );
  }
  return {
    source,
    metadata,
    width,
    height,
    orientation: orientation ?? source.orientation ?? 1,
    rgbProfile: space === 'srgb' || space === 'rgb16' ? icc : undefined,
  };
}

async function metadataOf({ bytes }: Source, limits: PictureLimits): Promise<Metadata> {
  try {
    return await sharp(bytes, { failOn: 'none', limitInputPixels: false }).metadata();
  } catch (error) {
    // Some decoders have bounds of their own, above ours, and say no more than this.
    if (error instanceof Error && /maximum supported image dimension/i.test(error.message)) {
      throw tooManyPixels('more pixels than its format allows', limits, error);
    }
    throw meaningOf(error, HEADER_BYTES);
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
