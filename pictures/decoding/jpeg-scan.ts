/**
 * Follows the coded data of JPEGs, code by code, without computing a pixel: libjpeg reads past most damage without a word, but
 * data that were changed hardly ever give as many blocks as the picture has (ITU-T T.81, annex F).
 */

import { Bits, followUnits, NO_CODE, NO_ROOM } from './jpeg-bits.ts';
import { followProgressiveScan, nothingKnown } from './jpeg-progressive.ts';
import {
  type Frame,
  type HuffmanTable,
  type HuffmanTables,
  markerFrom,
  readFrame,
  readTables,
} from './jpeg-structure.ts';

/** Zeros as many as the smallest sector of a disk that lost it: never in a scan whose tables give zeros another meaning. */
const HOLE_BYTES = 512;

/** What is wrong with the data of a JPEG, or `undefined`; of other codings than Huffman's the decoder says it itself. */
export function damageOf(bytes: Buffer): string | undefined {
  let frame: Frame | undefined;
  let known: ReturnType<typeof nothingKnown> | undefined;
  let restart = 0;
  const tables: HuffmanTables = new Map();
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
    if (marker === 0xc4) readTables(content, tables);
    else if (marker === 0xdd && content.length >= 2) restart = content.readUInt16BE();
    else if (marker === 0xd9) return undefined;
    else if (marker === 0xda && frame && known) {
      const damage = followProgressiveScan(bytes, { frame, known, tables, restart, content, from: next });
      if (damage) return damage;
    } else if (marker === 0xda) {
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

interface Scan {
  /** The tables of each block of a unit, in their order. */
  readonly blocks: readonly { readonly dc: HuffmanTable; readonly ac: HuffmanTable }[];
  readonly units: number;
  readonly isWhole: boolean;
}

/** `undefined` when the decoder will say what is wrong. */
function readScan(content: Buffer, frame: Frame, tables: HuffmanTables): Scan | undefined {
  const { components } = frame;
  const count = content[0] ?? 0;
  const blocks: { dc: HuffmanTable; ac: HuffmanTable }[] = [];
  let units = frame.unitsAcross * frame.unitsDown;
  for (let i = 0; i < count; i++) {
    const component = components.find(({ id }) => id === content[1 + i * 2]);
    const numbers = content[2 + i * 2] ?? 0;
    const dc = tables.get(numbers >> 4);
    const ac = tables.get(16 + (numbers & 15));
    if (!component || !dc || !ac) return undefined;
    const { across, down } = component;
    // A component that comes alone comes block by block, and without the blocks that only fill up units.
    if (count === 1) units = component.blocksAcross * component.blocksDown;
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
  const bits = new Bits(bytes, from);
  return followUnits(bytes, bits, { units, restart }, () => {
    for (let block = 0; block < blocks.length; block++) {
      const { dc, ac } = blocks[block]!;
      if (bits.symbol(dc) < 0) return NO_CODE;
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
  });
}
