/** The markers, frames and tables of a JPEG, as far as following its codes needs them (ITU-T T.81, annexes B and C). */

/** A Huffman table: for every 16 bits that may come, `(bits of code and value) << 8 | symbol`; 0 where no code begins so. */
export interface HuffmanTable {
  readonly whole: Uint16Array;
  /** The same by the first `SHORT_BITS` of them, 0 where the code is longer: it stays in the processor's nearest cache. */
  readonly short: Uint16Array;
}

export interface Component {
  readonly id: number;
  /** Number of its table of quantisation. */
  readonly quantised: number;
  /** How many blocks of it a unit has, across and down. */
  readonly across: number;
  readonly down: number;
  /** Blocks of it alone, without those that only fill up units. */
  readonly blocksAcross: number;
  readonly blocksDown: number;
}

export interface Frame {
  readonly components: readonly Component[];
  /** Units of all components, across and down. */
  readonly unitsAcross: number;
  readonly unitsDown: number;
}

export const SHORT_BITS = 10;

const isRestart = (marker: number): boolean => marker >= 0xd0 && marker <= 0xd7;

/** Where the next marker begins, past data, stuffed bytes and restarts. */
export function markerFrom(bytes: Buffer, from: number): number {
  let at = markerAfter(bytes, from);
  while (at < bytes.length && isRestart(bytes[at + 1]!)) at = markerAfter(bytes, at + 1);
  return at;
}

/** Where the next marker begins, a restart too. */
export function markerAfter(bytes: Buffer, from: number): number {
  for (let at = bytes.indexOf(0xff, from); at >= 0 && at + 1 < bytes.length; at = bytes.indexOf(0xff, at + 1))
    if (bytes[at + 1] !== 0 && bytes[at + 1] !== 0xff) return at;
  return bytes.length;
}

/** `undefined` for one of which the decoder says itself what is wrong. */
export function readFrame(content: Buffer): Frame | undefined {
  const count = content[5] ?? 0;
  if (content[0] !== 8 || content.length < 6 + count * 3) return undefined;
  const factors = Array.from({ length: count }, (_, i) => ({
    id: content[6 + i * 3]!,
    across: content[7 + i * 3]! >> 4,
    down: content[7 + i * 3]! & 15,
    quantised: content[8 + i * 3]!,
  }));
  if (factors.length === 0 || factors.some(({ across, down }) => across === 0 || down === 0))
    return undefined;
  const [height, width] = [content.readUInt16BE(1), content.readUInt16BE(3)];
  const widest = Math.max(...factors.map(({ across }) => across));
  const highest = Math.max(...factors.map(({ down }) => down));
  const components = factors.map((factor) => ({
    ...factor,
    blocksAcross: Math.ceil(Math.ceil((width * factor.across) / widest) / 8),
    blocksDown: Math.ceil(Math.ceil((height * factor.down) / highest) / 8),
  }));
  return {
    components,
    unitsAcross: Math.ceil(width / (8 * widest)),
    unitsDown: Math.ceil(height / (8 * highest)),
  };
}

/** The Huffman tables of a file, by class and number. One is made out when a scan needs it: a file has room for many more. */
export class HuffmanTables {
  readonly #written = new Map<number, Buffer>();
  readonly #made = new Map<number, HuffmanTable>();

  /** Takes in the content of a segment of tables. */
  read(content: Buffer): void {
    for (let at = 0; at + 17 <= content.length; ) {
      const symbols = content.subarray(at + 1, at + 17).reduce((sum, count) => sum + count, 0);
      const table = content.subarray(at, at + 17 + symbols);
      this.#written.set(content[at]!, table);
      this.#made.delete(content[at]!);
      at += 17 + symbols;
    }
  }

  get(number: number): HuffmanTable | undefined {
    const written = this.#written.get(number);
    if (!written) return undefined;
    const table = this.#made.get(number) ?? huffmanTable(written);
    this.#made.set(number, table);
    return table;
  }
}

function huffmanTable(content: Buffer): HuffmanTable {
  const whole = new Uint16Array(65_536);
  const isDc = content[0]! < 16;
  let symbol = 17;
  let code = 0;
  for (let bits = 1; bits <= 16; bits++) {
    const step = 65_536 >> bits;
    for (let count = content[bits]!; count > 0; count--, symbol++, code += step) {
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
  return { whole, short };
}

/** By the number of a table of quantisation, by how much it divides averages: the least, where a file gives several. */
export type Divisors = Map<number, number>;

export function readDivisors(content: Buffer, divisors: Divisors): void {
  for (let at = 0; at + 65 <= content.length; ) {
    const isWide = content[at]! >= 16;
    const number = content[at]! & 15;
    const divisor = isWide ? content.readUInt16BE(at + 1) : content[at + 1]!;
    divisors.set(number, Math.min(divisor, divisors.get(number) ?? divisor));
    at += isWide ? 129 : 65;
  }
}
