/**
 * Vectors as 8-bit codes with bounds: what a search keeps in memory of each row. docs/scan.md has the derivation.
 *
 * A row's record is its codes, one signed byte a number, and eight float32: the scale of the codes, the row's share of
 * the centre, a bound of what the codes leave out, a bound of the codes' norm, the sum of the codes, the sum of the
 * first quarter of them, a bound of the norm of the other three, and a bound of the row's norm.
 */

import type { Encoder } from './kernel.ts';
import { newEncoder } from './kernel-module.ts';
import { headOf, MAX_DIMENSIONS, PAGE, recordBytes, rotationBlock } from './layout.ts';

/** A centre outside of these norms is of no use. */
const LEAST_CENTRE = 1e-3;
const LARGEST_CENTRE = 1e3;

// Where things lie in the encoder's memory; every place is large enough for the most dimensions.
const ROW = PAGE;
const CENTRE = ROW + MAX_DIMENSIONS * 4;
const SCRATCH = CENTRE + MAX_DIMENSIONS * 4;
const RECORD = SCRATCH + MAX_DIMENSIONS * 4;
const MEMORY_PAGES = Math.ceil((RECORD + recordBytes(MAX_DIMENSIONS)) / PAGE);

let encoder: Encoder | undefined;

function theEncoder(): Encoder {
  if (!encoder) {
    encoder = newEncoder();
    const missing = MEMORY_PAGES - encoder.memory.buffer.byteLength / PAGE;
    if (missing > 0) encoder.memory.grow(missing);
  }
  return encoder;
}

/** What codes are made against: each row is split into a share of the centre and the rest, which is rotated and rounded. */
export class Centre {
  readonly dimensions: number;
  /** The square norm, as the encoder computes it; 0 when there is no use in the centre. */
  readonly squares: number;

  /** @param vector float32, taken over */
  constructor(readonly vector: Float32Array) {
    this.dimensions = vector.length;
    const { memory, dotWide } = theEncoder();
    new Float32Array(memory.buffer, CENTRE, this.dimensions).set(vector);
    const squares = dotWide(CENTRE, CENTRE, this.dimensions);
    this.squares = squares >= LEAST_CENTRE ** 2 && squares <= LARGEST_CENTRE ** 2 ? squares : 0;
  }

  /** The mean of some rows. @param vectors row-major */
  static of(vectors: Iterable<Float32Array>, dimensions: number): Centre {
    const sums = new Float64Array(dimensions);
    let rows = 0;
    for (const vector of vectors) {
      rows++;
      for (let i = 0; i < dimensions; i++) sums[i]! += vector[i]!;
    }
    return new Centre(Float32Array.from(sums, (sum) => (rows > 0 && Number.isFinite(sum) ? sum / rows : 0)));
  }

  /**
   * The records of some rows, one behind the other: the same bytes on every processor.
   *
   * @param vectors row-major
   */
  encode(vectors: Float32Array): Uint8Array {
    const { dimensions } = this;
    const { memory, encodeRow } = theEncoder();
    const rows = vectors.length / dimensions;
    const bytes = recordBytes(dimensions);
    const records = new Uint8Array(rows * bytes);
    new Float32Array(memory.buffer, CENTRE, dimensions).set(this.vector);
    const row = new Float32Array(memory.buffer, ROW, dimensions);
    const record = new Uint8Array(memory.buffer, RECORD, bytes);
    const [block, head] = [rotationBlock(dimensions), headOf(dimensions)];
    for (let i = 0; i < rows; i++) {
      row.set(vectors.subarray(i * dimensions, (i + 1) * dimensions));
      encodeRow(ROW, CENTRE, this.squares, dimensions, block, head, SCRATCH, RECORD);
      records.set(record, i * bytes);
    }
    return records;
  }
}
