/**
 * Finds in a camera's RAW file the JPEG that the camera made of the same picture. Every camera writes one, mostly of full
 * size; developing the sensor's own data is not tried.
 */

import { PictureRejected } from './errors.ts';
import { firstDirectory, piecesOfPictures, TAG } from './tiff.ts';

/** A preview that is smaller is a thumbnail: too little to stand for the picture. */
const LEAST_SIDE = 512;

/** JPEGs that a file is searched for; a file with more is made up. */
const MAX_PREVIEWS = 64;

/** Places that look like the start of one: chance makes a few in a sensor's data. */
const MAX_PLACES = 4_096;

/** Segments before the data of a JPEG: cameras write a dozen. */
const MAX_SEGMENTS = 256;

/** Colours of the sensor: the first directory of some cameras' files is not a thumbnail but the picture itself. */
const SENSOR_DATA: ReadonlySet<number> = new Set([32_803, 34_892]);

const JPEG_START = Buffer.of(0xff, 0xd8, 0xff);
const JPEG_END = Buffer.of(0xff, 0xd9);

export interface EmbeddedJpeg {
  readonly bytes: Uint8Array;
  /** EXIF orientation of the whole file, for previews that have none of their own. */
  readonly orientation: number | undefined;
}

/** Whether a file that begins as a TIFF is RAW: a DNG, or with a camera's maker, a small first picture and others below. */
export function isRawTiff(bytes: Uint8Array): boolean {
  const directory = firstDirectory(bytes);
  if (!directory) return false;
  if (directory.has(TAG.dngVersion)) return true;
  if (SENSOR_DATA.has(directory.get(TAG.photometric)?.[0] ?? 0)) return true;
  const reduced = ((directory.get(TAG.subfileType)?.[0] ?? 0) & 1) === 1;
  return (
    directory.has(TAG.make) && directory.has(TAG.subDirectories) && (reduced || !directory.has(TAG.width))
  );
}

/**
 * The largest JPEG in a RAW file. Cameras hang it up in many places (strips, JPEGInterchangeFormat, sub-directories, makers'
 * notes, boxes of their own), so the file is looked through for JPEGs, each is told by its own header, and what lies in
 * one (its thumbnail) does not count; nor does a tile, of which many make the sensor's picture.
 *
 * @throws PictureRejected when there is none, or only a thumbnail
 */
export function largestJpeg(file: Uint8Array): EmbeddedJpeg {
  const bytes = Buffer.from(file.buffer, file.byteOffset, file.byteLength);
  let best: { start: number; end: number; pixels: number; side: number } | undefined;
  const pieces = piecesOfPictures(bytes);
  let found = 0;
  let places = 0;
  for (let start = bytes.indexOf(JPEG_START); start >= 0 && found < MAX_PREVIEWS; ) {
    if (++places > MAX_PLACES) break;
    const jpeg = pieces.has(start) ? undefined : measure(bytes, start);
    if (jpeg) {
      found++;
      const pixels = jpeg.width * jpeg.height;
      if (!best || pixels > best.pixels)
        best = { start, end: jpeg.end, pixels, side: Math.max(jpeg.width, jpeg.height) };
    }
    start = bytes.indexOf(JPEG_START, jpeg?.end ?? start + 1);
  }
  if (!best || best.side < LEAST_SIDE)
    throw new PictureRejected(
      'unsupported-format',
      'RAW files are taken by the JPEG that the camera put in them, and this one has none of at least ' +
        `${LEAST_SIDE} pixels. Export it as JPEG.`,
    );
  const boxAt = bytes.subarray(0, 65_536).indexOf('CMT1', 0, 'latin1');
  const directory = firstDirectory(boxAt > 0 ? bytes.subarray(boxAt + 4) : bytes);
  return { bytes: bytes.subarray(best.start, best.end), orientation: directory?.get(TAG.orientation)?.[0] };
}

/** Size and end of a JPEG that decoders know: `undefined` for lossless ones, which are the sensor's data, and for chance. */
function measure(bytes: Buffer, start: number) {
  let size: { width: number; height: number } | undefined;
  let at = start + 2;
  for (let segment = 0; segment < MAX_SEGMENTS && at + 9 < bytes.length && bytes[at] === 0xff; segment++) {
    const marker = bytes[at + 1]!;
    const length = bytes.readUInt16BE(at + 2);
    if (length < 2) return undefined;
    // Start of a frame: baseline, extended or progressive; the others are lossless or of other codings.
    if (marker >= 0xc0 && marker <= 0xc2) {
      const components = bytes[at + 9];
      if (bytes[at + 4] !== 8 || (components !== 1 && components !== 3)) return undefined;
      size = { height: bytes.readUInt16BE(at + 5), width: bytes.readUInt16BE(at + 7) };
    } else if (marker >= 0xc3 && marker <= 0xcf && marker !== 0xc4 && marker !== 0xc8 && marker !== 0xcc) {
      return undefined;
    }
    at += 2 + length;
    if (marker !== 0xda) continue;
    if (!size) return undefined;
    const end = bytes.indexOf(JPEG_END, at);
    return { ...size, end: end < 0 ? bytes.length : end + 2 };
  }
  return undefined;
}
