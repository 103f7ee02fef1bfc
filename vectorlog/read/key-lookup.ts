/** Finds the row of a key among a million rows, at 16 to 32 bytes a row: an open-addressing hash table over the row lines. */

import { IndexDamaged } from '../commit/errors.ts';
import type { RowLines } from './row-lines.ts';

/** Every line of the rows file begins with this; the key follows, escaped as `JSON.stringify` does. */
const BEFORE_KEY = Buffer.from('{"key":"');
const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const MIN_SLOTS = 1024;
const SLOT_BYTES = 8;

/** Slots for so many keys, at most half of them taken. */
const slotsFor = (keys: number): number => Math.max(MIN_SLOTS, 2 ** Math.ceil(Math.log2(keys * 2)));

/**
 * Keys are compared as they stand in the lines, escaped, which spares parsing them: one key has one spelling there.
 * A key that several rows have is found at the last of them, the only one that can be alive, or at the last one of an
 * earlier generation.
 */
export class KeyLookup {
  readonly #lines: RowLines;
  #slots = new Uint32Array(MIN_SLOTS);
  #hashes = new Uint32Array(MIN_SLOTS);
  /** The row before of the same key, for the few rows that have one. */
  readonly #earlier = new Map<number, number>();
  #used = 0;
  #rows = 0;

  constructor(lines: RowLines) {
    this.#lines = lines;
  }

  /** Bytes that the table takes for `rows` rows. */
  static bytesFor(rows: number): number {
    return slotsFor(Math.max(1, rows)) * SLOT_BYTES;
  }

  /** Takes in the lines that were added since the last call. */
  update(): void {
    this.#reserve(this.#used + this.#lines.length - this.#rows);
    for (; this.#rows < this.#lines.length; this.#rows++) {
      const key = keyOfLine(this.#lines.line(this.#rows));
      const hash = hashOf(key);
      const slot = this.#slotOf(key, hash);
      const last = this.#slots[slot]!;
      if (last === 0) this.#used++;
      else this.#earlier.set(this.#rows, last - 1);
      this.#slots[slot] = this.#rows + 1;
      this.#hashes[slot] = hash;
    }
  }

  /** The last row of a key, dead or alive, among the first `rows`; all by default. */
  find(key: string, rows = this.#rows): number | undefined {
    const escaped = escapedKey(key);
    const slot = this.#slots[this.#slotOf(escaped, hashOf(escaped))]!;
    let row = slot === 0 ? undefined : slot - 1;
    while (row !== undefined && row >= rows) row = this.#earlier.get(row);
    return row;
  }

  /** The slot that holds `key`, or the free one where it belongs. */
  #slotOf(key: Buffer, hash: number): number {
    const mask = this.#slots.length - 1;
    for (let slot = hash & mask; ; slot = (slot + 1) & mask) {
      const row = this.#slots[slot]!;
      if (row === 0) return slot;
      if (this.#hashes[slot] === hash && keyOfLine(this.#lines.line(row - 1)).equals(key)) return slot;
    }
  }

  /** Grows so that at most half of the slots are taken. */
  #reserve(keys: number): void {
    if (keys * 2 <= this.#slots.length) return;
    const slots = this.#slots;
    const hashes = this.#hashes;
    const size = slotsFor(keys);
    this.#slots = new Uint32Array(size);
    this.#hashes = new Uint32Array(size);
    for (let old = 0; old < slots.length; old++) {
      if (slots[old] === 0) continue;
      let slot = hashes[old]! & (size - 1);
      while (this.#slots[slot] !== 0) slot = (slot + 1) & (size - 1);
      this.#slots[slot] = slots[old]!;
      this.#hashes[slot] = hashes[old]!;
    }
  }
}

/** The bytes between the quotes of a line's key. */
export function keyOfLine(line: Buffer): Buffer {
  if (!startsWith(line, BEFORE_KEY)) throw new IndexDamaged('rows file', 'a line does not begin with a key');
  let end = BEFORE_KEY.length;
  while (end < line.length && line[end] !== QUOTE) end += line[end] === BACKSLASH ? 2 : 1;
  return line.subarray(BEFORE_KEY.length, end);
}

/** A key, or the beginning of one, as it stands in a line. */
export const escapedKey = (key: string): Buffer => Buffer.from(JSON.stringify(key).slice(1, -1));

export function startsWith(bytes: Buffer, beginning: Buffer): boolean {
  if (bytes.length < beginning.length) return false;
  for (let i = 0; i < beginning.length; i++) if (bytes[i] !== beginning[i]) return false;
  return true;
}

/** FNV-1a, with a last mix since the table takes the low bits. */
function hashOf(bytes: Buffer): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < bytes.length; i++) hash = Math.imul(hash ^ bytes[i]!, 0x01000193);
  hash = Math.imul(hash ^ (hash >>> 15), 0x2c1b3c6d);
  return (hash ^ (hash >>> 13)) >>> 0;
}
