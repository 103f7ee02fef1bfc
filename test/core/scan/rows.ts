/** Rows and queries for the scan's tests, from a seed. */

import { IndexFlatIP } from 'faiss-node';
import { DIMENSIONS } from '../../../core/limits.ts';
import type { Hit } from '../../../core/scan/hit.ts';

export type Random = () => number;

/** A small generator (mulberry32): the same seed, the same numbers, from 0 to 1. */
export function random(seed: number): Random {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

export function unit(row: Float32Array): Float32Array {
  let squares = 0;
  for (const x of row) squares += x * x;
  const norm = Math.sqrt(squares);
  return row.map((x) => x / norm);
}

/** Unit vectors in all directions. */
export const randomRows = (rows: number, next: Random): Float32Array =>
  fill(rows, () => unit(Float32Array.from({ length: DIMENSIONS }, () => next() - 0.5)));

/** Unit vectors that are never negative and stand in groups, as a network's features do; every tenth is a repetition. */
export function clusteredRows(rows: number, next: Random): Float32Array {
  const centres = Array.from({ length: Math.ceil(rows / 50) }, () =>
    Float32Array.from({ length: DIMENSIONS }, () => next() ** 4),
  );
  let last: Float32Array | undefined;
  return fill(rows, (i) => {
    const centre = centres[Math.floor(next() * centres.length)]!;
    last = i % 10 === 9 ? last! : unit(centre.map((x) => x * (0.5 + next()) + 0.2 * next() ** 6));
    return last;
  });
}

function fill(rows: number, row: (i: number) => Float32Array): Float32Array {
  const all = new Float32Array(rows * DIMENSIONS);
  for (let i = 0; i < rows; i++) all.set(row(i), i * DIMENSIONS);
  return all;
}

export const rowOf = (rows: Float32Array, i: number): Float32Array =>
  rows.slice(i * DIMENSIONS, (i + 1) * DIMENSIONS);

/** FAISS over the rows that can be hits. */
export function flatIndex(rows: Float32Array, allowed: (row: number) => boolean = () => true) {
  const index = new IndexFlatIP(DIMENSIONS);
  const labels = Array.from({ length: rows.length / DIMENSIONS }, (_, i) => i).filter(allowed);
  for (let i = 0; i < labels.length; i += 500) {
    index.add(labels.slice(i, i + 500).flatMap((label) => Array.from(rowOf(rows, label))));
  }
  return {
    search(query: Float32Array, k: number): Hit[] {
      const { labels: found, distances } = index.search(Array.from(query), Math.min(k, labels.length));
      return found.map((label, i) => ({ row: labels[label]!, score: distances[i]! }));
    },
  };
}
