/** Reads the coded data of a JPEG's scan: bits, codes, and the units and restarts that they make up. */

import {
  type Component,
  type Divisors,
  type HuffmanTable,
  markerAfter,
  SHORT_BITS,
} from './jpeg-structure.ts';
import type { Turns } from './turns.ts';

export const NO_CODE = 'its data hold a code that its tables do not have';
export const NO_ROOM = 'its data hold more than blocks have room for';
const TOO_BRIGHT = 'its data speak of light that no picture has';
const TOO_FEW = 'its data end too early';

/** Bytes other than zeros behind the last block: encoders round up, and none leaves as much. */
const LEFT_BYTES = 8;

/**
 * The largest average of a block, times eight, as it is coded: pixels reach 1,024 on either side of grey. Editors that change
 * brightness without decoding may go beyond; data that are not the picture's go on without end.
 */
const MAX_AVERAGE = 4_096;

/** Averages of one component's blocks, each coded as its difference from the one before. */
export class Averages {
  #last = 0;
  readonly #most: number;

  /** @param shift bits that this scan leaves out */
  constructor({ quantised }: Component, divisors: Divisors, shift: number) {
    this.#most = MAX_AVERAGE / (Math.max(1, divisors.get(quantised) ?? 1) << shift) + 1;
  }

  /** Begins again with grey, as every restart does. */
  restart(): void {
    this.#last = 0;
  }

  /** What is wrong with the next average, or `undefined`. */
  follow(bits: Bits, table: HuffmanTable): string | undefined {
    const difference = bits.difference(table);
    if (difference === undefined) return NO_CODE;
    this.#last += difference;
    return this.#last > this.#most || -this.#last > this.#most ? TOO_BRIGHT : undefined;
  }
}

/** Reads bits of a scan; zeros behind its end, as libjpeg does. */
export class Bits {
  /** The last bits that were read stand at the right; fewer than none are there when a value goes on in the next bytes. */
  private last = 0;
  private bits = 0;
  /** Bits that are not in the file. */
  private made = 0;

  constructor(
    private readonly bytes: Buffer,
    public at: number,
  ) {}

  /** The symbol of the next code, or -1 when there is no such code; the bits of its value are read past with it. */
  symbol({ short, whole }: HuffmanTable): number {
    this.fill();
    const ahead = (this.last >>> (this.bits - 16)) & 0xffff;
    const entry = short[ahead >> (16 - SHORT_BITS)]! || whole[ahead]!;
    if (entry === 0) return -1;
    this.bits -= entry >> 8;
    return entry & 255;
  }

  /** The difference that the next code and its value stand for, or `undefined` when there is no such code. */
  difference({ short, whole }: HuffmanTable): number | undefined {
    this.fill();
    const ahead = (this.last >>> (this.bits - 16)) & 0xffff;
    const entry = short[ahead >> (16 - SHORT_BITS)]! || whole[ahead]!;
    if (entry === 0) return undefined;
    const size = Math.min(entry & 255, 16);
    this.bits -= (entry >> 8) - size;
    if (size === 0) return 0;
    const value = this.number(size);
    return value < 1 << (size - 1) ? value - (1 << size) + 1 : value;
  }

  /** A number of up to 16 bits. */
  number(count: number): number {
    this.fill();
    this.bits -= count;
    return (this.last >>> this.bits) & ((1 << count) - 1);
  }

  skip(count: number): void {
    for (let rest = count; rest > 0; rest -= 16) this.number(Math.min(rest, 16));
  }

  /** Whether more was read than there is. */
  get isPast(): boolean {
    if (this.bits < 0) this.fill();
    return this.made > this.bits;
  }

  /** Whole bytes that were read and not used. */
  get left(): number {
    return (this.bits - this.made) >> 3;
  }

  /** Begins again with the bytes at `at`. */
  restart(at: number): void {
    this.at = at;
    this.last = 0;
    this.bits = 0;
    this.made = 0;
  }

  private fill(): void {
    const { bytes } = this;
    while (this.bits < 16) {
      let byte = this.at < bytes.length ? bytes[this.at++]! : 0xff;
      if (byte === 0xff) {
        if (bytes[this.at] === 0) this.at++;
        else {
          if (this.at < bytes.length) this.at--;
          byte = 0;
          this.made += 8;
        }
      }
      this.last = (this.last << 8) | byte;
      this.bits += 8;
    }
  }
}

/** Units that are read before it is asked whose turn it is. */
const UNITS_AT_ONCE = 1_024;

export interface Units {
  readonly units: number;
  /** Units between restarts, 0 where there are none. */
  readonly restart: number;
  /** Reads one unit. @returns what is wrong */
  readonly follow: (unit: number) => string | undefined;
  /** Asked at the end of each interval. @returns what is wrong */
  readonly atEnd: () => string | undefined;
}

/**
 * Goes through the units of a scan, from restart to restart.
 *
 * @returns what is wrong
 */
export async function followUnits(
  bytes: Buffer,
  bits: Bits,
  { units, restart, follow, atEnd }: Units,
  turns: Turns,
): Promise<string | undefined> {
  for (let unit = 0, restarts = 0; unit < units; restarts++) {
    const end = restart > 0 ? Math.min(units, unit + restart) : units;
    while (unit < end && !bits.isPast) {
      const stop = Math.min(end, unit + UNITS_AT_ONCE);
      if (turns.isOver(stop - unit)) await turns.next();
      for (; unit < stop && !bits.isPast; unit++) {
        const damage = follow(unit);
        if (damage) return damage;
      }
    }
    if (bits.isPast) return TOO_FEW;
    const damage = atEnd();
    if (damage) return damage;
    const next = endInterval(bytes, bits.at, bits.left, unit < units ? restarts & 7 : undefined);
    if (typeof next === 'string') return next;
    bits.restart(next);
  }
  return undefined;
}

/**
 * What is wrong with the end of an interval, after its last block.
 *
 * @param at where the next byte would be read
 * @param left bytes that were read and not used
 * @param restart the number of the restart that has to follow; `undefined` after the last interval
 * @returns where the next interval begins, or what is wrong
 */
function endInterval(bytes: Buffer, at: number, left: number, restart: number | undefined): number | string {
  const marker = markerAfter(bytes, at);
  for (let i = at; i < marker; i++) if (bytes[i] !== 0) left++;
  if (left >= LEFT_BYTES) return 'its data hold more blocks than the picture has';
  if (restart !== undefined && bytes[marker + 1] !== 0xd0 + restart) return 'its data lost their order';
  return marker + 2;
}
