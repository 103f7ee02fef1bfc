/** JPEG, PNG, WebP, GIF and AVIF: whole, odd and damaged. */

import sharp, { type JpegOptions, type Sharp } from 'sharp';
import { turned, withOrientation } from './exif.ts';
import type { FileKind, Making } from './file-kind.ts';
import type { MadePicture } from './made-picture.ts';

type Row = Omit<FileKind, 'format' | 'ending'>;

const of = (format: string, ending: string, rows: readonly Row[]): FileKind[] =>
  rows.map((row) => ({ format, ending, ...row }));

/** The smallest cosine where a coding loses something, and where it loses half of the colours. */
const LOSSY = 0.985;
const SUBSAMPLED = 0.95;

const image = ({ picture }: Making): Sharp => picture.image();
const jpeg = (making: Making, options: JpegOptions = {}): Promise<Buffer> =>
  image(making)
    .jpeg({ quality: 95, chromaSubsampling: '4:4:4', ...options })
    .toBuffer();

/** Cut off at one of several places in its second half. */
const cut = async (bytes: Promise<Buffer>, variant: number): Promise<Buffer> => {
  const whole = await bytes;
  return whole.subarray(0, Math.floor(whole.length * (0.5 + 0.05 * (variant % 9))));
};

/** Where the data of a JPEG's only scan begin. */
const scanOf = (bytes: Buffer): number => {
  const marker = bytes.lastIndexOf(Buffer.of(0xff, 0xda));
  return marker + 2 + bytes.readUInt16BE(marker + 2);
};

/** Noise in fine grains, so that a scan is long enough for a hole in its middle. */
const grainy = async ({ picture, variant }: Making): Promise<Buffer> => {
  const { width, height } = await picture.enlarged(2);
  const noise = { type: 'gaussian', mean: 128, sigma: 30 + variant } as const;
  return sharp({ create: { width, height, channels: 3, background: 'grey', noise } })
    .jpeg({ quality: 95 })
    .toBuffer();
};

/** A strip in the shape of a panorama. */
const panorama = ({ picture }: Making): Promise<MadePicture> =>
  picture.stretched(PANORAMA[0] / 4, PANORAMA[1] / 4);

const animated = async ({ picture }: Making): Promise<Sharp> => {
  const frames = [await picture.png(), await picture.image().negate().png().toBuffer()];
  return sharp(frames, { join: { animated: true } });
};

/** As large as telephones take pictures: 200 megapixels. */
const LARGEST = [16_320, 12_240] as const;
const PANORAMA = [40_000, 960] as const;

