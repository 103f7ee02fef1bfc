/** Writes what cameras' RAW files look like to a reader of their previews: containers, thumbnails, previews, sensor data. */

import { ascii, type Directory, type Entry, tiffFile } from './tiff.ts';

export interface Parts {
  readonly thumbnail: Uint8Array;
  /** The camera's own JPEG of the picture; none in files that a converter made without one. */
  readonly preview?: Uint8Array;
  /** What stands for the sensor's data; begins like a JPEG of another coding in many cameras. */
  readonly sensor: Uint8Array;
}

const STRIPS = { offsets: 0x111, counts: 0x117 } as const;
const JPEG = { offsets: 0x201, counts: 0x202 } as const;
const TILES = { offsets: 0x144, counts: 0x145 } as const;

const reduced: Entry = [0xfe, 'long', [1]];
const size = (width: number, height: number): Entry[] => [
  [0x100, 'long', [width]],
  [0x101, 'long', [height]],
];
const camera = (make: string): Entry[] => [
  [0x10f, 'ascii', ascii(make)],
  [0x110, 'ascii', ascii(`${make} 1`)],
];
const held = (tags: { offsets: number; counts: number }, piece: Uint8Array | undefined): Directory[] =>
  piece ? [{ entries: [reduced, [0x103, 'short', [6]]], data: { ...tags, pieces: [piece] } }] : [];
const sensorOf = (
  pieces: readonly Uint8Array[],
  tags = STRIPS as { offsets: number; counts: number },
): Directory => ({
  entries: [...size(4_000, 3_000), [0x103, 'short', [7]], [0x106, 'short', [32_803]]],
  data: { ...tags, pieces },
});

/** A lossless JPEG (SOF3), as cameras pack their sensor's data: no picture to any reader of JPEG. */
export function sensorData(bytes: number): Buffer {
  const head = Buffer.from('ffd8ffc3000b0e0bb80fa0012200ffda0006010100000000', 'hex');
  return Buffer.concat([head, Buffer.alloc(bytes, 0x5a), Buffer.of(0xff, 0xd9)]);
}

/** Uncompressed RGB of 160 x 120 in the first directory, as Nikon and Adobe write thumbnails. */
const plainThumbnail = (make: string, more: Entry[], children: Directory[]): Directory => ({
  entries: [
    reduced,
    ...size(160, 120),
    [0x102, 'short', [8, 8, 8]],
    [0x103, 'short', [1]],
    [0x106, 'short', [2]],
    [0x115, 'short', [3]],
    [0x116, 'long', [120]],
    ...camera(make),
    ...more,
  ],
  data: { ...STRIPS, pieces: [Buffer.alloc(160 * 120 * 3, 90)] },
  children,
});

export const RAW_FILES: Readonly<Record<string, (parts: Parts) => Buffer>> = {
  nef: ({ preview, sensor }) =>
    tiffFile([plainThumbnail('NIKON', [], [...held(JPEG, preview), sensorOf([sensor])])], { order: 'MM' }),

  dng: ({ preview, sensor }) =>
    tiffFile([
      plainThumbnail(
        'Maker',
        [[0xc612, 'byte', [1, 4, 0, 0]]],
        [sensorOf([sensor, sensor], TILES), ...held(STRIPS, preview)],
      ),
    ]),

  arw: ({ thumbnail, preview, sensor }) =>
    tiffFile([
      {
        entries: [reduced, ...camera('SONY')],
        ...(preview && { data: { ...JPEG, pieces: [preview] } }),
        children: [sensorOf([sensor])],
      },
      ...held(JPEG, thumbnail),
    ]),

  cr2: ({ thumbnail, preview, sensor }) =>
    tiffFile(
      [
        {
          entries: [...size(1_936, 1_288), [0x103, 'short', [6]], ...camera('Canon')],
          data: { ...STRIPS, pieces: [preview ?? thumbnail] },
        },
        ...held(JPEG, thumbnail),
        sensorOf([sensor]),
      ],
      { mark: 'CR\x02\0\0\0\0\0' },
    ),

  pef: ({ thumbnail, preview, sensor }) =>
    tiffFile([sensorOf([sensor]), ...held(JPEG, thumbnail), ...held(JPEG, preview)], { order: 'MM' }),

  orf: ({ thumbnail, preview, sensor }) =>
    tiffFile(
      [
        {
          entries: [
            ...camera('OLYMPUS'),
            // The preview lies in the maker's note, in a form of its own.
            [
              0x927c,
              'undefined',
              Buffer.concat([Buffer.from('OLYMPUS\0II\x03\0'), thumbnail, preview ?? Buffer.alloc(0)]),
            ],
          ],
          data: { ...STRIPS, pieces: [sensor] },
        },
      ],
      { magic: 0x4f52 },
    ),

  rw2: ({ thumbnail, preview, sensor }) =>
    tiffFile(
      [
        {
          entries: [...camera('Panasonic'), [0x2e, 'undefined', preview ?? thumbnail]],
          data: { ...STRIPS, pieces: [sensor] },
        },
      ],
      { magic: 0x55 },
    ),

  raf: ({ thumbnail, preview, sensor }) => {
    const jpeg = preview ?? thumbnail;
    const head = Buffer.alloc(148);
    head.write('FUJIFILMCCD-RAW 0201FF383501', 'latin1');
    head.writeUInt32BE(head.length, 84);
    head.writeUInt32BE(jpeg.length, 88);
    return Buffer.concat([head, jpeg, sensor]);
  },

  cr3: ({ thumbnail, preview, sensor }) =>
    Buffer.concat([
      box('ftyp', Buffer.from('crx \0\0\0\x01crx isom', 'latin1')),
      box(
        'moov',
        box(
          'uuid',
          Buffer.concat([
            Buffer.alloc(16, 0x85),
            box('CMT1', tiffFile([{ entries: camera('Canon') }])),
            box('THMB', thumbnail),
          ]),
        ),
      ),
      ...(preview
        ? [
            box(
              'uuid',
              Buffer.concat([
                Buffer.alloc(16, 0xea),
                box('PRVW', Buffer.concat([Buffer.alloc(16), preview])),
              ]),
            ),
          ]
        : []),
      box('mdat', sensor),
    ]),
};

/** A DNG whose sensor data are tiles of ordinary JPEG, with no preview beside its thumbnail. */
export const dngOfTiles = (tile: Uint8Array): Buffer =>
  tiffFile([
    plainThumbnail('Maker', [[0xc612, 'byte', [1, 4, 0, 0]]], [sensorOf([tile, tile, tile, tile], TILES)]),
  ]);

function box(type: string, content: Uint8Array): Buffer {
  const made = Buffer.alloc(8 + content.length);
  made.writeUInt32BE(made.length);
  made.write(type, 4, 'latin1');
  made.set(content, 8);
  return made;
}
