/** Unit vectors of any length for tests. */

import { createHash } from 'node:crypto';
import { Random } from '../../../vectorlog/testing/random.ts';

/** The same unit vector for the same seed. */
export function seeded(seed: string, dimensions: number): Float32Array {
  const random = new Random(createHash('sha256').update(seed).digest().readUInt32LE(0));
  return unit(Float32Array.from({ length: dimensions }, () => random.next() - 0.5));
}

/** A unit vector near another. */
export function near(vector: Float32Array, seed: string, distance = 0.2): Float32Array {
  const noise = seeded(seed, vector.length);
  return unit(vector.map((each, i) => each + distance * noise[i]!));
}

function unit(vector: Float32Array): Float32Array {
  const length = Math.hypot(...vector);
  return vector.map((each) => each / length);
}
