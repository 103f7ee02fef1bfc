/** Pixels, and the plainest TIFF file of them: the way to hand them and their colour profile to libvips together. */

import sharp from 'sharp';

/** Interleaved 8-bit RGB, row-major. */
export interface Pixels {
  readonly data: Uint8Array;
  readonly width: number;
  readonly height: number;
}

const SHORT = 3;
const LONG = 4;
const UNDEFINED = 7;

/**
 * Pixels in the colours of an ICC profile for RGB as pixels in sRGB. A profile that cannot be used is ignored, as browsers
 * do.
 */
export async function toSrgb(pixels: Pixels, profile: Uint8Array): Promise<Pixels> {
  const converting = sharp(plainTiff(pixels, profile)).toColourspace('srgb').raw().toBuffer();
  return { ...pixels, data: await converting.catch(() => pixels.data) };
}

/** An uncompressed TIFF file of 8-bit RGB. @param profile an ICC profile for RGB; sRGB when there is none */
export function plainTiff({ data: rgb, width, height }: Pixels, profile?: Uint8Array): Buffer {
  const entries = profile ? 11 : 10;
  const bitsAt = 8 + 2 + entries * 12 + 4;
  const profileAt = bitsAt + 6;
  // Values begin at even offsets.
  const profileBytes = profile?.length ?? 0;
  const pixelsAt = profileAt + profileBytes + (profileBytes % 2);
  const file = Buffer.alloc(pixelsAt + rgb.length);
  file.write('II*\0', 'latin1');
  file.writeUInt32LE(8, 4);
  file.writeUInt16LE(entries, 8);
  let at = 10;
  const entry = (tag: number, type: number, count: number, content: number): void => {
    file.writeUInt16LE(tag, at);
    file.writeUInt16LE(type, at + 2);
    file.writeUInt32LE(count, at + 4);
    if (type === SHORT && count === 1) file.writeUInt16LE(content, at + 8);
    else file.writeUInt32LE(content, at + 8);
    at += 12;
  };
  entry(256, LONG, 1, width); // ImageWidth
  entry(257, LONG, 1, height); // ImageLength
  entry(258, SHORT, 3, bitsAt); // BitsPerSample
  entry(259, SHORT, 1, 1); // Compression: none
  entry(262, SHORT, 1, 2); // PhotometricInterpretation: RGB
  entry(273, LONG, 1, pixelsAt); // StripOffsets
  entry(277, SHORT, 1, 3); // SamplesPerPixel
  entry(278, LONG, 1, height); // RowsPerStrip
  entry(279, LONG, 1, rgb.length); // StripByteCounts
  entry(284, SHORT, 1, 1); // PlanarConfiguration: interleaved
  if (profile) entry(34675, UNDEFINED, profile.length, profileAt); // InterColorProfile
  for (const channel of [0, 1, 2]) file.writeUInt16LE(8, bitsAt + 2 * channel);
  if (profile) file.set(profile, profileAt);
  file.set(rgb, pixelsAt);
  return file;
}
