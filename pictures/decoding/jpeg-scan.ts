/**
 * Follows the coded data of sequential JPEGs, code by code, without computing a pixel: libjpeg reads past most damage without a
 * word, but data that were changed hardly ever give as many blocks as the picture has (ITU-T T.81, annex F).
 */

/** A Huffman table: for every 16 bits that may come, `(bits of code and value) << 8 | symbol`; 0 where no code begins so. */
interface HuffmanTable {
  readonly whole: Uint16Array;
  /** The same by the first `SHORT_BITS` of them, 0 where the code is longer: it stays in the processor's nearest cache. */
  readonly short: Uint16Array;
}

interface Component {
  readonly id: number;
  readonly across: number;
  readonly down: number;
}

interface Frame {
  readonly width: number;
  readonly height: number;
  readonly components: readonly Component[];
}

const SHORT_BITS = 10;

/** Zeros as many as the smallest sector of a disk that lost it: never in a scan whose tables give zeros another meaning. */
const HOLE_BYTES = 512;

/** Bytes other than zeros behind the last block: encoders round up, and none leaves as much. */
const LEFT_BYTES = 8;

/** What is wrong with the data of a JPEG, or `undefined`; of progressive and other ones the decoder says it itself. */
export function damageOf(bytes: Buffer): string | undefined {
  let frame: Frame | undefined;
  let restart = 0;
  const tables = new Map<number, HuffmanTable>();
  for (let at = markerFrom(bytes, 2); at + 4 <= bytes.length; ) {
    const marker = bytes[at + 1]!;
    const next = at + 2 + bytes.readUInt16BE(at + 2);
    if (next > bytes.length) return undefined;
    const content = bytes.subarray(at + 4, next);
    if (marker === 0xc0 || marker === 0xc1) frame = readFrame(content);
    else if (marker === 0xc4) readTables(content, tables);
    else if (marker === 0xdd && content.length >= 2) restart = content.readUInt16BE();
    else if (marker === 0xd9) return undefined;
    else if (marker === 0xda) {
      const scan = frame && readScan(content, frame, tables);
      if (!scan) return undefined;
      const damage = holeOf(bytes, next, scan) ?? followScan(bytes, next, scan, restart);
      // One that holds all components is the only one, as for libjpeg.
      if (damage || scan.isWhole) return damage;
    }
    at = markerFrom(bytes, next);
  }
  return undefined;
}

/** Where the next marker begins, past data, stuffed bytes and restarts. */
function markerFrom(bytes: Buffer, from: number): number {
  for (
    let at = bytes.indexOf(0xff, from);
    at >= 0 && at + 1 < bytes.length;
    at = bytes.indexOf(0xff, at + 1)
  ) {
    const marker = bytes[at + 1]!;
    if (marker !== 0 && marker !== 0xff && !isRestart(marker)) return at;
  }
  return bytes.length;
}

const isRestart = (marker: number): boolean => marker >= 0xd0 && marker <= 0xd7;

function readFrame(content: Buffer): Frame | undefined {
  const count = content[5] ?? 0;
  if (content[0] !== 8 || content.length < 6 + count * 3) return undefined;
  const components = Array.from({ length: count }, (_, i) => ({
    id: content[6 + i * 3]!,
    across: content[7 + i * 3]! >> 4,
    down: content[7 + i * 3]! & 15,
  }));
  // Of such a frame the decoder says itself what is wrong.
  if (components.length === 0 || components.some(({ across, down }) => across === 0 || down === 0))
    return undefined;
  return { height: content.readUInt16BE(1), width: content.readUInt16BE(3), components };
}

/** @param tables By class and number, as they stand in the file. */
function readTables(content: Buffer, tables: Map<number, HuffmanTable>): void {
  for (let at = 0; at + 17 <= content.length; ) {
    const whole = new Uint16Array(65_536);
    const isDc = content[at]! < 16;
    let symbol = at + 17;
    let code = 0;
    for (let bits = 1; bits <= 16; bits++) {
      const step = 65_536 >> bits;
      for (let count = content[at + bits]!; count > 0; count--, symbol++, code += step) {
        const value = content[symbol] ?? 0;
        whole.fill(((bits + (isDc ? Math.min(value, 16) : value & 15)) << 8) | value, code, code + step);
      }
    }
    const short = new Uint16Array(1 << SHORT_BITS);
    const apart = 16 - SHORT_BITS;
    for (let i = 0; i < short.length; i++) {
      const first = whole[i << apart]!;
      if (first === whole[((i + 1) << apart) - 1]) short[i] = first;
    }
    tables.set(content[at]!, { whole, short });
    at = symbol;
  }
}

interface Scan {
  /** The tables of each block of a unit, in their order. */
  readonly blocks: readonly { readonly dc: HuffmanTable; readonly ac: HuffmanTable }[];
  readonly units: number;
  readonly isWhole: boolean;
}