const JPEG_ROWS: readonly Row[] = [
  { name: 'baseline', outcome: 'taken', make: (m) => jpeg(m) },
  { name: 'progressive', outcome: 'taken', make: (m) => jpeg(m, { progressive: true }) },
  {
    name: 'subsampled',
    outcome: 'taken',
    cosine: SUBSAMPLED,
    make: (m) => jpeg(m, { chromaSubsampling: '4:2:0' }),
  },
  {
    name: 'grey',
    outcome: 'taken',
    make: ({ picture }) =>
      picture.grey().image().greyscale().toColourspace('b-w').jpeg({ quality: 95 }).toBuffer(),
    rendering: ({ picture }) => picture.grey(),
  },
  {
    name: 'CMYK',
    outcome: 'taken',
    make: (m) => image(m).toColourspace('cmyk').jpeg({ quality: 98 }).toBuffer(),
    // Colours that ink cannot print are lost.
    cosine: 0.95,
    levels: 25,
  },
  {
    name: 'CMYK with a profile',
    outcome: 'taken',
    make: (m) => image(m).withIccProfile('cmyk').toColourspace('cmyk').jpeg({ quality: 98 }).toBuffer(),
    cosine: 0.95,
    levels: 25,
  },
  {
    name: 'Display P3',
    outcome: 'taken',
    make: (m) => image(m).withIccProfile('p3').jpeg({ quality: 98, chromaSubsampling: '4:4:4' }).toBuffer(),
  },
  {
    name: 'all eight EXIF orientations',
    outcome: 'taken',
    variants: 8,
    make: async (m) => withOrientation(await jpeg(m), (m.variant % 8) + 1),
    rendering: ({ picture, variant }) => turned(picture, (variant % 8) + 1),
  },
  {
    name: 'the last two bytes missing',
    outcome: 'taken',
    make: async (m) => (await jpeg(m)).subarray(0, -2),
  },
  {
    name: 'junk between markers',
    outcome: 'taken',
    make: async (m) => {
      const bytes = await jpeg(m);
      const table = bytes.indexOf(Buffer.of(0xff, 0xdb), 3);
      return Buffer.concat([bytes.subarray(0, table), Buffer.alloc(8 + m.variant), bytes.subarray(table)]);
    },
  },
  {
    name: "a telephone's scan parameters",
    outcome: 'taken',
    make: async (m) => {
      const bytes = await jpeg(m);
      return bytes.fill(0, scanOf(bytes) - 3, scanOf(bytes));
    },
  },
  {
    name: '200 megapixels',
    outcome: 'taken',
    isHeavy: true,
    variants: 1,
    make: ({ picture }) =>
      picture
        .image()
        .resize(...LARGEST, { fit: 'fill', kernel: 'nearest' })
        .jpeg({ quality: 85 })
        .toBuffer(),
    rendering: ({ picture }) => picture.stretched(640, 480),
    cosine: SUBSAMPLED,
  },
  {
    name: 'a panorama of 40,000 pixels',
    outcome: 'taken',
    variants: 2,
    make: async (m) => {
      const strip = await panorama(m);
      return strip
        .image()
        .resize(...PANORAMA, { fit: 'fill' })
        .jpeg({ quality: 95, chromaSubsampling: '4:4:4' })
        .toBuffer();
    },
    rendering: (m) => panorama(m),
    // A thumbnail of it is 160 x 4 pixels.
    levels: 40,
  },
  {
    name: 'more than 50 MiB',
    outcome: 'too-many-bytes',
    isHeavy: true,
    variants: 1,
    make: async (m) => Buffer.concat([await jpeg(m), Buffer.alloc(50 * 2 ** 20)]),
  },
  { name: 'cut off', outcome: 'corrupt', make: (m) => cut(jpeg(m), m.variant) },
  {
    name: 'half a scan, closed',
    outcome: 'corrupt',
    make: async (m) => Buffer.concat([await cut(jpeg(m), m.variant), Buffer.of(0xff, 0xd9)]),
  },
  {
    name: 'a hole of 4 KiB in its data',
    outcome: 'corrupt',
    make: async (m) => {
      const bytes = await grainy(m);
      const middle = (scanOf(bytes) + bytes.length) >> 1;
      const others = (await jpeg(m)).subarray(-512);
      return bytes.fill([0, 0x55, others, 0xff][m.variant % 4]!, middle, middle + 4_096);
    },
  },
  {
    name: 'a hole of 4 KiB in its progressive data',
    outcome: 'corrupt',
    make: async (m) => {
      const bytes = await sharp(await grainy(m))
        .jpeg({ quality: 90, progressive: true })
        .toBuffer();
      const middle = bytes.length >> 1;
      return bytes.fill([0, 0x55, 0xaa, 0xfe][m.variant % 4]!, middle, middle + 4_096);
    },
  },
];

const JPEGS = JPEG_ROWS.map((row): Row => ({ cosine: LOSSY, ...row }));

const PNGS: readonly Row[] = [
  { name: '8 bit', outcome: 'taken', make: ({ picture }) => picture.png() },
  { name: '16 bit', outcome: 'taken', make: (m) => image(m).toColourspace('rgb16').png().toBuffer() },
  {
    name: '16 bit with a profile',
    outcome: 'taken',
    make: (m) => image(m).toColourspace('rgb16').withIccProfile('p3').png().toBuffer(),
    cosine: LOSSY,
  },
  { name: 'interlaced', outcome: 'taken', make: (m) => image(m).png({ progressive: true }).toBuffer() },
  {
    name: 'palette',
    outcome: 'taken',
    make: (m) => image(m).png({ palette: true, effort: 1, dither: 0 }).toBuffer(),
    cosine: 0.99,
    levels: 8,
  },
  {
    name: 'grey',
    outcome: 'taken',
    make: ({ picture }) => picture.grey().image().greyscale().toColourspace('b-w').png().toBuffer(),
    rendering: ({ picture }) => picture.grey(),
  },
  {
    name: 'grey of 16 bit',
    outcome: 'taken',
    make: ({ picture }) => picture.grey().image().greyscale().toColourspace('grey16').png().toBuffer(),
    rendering: ({ picture }) => picture.grey(),
  },
  {
    name: 'transparent',
    outcome: 'taken',
    make: ({ picture }) => picture.transparent().png().toBuffer(),
    rendering: ({ picture }) => picture.onWhite(),
  },
  {
    name: 'Display P3',
    outcome: 'taken',
    make: (m) => image(m).withIccProfile('p3').png().toBuffer(),
    cosine: LOSSY,
  },
  { name: 'cut off', outcome: 'corrupt', make: ({ picture, variant }) => cut(picture.png(), variant) },
  {
    name: 'more pixels than are taken',
    outcome: 'too-many-pixels',
    make: async ({ picture, variant }) => {
      const bytes = await picture.png();
      bytes.writeUInt32BE(40_000 + variant, 16);
      bytes.writeUInt32BE(40_000, 20);
      return bytes;
    },
  },
];

