/** Converts pixels with a colour profile to sRGB, the colours that the network was trained on. */

import sharp from 'sharp';

/**
 * Converts the few pixels that the network sees, not the millions of the file: it is the same to within rounding, and
 * takes a millisecond. A profile that cannot be used is ignored, as browsers do.
 *
 * @param rgb `side * side * 3` bytes in the colours of `profile`, an ICC profile for RGB.
 */
export async function toSrgb(rgb: Uint8Array, side: number, profile: Uint8Array): Promise<Uint8Array> {
  const converting = sharp(tiff(rgb, side, profile))
    .toColourspace('srgb')
    .raw()
    .toBuffer();
  return converting.catch(() => rgb);
}

const SHORT = 3;
const LONG = 4;
const UNDEFINED = 7;

/** An uncompressed TIFF file: the plainest way to hand pixels and their profile to libvips together. */
function tiff(rgb: Uint8Array, side: number, profile: Uint8Array): Buffer {
  const entries = 11;
  const bitsAt = 8 + 2 + entries * 12 + 4;
  const profileAt = bitsAt + 6;
  // Values begin at even offsets.
  const pixelsAt = profileAt + profile.length + (profile.length % 2);
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
  entry(256, SHORT, 1, side); // ImageWidth
  entry(257, SHORT, 1, side); // ImageLength
  entry(258, SHORT, 3, bitsAt); // BitsPerSample
  entry(259, SHORT, 1, 1); // Compression: none
  entry(262, SHORT, 1, 2); // PhotometricInterpretation: RGB
  entry(273, LONG, 1, pixelsAt); // StripOffsets
  entry(277, SHORT, 1, 3); // SamplesPerPixel
  entry(278, SHORT, 1, side); // RowsPerStrip
  entry(279, LONG, 1, rgb.length); // StripByteCounts
  entry(284, SHORT, 1, 1); // PlanarConfiguration: interleaved
  entry(34675, UNDEFINED, profile.length, profileAt); // InterColorProfile
  for (const channel of [0, 1, 2]) file.writeUInt16LE(8, bitsAt + 2 * channel);
  file.set(profile, profileAt);
  file.set(rgb, pixelsAt);
  return file;
}
