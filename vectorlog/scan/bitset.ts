/** One bit for each row: which rows a search may answer with, and which are dead. */

/** How many bits of a byte are set. */
const ONES = Uint8Array.from({ length: 256 }, (_, byte) => byte.toString(2).replaceAll('0', '').length);

/** Bits are numbered from 0; bit `i` is bit `i % 8` (least significant first) of byte `i / 8`, in memory as in files. */
export class Bitset {
  readonly bytes: Uint8Array;

  /**
   * @param length bits
   * @param bytes taken over, not copied, when given: at least `length / 8`, rounded up
   */
  constructor(
    readonly length: number,
    bytes?: Uint8Array,
  ) {
    const needed = Math.ceil(length / 8);
    if (bytes && bytes.length < needed) throw new RangeError(`${length} bits need ${needed} bytes`);
    this.bytes = bytes ?? new Uint8Array(needed);
  }

  /** Whether bit `i` is set; bits past the end are not. */
  has(i: number): boolean {
    return i < this.length && ((this.bytes[i >>> 3]! >>> (i & 7)) & 1) === 1;
  }

  add(i: number): void {
    if (i < 0 || i >= this.length) throw new RangeError(`bit ${i} of ${this.length}`);
    this.bytes[i >>> 3]! |= 1 << (i & 7);
  }

  delete(i: number): void {
    if (i >= 0 && i < this.length) this.bytes[i >>> 3]! &= ~(1 << (i & 7));
  }

  /** How many bits are set, from `start` to `end`. */
  count(start = 0, end = this.length): number {
    let set = 0;
    let i = start;
    while (i < end && i % 8 > 0) if (this.has(i++)) set++;
    for (; i + 8 <= end; i += 8) set += ONES[this.bytes[i >>> 3]!]!;
    while (i < end) if (this.has(i++)) set++;
    return set;
  }

  /** The bits that are set, ascending. */
  *members(): Iterable<number> {
    for (let i = 0; i < this.length; i++) {
      if ((i & 7) === 0 && this.bytes[i >>> 3] === 0) i += 7;
      else if (this.has(i)) yield i;
    }
  }

  /** A copy with room for `length` bits; what does not fit is left out. */
  copy(length = this.length): Bitset {
    const result = new Bitset(length);
    result.bytes.set(this.bytes.subarray(0, Math.min(this.bytes.length, result.bytes.length)));
    for (let i = this.length; i < length && i % 8 > 0; i++) result.delete(i);
    return result;
  }

  /** The first `length` numbers that are not in this set. */
  complement(length = this.length): Bitset {
    const result = new Bitset(length);
    for (let i = 0; i < result.bytes.length; i++) result.bytes[i] = ~(this.bytes[i] ?? 0);
    return result;
  }

  /** What is in both; as long as this set. */
  and(other: Bitset): Bitset {
    const result = new Bitset(this.length);
    for (let i = 0; i < result.bytes.length; i++) result.bytes[i] = this.bytes[i]! & (other.bytes[i] ?? 0);
    return result;
  }
}
