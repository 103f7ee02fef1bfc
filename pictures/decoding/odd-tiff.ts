/** Kinds of TIFF that libvips does not read, or reads as one flat colour; told by their tags before anything is decoded. */

import { firstDirectory, TAG } from './tiff.ts';

export interface TiffOddity {
  /** What is odd, as in "TIFF files with …". */
  readonly what: string;
  /** Whether it stands in the file which numbers are black and white, so that another decoder may show it. */
  readonly scaled: boolean;
}

/** None, CCITT (three), LZW, JPEG, deflate (two), PackBits and WebP. */
const COMPRESSIONS = new Set([1, 2, 3, 4, 5, 7, 8, 32_773, 32_946, 50_001]);
const COMPRESSION_NAMES: Readonly<Record<number, string>> = {
  6: 'the old form of JPEG compression',
  34661: 'JBIG compression',
  34887: 'LERC compression',
  34925: 'LZMA compression',
  50000: 'Zstandard compression',
  50002: 'JPEG XL compression',
};

/** White or black is zero, RGB, palette, CMYK and YCbCr. */
const COLOURS = new Set([0, 1, 2, 3, 5, 6]);
const COLOUR_NAMES: Readonly<Record<number, string>> = {
  4: 'a mask instead of a picture',
  8: 'Lab colours',
  9: 'Lab colours',
  10: 'Lab colours',
  32803: "a sensor's own data",
  34892: "a sensor's own data",
};

const UNSIGNED = 1;
const CMYK = 5;
const SEPARATE = 2;

/** Why a TIFF is not read here; `undefined` when nothing speaks against it. */
export function oddityOf(bytes: Uint8Array): TiffOddity | undefined {
  const directory = firstDirectory(bytes);
  if (!directory) return undefined;
  const value = (tag: number, otherwise: number): number => directory.get(tag)?.[0] ?? otherwise;
  const samples = value(TAG.samples, 1);
  const photometric = value(TAG.photometric, 1);
  const compression = value(TAG.compression, 1);
  const depths = directory.get(TAG.bitsPerSample) ?? [1];
  const depth = depths[0] ?? 1;
  const odd = (what: string, scaled = true): TiffOddity => ({ what, scaled });

  if ((directory.get(TAG.sampleFormat) ?? []).some((format) => format !== UNSIGNED) || depth > 16)
    return odd(
      'floating point, signed or 32-bit numbers, whose black and white do not stand in the file,',
      false,
    );
  if (!COMPRESSIONS.has(compression))
    return odd(COMPRESSION_NAMES[compression] ?? `compression ${compression}`);
  if (!COLOURS.has(photometric))
    return odd(COLOUR_NAMES[photometric] ?? `colours of the kind ${photometric}`);
  if (depths.some((each) => each !== depth)) return odd('channels of different depths');
  if (![8, 16].includes(depth) && !(samples === 1 && [1, 2, 4].includes(depth)))
    return odd(`${depth} bits a channel`);
  if (samples > (photometric === CMYK ? 5 : 4)) return odd(`${samples} channels`);
  if (directory.has(TAG.tileOffsets) && value(TAG.planarConfiguration, 1) === SEPARATE && samples > 1)
    return odd('tiles of separate channels');
  return undefined;
}
