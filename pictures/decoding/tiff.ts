/** Reads the directories of a TIFF file: the form of TIFF itself, of most cameras' RAW files, and of EXIF. */

/** A directory's entries by tag: up to `MAX_VALUES` numbers each. */
export type TiffDirectory = ReadonlyMap<number, readonly number[]>;

export const TAG = {
  subfileType: 0xfe,
  width: 0x100,
  bitsPerSample: 0x102,
  compression: 0x103,
  photometric: 0x106,
  make: 0x10f,
  stripOffsets: 0x111,
  orientation: 0x112,
  samples: 0x115,
  planarConfiguration: 0x11c,
  tileOffsets: 0x144,
  subDirectories: 0x14a,
  sampleFormat: 0x153,
  dngVersion: 0xc612,
} as const;

const MAX_ENTRIES = 1_000;
const MAX_VALUES = 16;
/** Directories of a file that are looked at; one with more, or with a loop, is made up. */
const MAX_DIRECTORIES = 64;
/** Tiles or strips of a directory that are told apart. */
const MAX_PIECES = 65_536;
/** Bytes of a value by its type, for the types of whole numbers. */
const TYPE_BYTES: Readonly<Record<number, number>> = { 1: 1, 2: 1, 3: 2, 4: 4, 7: 1, 13: 4 };

/**
 * The first directory of a TIFF file, or of one of the RAW formats that differ from TIFF in their third byte; `undefined`
 * when there is none, or the file is a BigTIFF.
 */
export function firstDirectory(bytes: Uint8Array): TiffDirectory | undefined {
  const tiff = open(bytes);
  return tiff && readDirectory(tiff, tiff.first, MAX_VALUES)?.directory;
}

/**
 * Where the tiles and strips begin of which several make one picture, in all directories of a file and those below them:
 * each may be a JPEG file, and none is the picture.
 */
export function piecesOfPictures(bytes: Uint8Array): ReadonlySet<number> {
  const pieces = new Set<number>();
  const tiff = open(bytes);
  const waiting = tiff ? [tiff.first] : [];
  for (let seen = 0; tiff && seen < MAX_DIRECTORIES && waiting.length > 0; seen++) {
    const read = readDirectory(tiff, waiting.shift()!, MAX_PIECES);
    if (!read) continue;
    for (const tag of [TAG.stripOffsets, TAG.tileOffsets]) {
      const offsets = read.directory.get(tag) ?? [];
      if (offsets.length > 1) for (const offset of offsets) pieces.add(offset);
    }
    waiting.push(...(read.directory.get(TAG.subDirectories) ?? []).slice(0, MAX_DIRECTORIES));
    if (read.next > 0) waiting.push(read.next);
  }
  return pieces;
}

interface OpenTiff {
  readonly view: DataView;
  readonly little: boolean;
  /** Where the first directory begins. */
  readonly first: number;
}

function open(bytes: Uint8Array): OpenTiff | undefined {
  if (bytes.length < 8) return undefined;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const order = view.getUint16(0);
  if (order !== 0x4949 && order !== 0x4d4d) return undefined;
  const little = order === 0x4949;
  if (view.getUint16(2, little) === 43) return undefined;
  return { view, little, first: view.getUint32(4, little) };
}

function readDirectory({ view, little }: OpenTiff, at: number, maxValues: number) {
  const { byteLength } = view;
  if (at + 2 > byteLength) return undefined;
  const count = view.getUint16(at, little);
  const end = at + 2 + count * 12;
  const directory = new Map<number, readonly number[]>();
  for (
    let i = 0, entry = at + 2;
    i < Math.min(count, MAX_ENTRIES) && entry + 12 <= byteLength;
    i++, entry += 12
  ) {
    const size = TYPE_BYTES[view.getUint16(entry + 2, little)];
    if (!size) continue;
    const length = view.getUint32(entry + 4, little);
    const from = length * size <= 4 ? entry + 8 : view.getUint32(entry + 8, little);
    const values: number[] = [];
    for (let v = 0; v < Math.min(length, maxValues) && from + (v + 1) * size <= byteLength; v++) {
      const place = from + v * size;
      if (size === 1) values.push(view.getUint8(place));
      else values.push(size === 2 ? view.getUint16(place, little) : view.getUint32(place, little));
    }
    directory.set(view.getUint16(entry, little), values);
  }
  return { directory, next: end + 4 <= byteLength ? view.getUint32(end, little) : 0 };
}
