/** The encoder of this thread, and where things lie in its memory. */

import type { Encoder } from './kernel.ts';
import { newEncoder } from './kernel-module.ts';
import { DIRECTIONS, MAX_DIMENSIONS, PAGE, recordBytes } from './layout.ts';

const MOST_FLOATS = MAX_DIMENSIONS * 4;

// Every place is large enough for the most dimensions.
/** A row or a query. */
export const ROW = PAGE;
const CENTRE = ROW + MOST_FLOATS;
const DIRECTIONS_AT = CENTRE + MOST_FLOATS;
/** A row, and a float64 a direction; or a second row. */
export const SCRATCH = DIRECTIONS_AT + DIRECTIONS * MOST_FLOATS;
export const RECORD = SCRATCH + MOST_FLOATS + DIRECTIONS * 8;
/** A rotated query, float64. */
export const ROTATED = RECORD + recordBytes(MAX_DIMENSIONS, DIRECTIONS);
/** Its 16-bit integers, and its coarse ones. */
export const FINE = ROTATED + MAX_DIMENSIONS * 8;
export const COARSE = FINE + MAX_DIMENSIONS * 2;
/** A few float64. */
export const SUMS = COARSE + MAX_DIMENSIONS;
const MEMORY_PAGES = Math.ceil((SUMS + PAGE) / PAGE);

/** What the encoder must know of a frame. */
interface FrameNumbers {
  readonly centre: Float32Array;
  readonly directions: readonly Float32Array[];
}

let encoder: Encoder | undefined;
let laid: FrameNumbers | undefined;

export function theEncoder(): Encoder {
  if (!encoder) {
    encoder = newEncoder();
    const missing = MEMORY_PAGES - encoder.memory.buffer.byteLength / PAGE;
    if (missing > 0) encoder.memory.grow(missing);
  }
  return encoder;
}

/** The encoder with a frame in its memory, and where that lies: the directions one behind the other. */
export function encoderOf(frame: FrameNumbers): {
  readonly encoder: Encoder;
  readonly centre: number;
  readonly directions: number;
} {
  const encoder = theEncoder();
  if (laid !== frame) {
    const { centre, directions } = frame;
    const { buffer } = encoder.memory;
    new Float32Array(buffer, CENTRE, centre.length).set(centre);
    const all = new Float32Array(buffer, DIRECTIONS_AT, directions.length * centre.length);
    for (const [i, direction] of directions.entries()) all.set(direction, i * centre.length);
    laid = frame;
  }
  return { encoder, centre: CENTRE, directions: DIRECTIONS_AT };
}
