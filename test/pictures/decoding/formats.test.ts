/** What files are taken: by content, whatever their kind can hold, and refused with a reason when they are not. */

import { readFileSync } from 'node:fs';
import sharp from 'sharp';
import { describe, expect, it } from 'vitest';
import { PictureDecoder } from '../../../pictures/decoding/decoder.ts';
import { PictureRejected } from '../../../pictures/decoding/errors.ts';
import { PICTURE_LIMITS, type PictureLimits } from '../../../pictures/decoding/limits.ts';
import { preprocess } from '../../factories/preprocess.ts';

const limits: PictureLimits = PICTURE_LIMITS;
const png = readFileSync(new URL('../../fixtures/embedding/reduced.png', import.meta.url));
const picture = () => sharp(png).removeAlpha();
const grey = () => picture().greyscale().toColourspace('b-w');
const frames = async (): Promise<Buffer[]> => [
  await picture().toBuffer(),
  await picture().negate().toBuffer(),
];

async function rejection(bytes: Uint8Array, options = { limits }): Promise<PictureRejected> {
  const outcome = await preprocess(bytes, options).catch((error: unknown) => error);
  if (!(outcome instanceof PictureRejected)) throw new Error('the picture was taken', { cause: outcome });
  return outcome;
}

/** Mean absolute difference between what is made of a file and of the lossless original, in levels. */
async function differenceFrom(original: Uint8Array, bytes: Uint8Array): Promise<number> {
  const [a, b] = await Promise.all([preprocess(original, { limits }), preprocess(bytes, { limits })]);
  return a.reduce((sum, level, i) => sum + Math.abs(level - b[i]!), 0) / a.length;
}

/** A CMYK JPEG whose marker says that its colours are YCCK. */
async function ycck(): Promise<Buffer> {
  const jpeg = await picture().toColourspace('cmyk').jpeg().toBuffer();
  const adobe = jpeg.indexOf('Adobe');
  expect(adobe).toBeGreaterThan(0);
  jpeg[adobe + 11] = 2;
  return jpeg;
}

describe('formats that are taken', () => {
  const colour: Record<string, () => Promise<Buffer>> = {
    'JPEG baseline': () => picture().jpeg({ quality: 95 }).toBuffer(),
    'JPEG progressive': () => picture().jpeg({ quality: 95, progressive: true }).toBuffer(),
    'JPEG CMYK': () => picture().toColourspace('cmyk').jpeg({ quality: 95 }).toBuffer(),
    'JPEG CMYK with a profile': () =>
      picture().withIccProfile('cmyk').toColourspace('cmyk').jpeg({ quality: 95 }).toBuffer(),
    'PNG 16 bit': () => picture().toColourspace('rgb16').png().toBuffer(),
    'PNG interlaced': () => picture().png({ progressive: true }).toBuffer(),
    'PNG palette': () => picture().png({ palette: true, effort: 1, dither: 0 }).toBuffer(),
    'WebP lossy': () => picture().webp({ quality: 95 }).toBuffer(),
    'WebP lossless': () => picture().webp({ lossless: true }).toBuffer(),
    'WebP animated': async () =>
      sharp(await frames(), { join: { animated: true } })
        .webp({ lossless: true })
        .toBuffer(),
    AVIF: () => picture().avif({ quality: 90, effort: 0 }).toBuffer(),
    GIF: () => picture().gif({ effort: 1, dither: 0 }).toBuffer(),
    'GIF animated': async () =>
      sharp(await frames(), { join: { animated: true } })
        .gif({ effort: 1, dither: 0 })
        .toBuffer(),
    'TIFF 16 bit': () => picture().toColourspace('rgb16').tiff({ compression: 'none' }).toBuffer(),
    'TIFF LZW': () => picture().tiff({ compression: 'lzw' }).toBuffer(),
    'TIFF of two pages': async () =>
      sharp(await frames(), { join: { animated: true } })
        .tiff({ compression: 'deflate' })
        .toBuffer(),
  };

  it.each(Object.entries(colour))('%s', async (_, make) => {
    expect(await differenceFrom(png, await make())).toBeLessThan(12);
  });

  const greys: Record<string, () => Promise<Buffer>> = {
    'JPEG grey': () => grey().jpeg({ quality: 95 }).toBuffer(),
    'PNG grey': () => grey().png().toBuffer(),
    'PNG grey with alpha': () => grey().ensureAlpha().png().toBuffer(),
    'PNG grey, 16 bit': () => picture().greyscale().toColourspace('grey16').png().toBuffer(),
  };

  it.each(Object.entries(greys))('%s', async (_, make) => {
    const original = await grey().toColourspace('srgb').png().toBuffer();

    expect(await differenceFrom(original, await make())).toBeLessThan(3);
  });

  it('PNG of 1 bit', async () => {
    const black = { width: 300, height: 300, channels: 3 as const, background: 'black' };
    const bits = await sharp({ create: black }).png({ palette: true, colours: 2 }).toBuffer();

    expect(new Set(await preprocess(bits, { limits }))).toEqual(new Set([0]));
  });

  it('JPEG YCCK', async () => {
    expect((await preprocess(await ycck(), { limits })).length).toBe(224 * 224 * 3);
  });
});

