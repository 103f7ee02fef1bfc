/** Rows without end for benchmarks of large indexes: each row depends on its number alone, so that no file need hold them. */

import { DIMENSIONS } from '../pictures/dimensions.ts';

/** Rows that are written or encoded at a time. */
export const BLOCK = 1_024;

/** Where a benchmark's rows come from. */
export interface EndlessRows {
  /** What they are, for whoever reads the figures. */
  readonly name: string;
  /** Rows `start` to `start + count`, row-major, each of length 1. */
  rows(start: number, count: number): Float32Array;
  /** The `i`th query: no row, and like one. */
  query(i: number): Float32Array;
}

/** Numbers from 0 to 1 (xorshift), quick enough for billions of them. */
function generator(seed: number): () => number {
  let state = seed * 2_654_435_761 || 1;
  const next = (): number => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) / 2 ** 32;
  };
  // The first ones of neighbouring seeds are alike.
  for (let i = 0; i < 4; i++) next();
  return next;
}

/** Numbers around 0 with the deviation 1, nearly normal. */
const normal = (next: () => number): number => (next() + next() + next() + next() - 2) * Math.sqrt(3);

const NORMALS = 2 ** 20;
const normals = (() => {
  const next = generator(8);
  return Float32Array.from({ length: NORMALS + DIMENSIONS }, () => normal(next));
})();

/** Gives each number of a vector noise in proportion to it, and the vector the length 1. */
function jittered(vector: Float32Array, deviation: number, next: () => number): void {
  const from = Math.floor(next() * NORMALS);
  let squares = 0;
  for (let d = 0; d < DIMENSIONS; d++) {
    const x = vector[d]! * (1 + deviation * normals[from + d]!);
    vector[d] = x;
    squares += x * x;
  }
  const factor = 1 / Math.sqrt(squares);
  for (let d = 0; d < DIMENSIONS; d++) vector[d]! *= factor;
}

const PICTURES = 8_192;
/** Hidden qualities of which each made-up picture has more or less. */
const QUALITIES = 64;
/** The deviation of the logarithm of a feature over pictures, and the share of it that is of no quality. */
const SPREAD = 1.03;
const OWN = 0.15;

/**
 * Made-up pictures: features that are positive and as skewed as those of a trained ResNet50 (a number deviates from its
 * mean by 1.4 times that; the mean of all pictures has half of their squares, eight directions a third of the rest).
 */
function madeUpPictures(): Float32Array {
  const next = generator(7);
  // The `i`th quality counts as 1 / (i + 3), which is about how the eigenvalues of trained features fall off.
  const weights = Array.from({ length: QUALITIES }, (_, i) => 1 / (i + 3));
  const total = Math.sqrt(weights.reduce((sum, weight) => sum + weight, 0) / (1 - OWN));
  const loads = weights.map((weight) =>
    Float32Array.from({ length: DIMENSIONS }, () => (Math.sqrt(weight) * SPREAD * normal(next)) / total),
  );
  const usual = Float32Array.from({ length: DIMENSIONS }, () => Math.exp(0.9 * normal(next)));
  const pictures = new Float32Array(PICTURES * DIMENSIONS);
  const logarithms = new Float32Array(DIMENSIONS);
  for (let picture = 0; picture < PICTURES; picture++) {
    const own = Math.floor(next() * NORMALS);
    for (let d = 0; d < DIMENSIONS; d++) logarithms[d] = Math.sqrt(OWN) * SPREAD * normals[own + d]!;
    for (const load of loads) {
      const much = normal(next);
      for (let d = 0; d < DIMENSIONS; d++) logarithms[d]! += much * load[d]!;
    }
    const at = picture * DIMENSIONS;
    let squares = 0;
    for (let d = 0; d < DIMENSIONS; d++) {
      const x = usual[d]! * Math.exp(logarithms[d]!);
      pictures[at + d] = x;
      squares += x * x;
    }
    const factor = 1 / Math.sqrt(squares);
    for (let d = 0; d < DIMENSIONS; d++) pictures[at + d]! *= factor;
  }
  return pictures;
}

let pictures: Float32Array | undefined;

/** A row: a made-up picture with a part of another in it, and noise. */
function madeUpRow(seed: number, row: Float32Array): void {
  pictures ??= madeUpPictures();
  const next = generator(seed);
  const one = Math.floor(next() * PICTURES) * DIMENSIONS;
  const other = Math.floor(next() * PICTURES) * DIMENSIONS;
  const part = next() / 2;
  for (let d = 0; d < DIMENSIONS; d++) row[d] = (1 - part) * pictures[one + d]! + part * pictures[other + d]!;
  jittered(row, 0.1 + 0.2 * next(), next);
}

/** Numbers of queries are far from those of rows. */
const QUERIES_FROM = 2 ** 30;

/** Rows that need neither model nor file. */
export const MADE_UP: EndlessRows = {
  name: 'made-up pictures, parts of two in each row',
  rows(start, count) {
    const all = new Float32Array(count * DIMENSIONS);
    for (let i = 0; i < count; i++) madeUpRow(start + i, all.subarray(i * DIMENSIONS, (i + 1) * DIMENSIONS));
    return all;
  },
  query(i) {
    const row = new Float32Array(DIMENSIONS);
    madeUpRow(QUERIES_FROM + i, row);
    return row;
  },
};

/** One of so many embeddings is kept out of the index, to be a query. */
const QUERY_EACH = 1_000;
/** How much the numbers of a copy deviate from those of its embedding. */
const COPY_DEVIATION = 0.2;

/**
 * Embeddings of pictures, and beyond them jittered copies of them.
 *
 * @param total how many there are
 * @param read the `i`th embedding
 */
export function extended(total: number, read: (i: number, row: Float32Array) => void): EndlessRows {
  const kept = Math.floor(total / QUERY_EACH) * (QUERY_EACH - 1);
  const place = (row: number): number =>
    Math.floor(row / (QUERY_EACH - 1)) * QUERY_EACH + (row % (QUERY_EACH - 1));
  return {
    name: `${kept} embeddings of pictures and their parts, and jittered copies of them`,
    rows(start, count) {
      const all = new Float32Array(count * DIMENSIONS);
      for (let i = 0; i < count; i++) {
        const row = all.subarray(i * DIMENSIONS, (i + 1) * DIMENSIONS);
        if (start + i < kept) {
          read(place(start + i), row);
          continue;
        }
        const next = generator(start + i);
        read(place(Math.floor(next() * kept)), row);
        jittered(row, COPY_DEVIATION, next);
      }
      return all;
    },
    query(i) {
      const row = new Float32Array(DIMENSIONS);
      read((i % (kept / (QUERY_EACH - 1))) * QUERY_EACH + QUERY_EACH - 1, row);
      return row;
    },
  };
}
