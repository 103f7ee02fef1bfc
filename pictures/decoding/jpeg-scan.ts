/**
 * Follows the coded data of JPEGs, code by code, without computing a pixel: libjpeg reads past most damage without a word, but
 * data that were changed hardly ever give as many blocks as the picture has (ITU-T T.81, annex F).
 */

import { PictureRejected } from './errors.ts';
import { Averages, Bits, followUnits, NO_CODE, NO_ROOM } from './jpeg-bits.ts';
import { followProgressiveScan, nothingKnown } from './jpeg-progressive.ts';
import {
  type Divisors,
  type Frame,
  type HuffmanTable,
  HuffmanTables,
  markerFrom,
  readDivisors,
  readFrame,
} from './jpeg-structure.ts';
import type { Turns } from './turns.ts';

/** Zeros as many as the smallest sector of a disk that lost it: never in a scan whose tables give zeros another meaning. */
const HOLE_BYTES = 512;

/**
 * Scans of one picture: encoders write up to a few dozen, and each costs a look at all blocks, however few bytes it has.
 */
const MAX_SCANS = 200;

/**
 * What is wrong with the data of a JPEG, or `undefined`; of other codings than Huffman's the decoder says it itself.
 *
 * @throws PictureRejected when it has more scans, or takes more time, than any picture should
 */
export async function damageOf(bytes: Buffer, turns: Turns): Promise<string | undefined> {
  let frame: Frame | undefined;
  let known: ReturnType<typeof nothingKnown> | undefined;
  let restart = 0;
  let scans = 0;
  const tables = new HuffmanTables();
  const divisors: Divisors = new Map();
  for (let at = markerFrom(bytes, 2); at + 4 <= bytes.length; ) {
    const marker = bytes[at + 1]!;
    const next = at + 2 + bytes.readUInt16BE(at + 2);
    if (next > bytes.length) return undefined;
    const content = bytes.subarray(at + 4, next);
    if (marker >= 0xc0 && marker <= 0xc2) {
      // Of a second one, or one that is too large, the decoder says it.
      if (frame) return undefined;
      frame = readFrame(content);
      known = frame && marker === 0xc2 ? nothingKnown(frame) : undefined;
      if (!frame || (marker === 0xc2 && !known)) return undefined;
    }
    if (marker === 0xda && ++scans > MAX_SCANS) throw tooManyScans();
    if (marker === 0xc4) tables.read(content);
    else if (marker === 0xdb) readDivisors(content, divisors);
    else if (marker === 0xdd && content.length >= 2) restart = content.readUInt16BE();
    else if (marker === 0xd9) return undefined;
    else if (marker === 0xda && frame && known) {
      const about = { frame, known, tables, divisors, restart, content, from: next };
      const damage = await followProgressiveScan(bytes, about, turns);
      if (damage) return damage;
    } else if (marker === 0xda) {
      const scan = frame && readScan(content, frame, tables, divisors);
      if (!scan) return undefined;
      const damage = holeOf(bytes, next, scan) ?? (await followScan(bytes, next, scan, restart, turns));
      // One that holds all components is the only one, as for libjpeg.
      if (damage || scan.isWhole) return damage;
    }
    at = markerFrom(bytes, next);
  }
  return undefined;
}

const tooManyScans = (): PictureRejected =>
  new PictureRejected(
    'unsupported-format',
    `The JPEG has more than ${MAX_SCANS} scans. Save it again, as a plain or a progressive JPEG.`,
  );

interface Scan {
  /** The tables of each block of a unit, in their order, and the averages of its component. */
  readonly blocks: readonly {
    readonly dc: HuffmanTable;
    readonly ac: HuffmanTable;
    readonly averages: Averages;
  }[];
  readonly units: number;
  readonly isWhole: boolean;
}

/** `undefined` when the decoder will say what is wrong. */
function readScan(
  content: Buffer,
  frame: Frame,
  tables: HuffmanTables,
  divisors: Divisors,
): Scan | undefined {
  const { components } = frame;
  const count = content[0] ?? 0;
  const blocks: Scan['blocks'][number][] = [];
  let units = frame.unitsAcross * frame.unitsDown;
  for (let i = 0; i < count; i++) {
    const component = components.find(({ id }) => id === content[1 + i * 2]);
    const numbers = content[2 + i * 2] ?? 0;
    const dc = tables.get(numbers >> 4);
    const ac = tables.get(16 + (numbers & 15));
    if (!component || !dc || !ac) return undefined;
    const { across, down } = component;
    const averages = new Averages(component, divisors, 0);
    // A component that comes alone comes block by block, and without the blocks that only fill up units.
    if (count === 1) units = component.blocksAcross * component.blocksDown;
    for (let block = 0; block < (count === 1 ? 1 : across * down); block++) blocks.push({ dc, ac, averages });
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
  turns: Turns,
): Promise<string | undefined> {
  const bits = new Bits(bytes, from);
  const follow = (): string | undefined => {
    for (let block = 0; block < blocks.length; block++) {
      const { dc, ac, averages } = blocks[block]!;
      const damage = averages.follow(bits, dc);
      if (damage) return damage;
      for (let coefficient = 1; coefficient < 64; ) {
        const symbol = bits.symbol(ac);
        if (symbol < 0) return NO_CODE;
        if ((symbol & 15) === 0) {
          if (symbol !== 0xf0) break;
          coefficient += 16;
        } else {
          coefficient += 1 + (symbol >> 4);
          if (coefficient > 64) return NO_ROOM;
        }
      }
    }
    return undefined;
  };
  const atEnd = (): undefined => {
    for (const { averages } of blocks) averages.restart();
  };
  return followUnits(bytes, bits, { units, restart, follow, atEnd }, turns);
}