describe('files that are refused', () => {
  const text = (content: string) => new TextEncoder().encode(content);
  const box = (brand: string) => text(`\0\0\0\x18ftyp${brand}\0\0\0\0mif1${brand}`);

  it.each([
    ['nothing at all', new Uint8Array(), 'empty', 'empty'],
    ['text', text('hello, I am holiday.jpg'), 'not-an-image', 'JPEG, PNG, WebP'],
    [
      'random bytes',
      Uint8Array.from({ length: 999 }, (_, i) => (i * 193) % 251),
      'not-an-image',
      'JPEG, PNG',
    ],
    ['HEIC', box('heic'), 'unsupported-format', 'convert it to JPEG'],
    ['SVG', text('<svg xmlns="http://www.w3.org/2000/svg"/>'), 'unsupported-format', 'export it as PNG'],
    ['SVG after a declaration', text('\ufeff<?xml version="1.0"?>\n<svg/>'), 'unsupported-format', 'SVG'],
    ['PDF', text('%PDF-1.7'), 'unsupported-format', 'export the page'],
    ['BMP', text('BM      '), 'unsupported-format', 'convert it to PNG'],
    ['a JPEG of three bytes', Uint8Array.of(0xff, 0xd8, 0xff), 'corrupt', 'damaged'],
    ['a PNG without a header', png.subarray(0, 12), 'corrupt', 'damaged'],
  ])('%s', async (_, bytes, code, advice) => {
    const { code: given, message } = await rejection(bytes);

    expect(given).toBe(code);
    expect(message).toContain(advice);
  });

  const whole: Record<string, () => Promise<Buffer>> = {
    JPEG: () => picture().jpeg().toBuffer(),
    'JPEG taller than wide': () => picture().rotate(90).jpeg().toBuffer(),
    'progressive JPEG': () => picture().jpeg({ progressive: true }).toBuffer(),
    PNG: () => picture().png().toBuffer(),
    WebP: () => picture().webp().toBuffer(),
    AVIF: () => picture().avif({ effort: 0 }).toBuffer(),
    GIF: () => picture().gif({ effort: 1 }).toBuffer(),
    TIFF: () => picture().tiff({ compression: 'lzw' }).toBuffer(),
  };

  it.each(Object.entries(whole))('a %s that is cut off at nine tenths', async (_, make) => {
    const bytes = await make();

    expect((await rejection(bytes.subarray(0, bytes.length * 0.9))).code).toBe('corrupt');
  });

  it('a picture whose middle is overwritten', async () => {
    const bytes = await picture().png().toBuffer();

    expect((await rejection(bytes.fill(0x55, 100_000, 100_500))).code).toBe('corrupt');
  });
});

describe('limits', () => {
  /** A PNG of one colour that says it has this many pixels; its data are as few as such a picture needs. */
  function pngOf(width: number, height: number): Buffer {
    const bytes = Buffer.from(png);
    bytes.writeUInt32BE(width, 16);
    bytes.writeUInt32BE(height, 20);
    return withHeaderSum(bytes);
  }

  function jpegOf(width: number, height: number, jpeg: Buffer): Buffer {
    const frame = jpeg.indexOf(Buffer.of(0xff, 0xc0));
    jpeg.writeUInt16BE(height, frame + 5);
    jpeg.writeUInt16BE(width, frame + 7);
    return jpeg;
  }

  it.each([
    ['bytes', { maxBytesOfLargeKinds: 1_000 }, 'too-many-bytes', '1,000'],
    ['pixels', { maxPixels: 400 * 300 }, 'too-many-pixels', '401 x 300'],
    ['a side', { maxSide: 400 }, 'too-many-pixels', '400 on a side'],
  ])('refuses a picture over the limit of %s, and says the limit', async (_, changed, code, said) => {
    const { code: given, message } = await rejection(png, { limits: { ...limits, ...changed } });

    expect(given).toBe(code);
    expect(message).toContain(said);
  });

  it('refuses a file of too many frames', async () => {
    const two = await sharp(await frames(), { join: { animated: true } })
      .gif({ effort: 1 })
      .toBuffer();

    expect((await rejection(two, { limits: { ...limits, maxFrames: 1 } })).code).toBe('too-many-frames');
  });

  it('refuses decompression bombs by their header', async () => {
    const jpeg = await picture().jpeg().toBuffer();

    expect((await rejection(pngOf(50_000, 50_000))).code).toBe('too-many-pixels');
    expect((await rejection(jpegOf(65_535, 65_535, jpeg))).code).toBe('too-many-pixels');
  });

  it('refuses a picture that takes too long', async () => {
    const create = { width: 4_000, height: 4_000, channels: 3, background: 'green' } as const;
    const large = await sharp({ create }).png().toBuffer();

    const { code } = await rejection(large, { limits: { ...limits, decodeTimeoutMs: 0.001 } });

    expect(code).toBe('decode-timeout');
  });

  it('does not refuse one that took too long beside others and does not alone', async () => {
    const decoder = new PictureDecoder({ decodeTimeoutMs: 2_000 });
    const header = await decoder.header(await picture().png().toBuffer());
    let tries = 0;
    const all = { left: 0, top: 0, width: header.width, height: header.height };
    const used = decoder.decode(header, all, ({ width }) =>
      ++tries === 1 ? new Promise<number>(() => {}) : width,
    );
    await expect(used).resolves.toBe(header.width);
  });
});

/** Writes the checksum of a PNG's first chunk anew. */
function withHeaderSum(bytes: Buffer): Buffer {
  let sum = 0xffffffff;
  for (const byte of bytes.subarray(12, 29)) {
    sum ^= byte;
    for (let bit = 0; bit < 8; bit++) sum = (sum >>> 1) ^ (sum & 1 ? 0xedb88320 : 0);
  }
  bytes.writeUInt32BE(~sum >>> 0, 29);
  return bytes;
}
