/**
 * Vectors as 8-bit codes with bounds: what a search keeps in memory of each row. docs/scan.md has the derivation.
 *
 * A row's record is its codes, one signed byte a number; eight float32: the scale of the codes, the row's share of the
 * centre, a bound of what the codes leave out, a bound of the codes' norm, the sum of the codes, the sum of the first
 * quarter of them, a bound of the norm of the other three, and a bound of the row's norm; then its shares of the
 * principal directions, a signed 16-bit integer each.
 */

import { principalDirections } from './directions.ts';
import { encoderOf, RECORD, ROW, SCRATCH, theEncoder } from './encoder-memory.ts';
import { ANGLE_ERROR, DIRECTIONS, quarterOf, recordBytes, rotationBlock } from './layout.ts';

/** A centre outside of these norms is of no use. */
const LEAST_CENTRE = 1e-3;
const LARGEST_CENTRE = 1e3;

/**
 * What codes are made against: of each row its share of the centre and of some directions are kept apart, and the rest
 * is rotated and rounded.
 */
export class Frame {
  readonly dimensions: number;
  /** The centre's square norm, as the encoder computes it; 0 when there is no use in the centre. */
  readonly squares: number;

  /**
   * @param centre float32, taken over
   * @param directions none or `DIRECTIONS`: unit vectors, or zeros, at right angles to each other and the centre
   * @throws RangeError when they are not
   */
  constructor(
    readonly centre: Float32Array,
    readonly directions: readonly Float32Array[] = [],
  ) {
    this.dimensions = centre.length;
    const squares = this.#product(centre, centre);
    this.squares = squares >= LEAST_CENTRE ** 2 && squares <= LARGEST_CENTRE ** 2 ? squares : 0;
    if (directions.length > 0) this.#assertAngles();
  }

  /** Around the mean of some rows, and along their principal directions. */
  static async of(rows: readonly Float32Array[], dimensions: number): Promise<Frame> {
    const sums = new Float64Array(dimensions);
    for (const row of rows) for (let i = 0; i < dimensions; i++) sums[i]! += row[i]!;
    const mean = new Frame(
      Float32Array.from(sums, (sum) => (rows.length > 0 && Number.isFinite(sum) ? sum / rows.length : 0)),
    );
    const used = mean.squares > 0 ? mean.centre : new Float32Array(dimensions);
    return new Frame(mean.centre, await principalDirections(rows, used));
  }

  /** Bytes of a row's record. */
  get recordBytes(): number {
    return recordBytes(this.dimensions, this.directions.length);
  }

  /**
   * The records of some rows, one behind the other: the same bytes on every processor.
   *
   * @param vectors row-major
   */
  encode(vectors: Float32Array): Uint8Array {
    const { dimensions, directions, recordBytes: bytes } = this;
    const { encoder, centre, directions: others } = encoderOf(this);
    const { memory, encodeRow } = encoder;
    const rows = vectors.length / dimensions;
    const records = new Uint8Array(rows * bytes);
    const row = new Float32Array(memory.buffer, ROW, dimensions);
    const record = new Uint8Array(memory.buffer, RECORD, bytes);
    const [block, quarter, count] = [rotationBlock(dimensions), quarterOf(dimensions), directions.length];
    for (let i = 0; i < rows; i++) {
      row.set(vectors.subarray(i * dimensions, (i + 1) * dimensions));
      encodeRow(ROW, centre, this.squares, dimensions, block, quarter, others, count, SCRATCH, RECORD);
      records.set(record, i * bytes);
    }
    return records;
  }

  /** The inner product in double precision. */
  #product(a: Float32Array, b: Float32Array): number {
    const { memory, dotWide } = theEncoder();
    new Float32Array(memory.buffer, ROW, this.dimensions).set(a);
    new Float32Array(memory.buffer, SCRATCH, this.dimensions).set(b);
    return dotWide(ROW, SCRATCH, this.dimensions);
  }

  #assertAngles(): void {
    if (this.directions.length !== DIRECTIONS)
      throw new RangeError(`${this.directions.length} directions and not ${DIRECTIONS}`);
    const centreNorm = Math.sqrt(this.squares);
    for (const [i, direction] of this.directions.entries()) {
      const squares = this.#product(direction, direction);
      // All written so that NaN fails.
      if (!(squares === 0 || Math.abs(squares - 1) <= ANGLE_ERROR))
        throw new RangeError(`direction ${i} is no unit vector`);
      const others = [
        ...this.directions.slice(0, i).map((other) => [other, 1] as const),
        ...(centreNorm > 0 ? [[this.centre, centreNorm] as const] : []),
      ];
      for (const [other, norm] of others)
        if (!(Math.abs(this.#product(direction, other)) <= ANGLE_ERROR * norm))
          throw new RangeError(`direction ${i} stands at no right angle`);
    }
  }
}
