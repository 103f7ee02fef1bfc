/** Follows the coded data of progressive JPEGs, scan by scan, without computing a pixel (ITU-T T.81, annex G). */

import { Averages, Bits, followUnits, NO_CODE, NO_ROOM } from './jpeg-bits.ts';
import type { Divisors, Frame, HuffmanTable, HuffmanTables } from './jpeg-structure.ts';
import { PICTURE_LIMITS } from './limits.ts';
import type { Turns } from './turns.ts';

/** By component, which coefficients of each block are not zero so far, in two words of 32: later scans refine them. */
type Known = ReadonlyMap<number, Uint32Array>;

/** Blocks of the largest picture that is taken, in four components. */
const MAX_BLOCKS = (4 * PICTURE_LIMITS.maxPixels) / 64;

/** Nothing for all components of a frame; `undefined` for one that is larger than any picture that is taken. */
export function nothingKnown({ components, unitsAcross, unitsDown }: Frame): Known | undefined {
  const units = unitsAcross * unitsDown;
  const blocks = components.reduce((sum, { across, down }) => sum + units * across * down, 0);
  if (blocks > MAX_BLOCKS) return undefined;
  return new Map(components.map(({ id, across, down }) => [id, new Uint32Array(2 * units * across * down)]));
}

const TOO_LONG = 'its data speak of more blocks than the picture has';

export interface ProgressiveScan {
  /** The frame of the file, and what its earlier scans have told of it; this one's coefficients are added. */
  readonly frame: Frame;
  readonly known: Known;
  readonly tables: HuffmanTables;
  readonly divisors: Divisors;
  /** Units between restarts, 0 where there are none. */
  readonly restart: number;
  /** The scan's own header, and where its data begin. */
  readonly content: Buffer;
  readonly from: number;
}

/** What is wrong with a scan; `undefined` when nothing is, or the decoder says it itself. */
export async function followProgressiveScan(
  bytes: Buffer,
  scan: ProgressiveScan,
  turns: Turns,
): Promise<string | undefined> {
  const first = scan.content[1 + (scan.content[0] ?? 0) * 2] ?? 0;
  return first === 0 ? followAverages(bytes, scan, turns) : followBand(bytes, scan, turns);
}

const isRefining = (approximation: number | undefined): boolean => (approximation ?? 0) >> 4 > 0;

/** The first coefficient of each block, of one component or of several in turn: a code, or a bit more of what is known. */
async function followAverages(
  bytes: Buffer,
  { frame, tables, divisors, restart, content, from }: ProgressiveScan,
  turns: Turns,
): Promise<string | undefined> {
  const count = content[0] ?? 0;
  const approximation = content[3 + count * 2] ?? 0;
  const refining = isRefining(approximation);
  let units = frame.unitsAcross * frame.unitsDown;
  const blocks: { readonly table: HuffmanTable; readonly averages: Averages }[] = [];
  for (let i = 0; i < count; i++) {
    const component = frame.components.find(({ id }) => id === content[1 + i * 2]);
    const table = tables.get((content[2 + i * 2] ?? 0) >> 4) ?? (refining ? NO_TABLE : undefined);
    if (!component || !table) return undefined;
    const averages = new Averages(component, divisors, approximation & 15);
    if (count === 1) units = component.blocksAcross * component.blocksDown;
    const ofUnit = count === 1 ? 1 : component.across * component.down;
    for (let block = 0; block < ofUnit; block++) blocks.push({ table, averages });
  }
  const bits = new Bits(bytes, from);
  const follow = (): string | undefined => {
    if (refining) bits.skip(blocks.length);
    else
      for (const { table, averages } of blocks) {
        const damage = averages.follow(bits, table);
        if (damage) return damage;
      }
    return undefined;
  };
  const atEnd = (): undefined => {
    for (const { averages } of blocks) averages.restart();
  };
  return followUnits(bytes, bits, { units, restart, follow, atEnd }, turns);
}

/** Refining needs none. */
const NO_TABLE: HuffmanTable = { whole: new Uint16Array(), short: new Uint16Array() };

/** Other coefficients, of one component. */
async function followBand(
  bytes: Buffer,
  { frame, known, tables, restart, content, from }: ProgressiveScan,
  turns: Turns,
): Promise<string | undefined> {
  const [count, id, numbers = 0, start = 0, end = 0, approximation] = content;
  const component = frame.components.find((each) => each.id === id);
  const table = tables.get(16 + (numbers & 15));
  if (count !== 1 || !component || !table || end < start || end > 63) return undefined;
  const { blocksAcross, blocksDown, across } = component;
  const words = known.get(component.id)!;
  const bits = new Bits(bytes, from);
  const refining = isRefining(approximation);
  // Blocks that have nothing new, counted from the one in which that was said.
  let run = 0;

  const follow = (block: number): string | undefined => {
    const row = Math.floor(block / blocksAcross);
    const word = 2 * (row * frame.unitsAcross * across + block - row * blocksAcross);
    let at = start;
    while (run === 0 && at <= end) {
      const symbol = bits.symbol(table);
      if (symbol < 0) return NO_CODE;
      const [zeros, size] = [symbol >> 4, symbol & 15];
      if (size === 0 && zeros < 15) {
        run = (1 << zeros) + bits.number(zeros);
        break;
      }
      if (refining) {
        if (size > 1) return NO_CODE;
        // Coefficients that are known are not counted among the zeros, and have a bit each.
        for (let left = zeros; at <= end; at++) {
          if (isKnown(words, word, at)) bits.skip(1);
          else if (left-- === 0) break;
        }
      } else at += zeros;
      if (at > end) return NO_ROOM;
      if (size > 0) words[word + (at >> 5)]! |= 1 << (at & 31);
      at++;
    }
    if (run > 0) {
      if (refining) bits.skip(knownFrom(words, word, at, end));
      run--;
    }
    return undefined;
  };
  const atEnd = (): string | undefined => {
    const isTooLong = run > 0;
    run = 0;
    return isTooLong ? TOO_LONG : undefined;
  };
  return followUnits(bytes, bits, { units: blocksAcross * blocksDown, restart, follow, atEnd }, turns);
}

const isKnown = (words: Uint32Array, word: number, coefficient: number): boolean =>
  ((words[word + (coefficient >> 5)]! >>> (coefficient & 31)) & 1) === 1;

/** How many coefficients of a band are known. */
function knownFrom(words: Uint32Array, word: number, start: number, end: number): number {
  let known = 0;
  for (let half = 0; half < 2; half++)
    for (let rest = words[word + half]!; rest !== 0; rest &= rest - 1) {
      const at = half * 32 + 31 - Math.clz32(rest & -rest);
      if (at >= start && at <= end) known++;
    }
  return known;
}
