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
  orientation: 0x112,
  samples: 0x115,
  rowsPerStrip: 0x116,
  subDirectories: 0x14a,
  dngVersion: 0xc612,
} as const;

const MAX_ENTRIES = 1_000;
const MAX_VALUES = 16;
/** Bytes of a value by its type, for the types of whole numbers. */
const TYPE_BYTES: Readonly<Record<number, number>> = { 1: 1, 2: 1, 3: 2, 4: 4, 7: 1, 13: 4 };

/**
 * The first directory of a TIFF file, or of one of the RAW formats that differ from TIFF in their third byte; `undefined`
 * when there is none, or the file is a BigTIFF.
 */
export function firstDirectory(bytes: Uint8Array): TiffDirectory | undefined {
  if (bytes.length < 8) return undefined;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const order = view.getUint16(0);
  if (order !== 0x4949 && order !== 0x4d4d) return undefined;
  const little = order === 0x4949;
  if (view.getUint16(2, little) === 43) return undefined;
  const at = view.getUint32(4, little);
  if (at + 2 > bytes.length) return undefined;
  const entries = Math.min(MAX_ENTRIES, view.getUint16(at, little));
  const directory = new Map<number, readonly number[]>();
  for (let entry = at + 2; entry < at + 2 + entries * 12 && entry + 12 <= bytes.length; entry += 12) {
    const size = TYPE_BYTES[view.getUint16(entry + 2, little)];
    if (!size) continue;
    const count = view.getUint32(entry + 4, little);
    const from = count * size <= 4 ? entry + 8 : view.getUint32(entry + 8, little);
    const values: number[] = [];
    for (let i = 0; i < Math.min(count, MAX_VALUES) && from + (i + 1) * size <= bytes.length; i++) {
      const place = from + i * size;
      values.push(
        size === 1
          ? bytes[place]!
          : size === 2
            ? view.getUint16(place, little)
            : view.getUint32(place, little),
      );
    }
    directory.set(view.getUint16(entry, little), values);
  }
  return directory;
}
