/** TIFF in the forms that programs write, and in those that are refused. */

import { deflateSync } from 'node:zlib';
import type { FileKind, Making } from './file-kind.ts';
import type { MadePicture } from './made-picture.ts';
import { type Entry, tiffFile } from './tiff.ts';

interface Form {
  readonly bits?: readonly number[];
  readonly compression?: number;
  readonly photometric?: number;
  readonly samples?: number;
  readonly planar?: boolean;
  readonly tiled?: boolean;
  readonly format?: number;
  readonly order?: 'II' | 'MM';
  readonly more?: readonly Entry[];
  readonly pieces?: (picture: MadePicture) => readonly Uint8Array[];
}

/** A TIFF by its tags; pieces that are not given are the pixels, or as many bytes as such pixels take. */
const made =
  ({
    bits = [8, 8, 8],
    compression = 1,
    photometric = 2,
    samples = bits.length,
    planar,
    tiled,
    format,
    order,
    more = [],
    pieces,
  }: Form) =>
  ({ picture }: Making): Buffer => {
    const { width, height, rgb } = picture;
    const plain = bits.every((each) => each === 8) && samples === 3;
    const bytes = Math.ceil((width * samples * bits[0]!) / 8) * height;
    const data = pieces?.(picture) ?? [plain ? rgb : Buffer.alloc(bytes, 0x5a)];
    const [offsets, counts] = tiled ? [324, 325] : [273, 279];
    const rows: readonly [number, 'long', number[]][] = tiled
      ? [
          [322, 'long', [Math.ceil(width / 16) * 16]],
          [323, 'long', [Math.ceil(height / 16) * 16]],
        ]
      : [[278, 'long', [height]]];
    return tiffFile(
      [
        {
          entries: [
            [256, 'long', [width]],
            [257, 'long', [height]],
            [258, 'short', bits],
            [259, 'short', [compression]],
            [262, 'short', [photometric]],
            [277, 'short', [samples]],
            ...rows,
            [284, 'short', [planar ? 2 : 1]],
            ...(samples > 3 && photometric === 2
              ? [[338, 'short', bits.slice(3).map(() => 0)] as const]
              : []),
            ...more,
            ...(format ? [[339, 'short', bits.map(() => format)] as const] : []),
          ],
          data: { offsets, counts, pieces: data },
        },
      ],
      { ...(order && { order }) },
    );
  };

const planes = (picture: MadePicture): Buffer[] => [0, 1, 2].map((channel) => picture.plane(channel));
const floats = ({ rgb }: MadePicture): Buffer =>
  Buffer.from(Float32Array.from(rgb, (level) => level / 255).buffer);
const written =
  (options: object) =>
  ({ picture }: Making): Promise<Buffer> =>
    picture.image().tiff(options).toBuffer();

type Row = Omit<FileKind, 'format' | 'ending'>;
const taken = (name: string, make: FileKind['make'], more: Partial<Row> = {}): Row => ({
  name,
  make,
  outcome: 'taken',
  ...more,
});
const refused = (name: string, form: Form, says: string): Row => ({
  name,
  make: made(form),
  outcome: 'unsupported-format',
  says,
});

