/** Writes TIFF files of any kind, directory by directory: also the skeleton of most cameras' RAW files. */

const TYPES = {
  byte: 1,
  ascii: 2,
  short: 3,
  long: 4,
  rational: 5,
  undefined: 7,
  sshort: 8,
  double: 12,
} as const;
const BYTES: Readonly<Record<keyof typeof TYPES, number>> = {
  byte: 1,
  ascii: 1,
  short: 2,
  long: 4,
  rational: 8,
  undefined: 1,
  sshort: 2,
  double: 8,
};

/** Numbers (two for each rational), or bytes as they are. */
export type Entry = readonly [tag: number, type: keyof typeof TYPES, values: readonly number[] | Uint8Array];

export interface Directory {
  readonly entries: readonly Entry[];
  /** What the file holds for this directory, and the tags that say where each piece begins and how long it is. */
  readonly data?: {
    readonly offsets: number;
    readonly counts: number;
    readonly pieces: readonly Uint8Array[];
  };
  /** Directories below this one (tag 0x14A). */
  readonly children?: readonly Directory[];
}

export interface TiffOptions {
  /** @default 'II' */
  readonly order?: 'II' | 'MM';
  /** The two bytes after the order. @default 42 */
  readonly magic?: number;
  /** Bytes between the header of eight bytes and what follows. */
  readonly mark?: string;
}

const SUB_DIRECTORIES = 0x14a;

/** A file of these directories, one after the other in its chain. */
export function tiffFile(directories: readonly Directory[], options: TiffOptions = {}): Buffer {
  const { order = 'II', magic = 42, mark = '' } = options;
  const little = order === 'II';
  const parts: Buffer[] = [];
  let length = 0;
  const put = (bytes: Uint8Array): number => {
    const at = length;
    const padded = Buffer.alloc(bytes.length + (bytes.length % 2));
    padded.set(bytes);
    parts.push(padded);
    length += padded.length;
    return at;
  };
  const number = (value: number, bytes: number): Buffer => {
    const made = Buffer.alloc(bytes);
    if (bytes === 8) little ? made.writeDoubleLE(value) : made.writeDoubleBE(value);
    else if (little) made.writeUIntLE(value, 0, bytes);
    else made.writeUIntBE(value, 0, bytes);
    return made;
  };
  const encoded = ([, type, values]: Entry): Buffer =>
    values instanceof Uint8Array
      ? Buffer.from(values)
      : Buffer.concat(values.map((value) => number(value, type === 'rational' ? 4 : BYTES[type])));

  const header = put(Buffer.concat([Buffer.from(order), number(magic, 2), number(0, 4), Buffer.from(mark)]));
  /** Puts what a directory points to before it. @returns where the directory begins, and where its link to the next stands */
  const write = ({ entries, data, children = [] }: Directory): { at: number; link: number } => {
    const all = [...entries];
    if (data) {
      all.push([data.offsets, 'long', data.pieces.map(put)]);
      all.push([data.counts, 'long', data.pieces.map((piece) => piece.length)]);
    }
    if (children.length > 0) all.push([SUB_DIRECTORIES, 'long', children.map((child) => write(child).at)]);
    const rows = all
      .sort(([a], [b]) => a - b)
      .map((entry) => {
        const [tag, type] = entry;
        const value = encoded(entry);
        const content =
          value.length > 4 ? number(put(value), 4) : Buffer.concat([value, Buffer.alloc(4 - value.length)]);
        return Buffer.concat([
          number(tag, 2),
          number(TYPES[type], 2),
          number(value.length / BYTES[type], 4),
          content,
        ]);
      });
    const at = put(Buffer.concat([number(rows.length, 2), ...rows, number(0, 4)]));
    return { at, link: at + 2 + rows.length * 12 };
  };
  const links: { at: number; link: number }[] = directories.map(write);
  const file = Buffer.concat(parts);
  let link = header + 4;
  for (const directory of links) {
    file.set(number(directory.at, 4), link);
    link = directory.link;
  }
  return file;
}

export const ascii = (text: string): Buffer => Buffer.from(`${text}\0`, 'latin1');