const laterFrameSpoiled = async (bytes: Promise<Buffer>): Promise<Buffer> => {
  const whole = await bytes;
  return whole.fill(0x55, Math.floor(whole.length * 0.85));
};

const webp = async (m: Making): Promise<Buffer> =>
  (await animated(m)).webp({ lossless: true, effort: 0 }).toBuffer();
const WEBPS: readonly Row[] = [
  {
    name: 'lossy',
    outcome: 'taken',
    cosine: SUBSAMPLED,
    make: (m) => image(m).webp({ quality: 95, effort: 1 }).toBuffer(),
  },
  {
    name: 'lossless',
    outcome: 'taken',
    make: (m) => image(m).webp({ lossless: true, effort: 0 }).toBuffer(),
  },
  {
    name: 'transparent',
    outcome: 'taken',
    make: ({ picture }) => picture.transparent().webp({ lossless: true, effort: 0 }).toBuffer(),
    rendering: ({ picture }) => picture.onWhite(),
  },
  { name: 'animated', outcome: 'taken', make: webp },
  { name: 'damage after the first frame', outcome: 'taken', make: (m) => laterFrameSpoiled(webp(m)) },
  {
    name: 'cut off',
    outcome: 'corrupt',
    make: (m) => cut(image(m).webp({ lossless: true, effort: 0 }).toBuffer(), m.variant),
  },
];

const gif = async (m: Making): Promise<Buffer> =>
  (await animated(m)).gif({ effort: 1, dither: 0 }).toBuffer();
const coarse = { cosine: 0.99, levels: 8 } as const;
const GIFS: readonly Row[] = [
  {
    name: 'still',
    outcome: 'taken',
    make: (m) => image(m).gif({ effort: 1, dither: 0 }).toBuffer(),
    ...coarse,
  },
  { name: 'animated', outcome: 'taken', make: gif, ...coarse },
  {
    name: 'damage after the first frame',
    outcome: 'taken',
    make: (m) => laterFrameSpoiled(gif(m)),
    ...coarse,
  },
  {
    name: 'cut off',
    outcome: 'corrupt',
    make: (m) => cut(image(m).gif({ effort: 1 }).toBuffer(), m.variant),
  },
];

const avif = (m: Making): Promise<Buffer> =>
  image(m).avif({ quality: 90, effort: 0, chromaSubsampling: '4:4:4' }).toBuffer();
const AVIFS: readonly Row[] = [
  { name: 'still', outcome: 'taken', cosine: LOSSY, make: avif },
  {
    name: 'transparent',
    outcome: 'taken',
    make: ({ picture }) =>
      picture.transparent().avif({ quality: 95, effort: 0, chromaSubsampling: '4:4:4' }).toBuffer(),
    rendering: ({ picture }) => picture.onWhite(),
    cosine: LOSSY,
  },
  {
    name: 'animated',
    outcome: 'taken',
    cosine: LOSSY,
    make: async (m) => {
      const bytes = await avif(m);
      bytes.write('avis', 8, 'latin1');
      return bytes;
    },
  },
  { name: 'cut off', outcome: 'corrupt', make: (m) => cut(avif(m), m.variant) },
];

export const PHOTO_KINDS: readonly FileKind[] = [
  ...of('JPEG', 'jpg', JPEGS),
  {
    format: 'JPEG',
    ending: 'mpo',
    name: 'several pictures (MPO)',
    outcome: 'taken',
    cosine: SUBSAMPLED,
    make: async (m) => Buffer.concat([await jpeg(m), await m.picture.image().negate().jpeg().toBuffer()]),
  },
  ...of('PNG', 'png', PNGS),
  ...of('WebP', 'webp', WEBPS),
  ...of('GIF', 'gif', GIFS),
  ...of('AVIF', 'avif', AVIFS),
];
