/** One bit for each row: which rows a search may answer with, and which are dead. */

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

  /** How many bits are set. */
  count(): number {
    let set = 0;
    for (let i = 0; i < this.length; i++) if (this.has(i)) set++;
    return set;
  }
}