const ROWS: readonly Row[] = [
  taken('uncompressed', made({})),
  taken('big-endian', made({ order: 'MM' })),
  taken('separate channels', made({ planar: true, pieces: planes })),
  taken(
    'with a place on earth (GeoTIFF)',
    made({
      more: [
        [33_550, 'double', [0.5, 0.5, 0]],
        [33_922, 'double', [0, 0, 0, 8.5, 47.3, 0]],
        [34_735, 'short', [1, 1, 0, 1, 1_024, 0, 1, 2]],
      ],
    }),
  ),
  taken('deflate', made({ compression: 8, pieces: ({ rgb }) => [deflateSync(rgb)] })),
  taken('LZW', written({ compression: 'lzw' })),
  taken('PackBits', written({ compression: 'packbits' })),
  taken('JPEG inside', written({ compression: 'jpeg', quality: 95 }), { cosine: 0.95 }),
  taken('tiles', written({ compression: 'deflate', tile: true })),
  taken('16 bit', ({ picture }) =>
    picture.image().toColourspace('rgb16').tiff({ compression: 'none' }).toBuffer(),
  ),
  taken(
    '16 bit with a profile',
    ({ picture }) =>
      picture
        .image()
        .toColourspace('rgb16')
        .withIccProfile('p3')
        .tiff({ compression: 'lzw', predictor: 'none' })
        .toBuffer(),
    { cosine: 0.985 },
  ),
  taken(
    '24 megapixels of 72 MB',
    async ({ picture }) =>
      (await picture.stretched(6_000, 4_000)).image().tiff({ compression: 'none' }).toBuffer(),
    {
      isHeavy: true,
      variants: 1,
      rendering: ({ picture }) => picture.stretched(600, 400),
      cosine: 0.95,
    },
  ),
  taken(
    'Display P3',
    ({ picture }) => picture.image().withIccProfile('p3').tiff({ compression: 'lzw' }).toBuffer(),
    { cosine: 0.985 },
  ),
  taken(
    'grey',
    ({ picture }) =>
      picture.grey().image().greyscale().toColourspace('b-w').tiff({ compression: 'lzw' }).toBuffer(),
    {
      rendering: ({ picture }) => picture.grey(),
    },
  ),
  taken(
    'CMYK',
    ({ picture }) => picture.image().toColourspace('cmyk').tiff({ compression: 'lzw' }).toBuffer(),
    {
      cosine: 0.95,
      levels: 25,
    },
  ),
  refused('old JPEG compression', { compression: 6, photometric: 6 }, 'the old form of JPEG'),
  refused(
    'old JPEG compression in tiles',
    { compression: 6, photometric: 6, tiled: true },
    'the old form of JPEG',
  ),
  refused('LZMA', { compression: 34_925 }, 'LZMA'),
  refused('Zstandard', { compression: 50_000 }, 'Zstandard'),
  refused('LERC', { compression: 34_887 }, 'LERC'),
  refused('JPEG XL inside', { compression: 50_002 }, 'JPEG XL'),
  refused('Lab', { photometric: 8 }, 'Lab colours'),
  refused('Lab with transparency', { photometric: 8, bits: [8, 8, 8, 8] }, 'Lab colours'),
  refused('12 bit', { bits: [12, 12, 12] }, '12 bits a channel'),
  refused('unequal channels', { bits: [5, 6, 5] }, 'different depths'),
  refused(
    'floating point',
    { bits: [32, 32, 32], format: 3, pieces: (picture) => [floats(picture)] },
    'black and white',
  ),
  refused('doubles', { bits: [64], photometric: 1, format: 3 }, 'black and white'),
  refused('32 bit', { bits: [32], photometric: 1 }, 'black and white'),
  refused('signed', { bits: [16], photometric: 1, format: 2 }, 'black and white'),
  refused('five channels', { bits: [8, 8, 8, 8, 8] }, '5 channels'),
  refused(
    'tiles of separate channels',
    {
      tiled: true,
      planar: true,
      pieces: ({ width, height }) =>
        [0, 1, 2].map(() => Buffer.alloc(Math.ceil(width / 16) * 16 * Math.ceil(height / 16) * 16)),
    },
    'tiles of separate channels',
  ),
  {
    name: 'cut off',
    outcome: 'corrupt',
    make: async (making) => {
      const bytes = made({})(making);
      // The directory stands behind the pixels, so that some of them are taken out instead.
      const end = bytes.readUInt32LE(4);
      bytes.writeUInt32LE(bytes.length + 4_096, bytes.indexOf(Buffer.of(0x11, 0x01, 4, 0), end) + 8);
      return bytes;
    },
  },
];

export const TIFF_KINDS: readonly FileKind[] = ROWS.map((row) => ({ format: 'TIFF', ending: 'tif', ...row }));