/** `undefined` when the decoder will say what is wrong. */
function readScan(
  content: Buffer,
  frame: Frame,
  tables: ReadonlyMap<number, HuffmanTable>,
): Scan | undefined {
  const { width, height, components } = frame;
  const widest = Math.max(...components.map(({ across }) => across));
  const highest = Math.max(...components.map(({ down }) => down));
  const count = content[0] ?? 0;
  const blocks: { dc: HuffmanTable; ac: HuffmanTable }[] = [];
  let units = Math.ceil(width / (8 * widest)) * Math.ceil(height / (8 * highest));
  for (let i = 0; i < count; i++) {
    const component = components.find(({ id }) => id === content[1 + i * 2]);
    const numbers = content[2 + i * 2] ?? 0;
    const dc = tables.get(numbers >> 4);
    const ac = tables.get(16 + (numbers & 15));
    if (!component || !dc || !ac) return undefined;
    const { across, down } = component;
    // A component that comes alone comes block by block, and without the blocks that only fill up units.
    if (count === 1)
      units =
        Math.ceil(Math.ceil((width * across) / widest) / 8) *
        Math.ceil(Math.ceil((height * down) / highest) / 8);
    for (let block = 0; block < (count === 1 ? 1 : across * down); block++) blocks.push({ dc, ac });
  }
  return { blocks, units, isWhole: count === components.length };
}

/**
 * Whether zeros stand where data should. Where the tables write a block of unchanged colour as zeros, only more of them than the
 * picture has blocks are a hole.
 */
function holeOf(bytes: Buffer, from: number, { blocks, units }: Scan): string | undefined {
  const zeros = ({ whole }: HuffmanTable): number => ((whole[0]! & 255) === 0 ? whole[0]! >> 8 : Number.NaN);
  const bits = units * blocks.reduce((sum, { dc, ac }) => sum + zeros(dc) + zeros(ac), 0);
  const hole = Buffer.alloc(Math.max(HOLE_BYTES, Number.isNaN(bits) ? 0 : Math.ceil(bits / 8) + 1));
  const at = bytes.indexOf(hole, from);
  return at >= 0 && at < markerFrom(bytes, from)
    ? 'a stretch in its middle holds nothing but zeros'
    : undefined;
}

/** Reads a scan's codes as far as they make sense. */
function followScan(
  bytes: Buffer,
  from: number,
  { blocks, units }: Scan,
  restart: number,
): string | undefined {
  let at = from;
  for (let unit = 0, restarts = 0; unit < units; restarts++) {
    // The last bits that were read stand at the right; fewer than none are there when a value goes on in the next bytes.
    let last = 0;
    let bits = 0;
    // Zeros that stand for what is missing behind the end of the data, as in libjpeg.
    let made = 0;
    const end = restart > 0 ? Math.min(units, unit + restart) : units;
    for (; unit < end && made <= bits; unit++) {
      for (let block = 0; block < blocks.length; block++) {
        const { dc, ac } = blocks[block]!;
        let { short, whole } = dc;
        for (let coefficient = 0; coefficient < 64; ) {
          while (bits < 16) {
            let byte = at < bytes.length ? bytes[at++]! : 0xff;
            if (byte === 0xff) {
              if (bytes[at] === 0) at++;
              else {
                if (at < bytes.length) at--;
                byte = 0;
                made += 8;
              }
            }
            last = (last << 8) | byte;
            bits += 8;
          }
          const ahead = (last >>> (bits - 16)) & 0xffff;
          const entry = short[ahead >> (16 - SHORT_BITS)]! || whole[ahead]!;
          if (entry === 0) return 'its data hold a code that its tables do not have';
          bits -= entry >> 8;
          if (coefficient === 0) {
            coefficient = 1;
            ({ short, whole } = ac);
          } else if ((entry & 15) === 0) {
            if ((entry & 255) !== 0xf0) break;
            coefficient += 16;
          } else {
            coefficient += 1 + ((entry & 255) >> 4);
            if (coefficient > 64) return 'its data hold more than blocks have room for';
          }
        }
      }
    }
    if (made > bits) return 'its data end too early';
    const marker = markerAfter(bytes, at);
    let left = (bits - made) >> 3;
    for (; at < marker; at++) if (bytes[at] !== 0) left++;
    if (left >= LEFT_BYTES) return 'its data hold more blocks than the picture has';
    if (unit < units && bytes[marker + 1] !== 0xd0 + (restarts & 7)) return 'its data lost their order';
    at = marker + 2;
  }
  return undefined;
}

/** Where the next marker begins, a restart too. */
function markerAfter(bytes: Buffer, from: number): number {
  for (let at = bytes.indexOf(0xff, from); at >= 0; at = bytes.indexOf(0xff, at + 1)) {
    if (bytes[at + 1] !== 0 && bytes[at + 1] !== 0xff) return at;
  }
  return bytes.length;
}
