/** Rows and queries for the scan's tests, from a seed, and FAISS to compare with. */

import faiss from 'faiss-node';
import { encodeFaissHeader } from '../../../vectorlog/commit/file-formats.ts';
import type { Hit } from '../../../vectorlog/scan/hit.ts';

/** Numbers in a row of these tests. */
export const DIMENSIONS = 2048;
const ROW_BYTES = DIMENSIONS * 4;

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

/** Unit vectors in all directions. */
export function randomRows(rows: number, next: Random): Float32Array {
  const all = new Float32Array(rows * DIMENSIONS);
  for (let i = 0; i < all.length; i++) all[i] = next() - 0.5;
  return normalized(all);
}

/** Unit vectors that are never negative and stand in groups, as a network's features do; every tenth repeats another. */
export function clusteredRows(rows: number, next: Random): Float32Array {
  const groups = Math.ceil(rows / 50);
  const centres = new Float32Array(groups * DIMENSIONS);
  for (let i = 0; i < centres.length; i++) centres[i] = next() ** 4;
  const all = new Float32Array(rows * DIMENSIONS);
  for (let row = 0; row < rows; row++) {
    const at = row * DIMENSIONS;
    if (row % 10 === 9) {
      all.copyWithin(at, at - DIMENSIONS, at);
      continue;
    }
    const centre = Math.floor(next() * groups) * DIMENSIONS;
    for (let d = 0; d < DIMENSIONS; d++) all[at + d] = centres[centre + d]! * (0.5 + next());
  }
  return normalized(all);
}

/** Makes each row a unit vector, in place. */
export function normalized(rows: Float32Array): Float32Array {
  for (let at = 0; at < rows.length; at += DIMENSIONS) {
    let squares = 0;
    for (let d = 0; d < DIMENSIONS; d++) squares += rows[at + d]! ** 2;
    for (let d = 0; d < DIMENSIONS; d++) rows[at + d]! /= Math.sqrt(squares);
  }
  return rows;
}

export const rowOf = (rows: Float32Array, i: number): Float32Array =>
  rows.slice(i * DIMENSIONS, (i + 1) * DIMENSIONS);

export const allRowsOf = (rows: Float32Array): Float32Array[] =>
  Array.from({ length: rows.length / DIMENSIONS }, (_, i) => rowOf(rows, i));

/** FAISS's exact index over the rows that can be hits. */
export function flatIndex(rows: Float32Array, allowed: (row: number) => boolean = () => true) {
  const labels = Array.from({ length: rows.length / DIMENSIONS }, (_, i) => i).filter(allowed);
  const header = encodeFaissHeader(labels.length, DIMENSIONS);
  const file = Buffer.alloc(header.length + labels.length * ROW_BYTES);
  file.set(header);
  for (const [i, label] of labels.entries()) {
    const { buffer, byteOffset } = rows.subarray(label * DIMENSIONS);
    file.set(new Uint8Array(buffer, byteOffset, ROW_BYTES), header.length + i * ROW_BYTES);
  }
  const index = faiss.IndexFlatIP.fromBuffer(file);
  return {
    search(query: Float32Array, k: number): Hit[] {
      const { labels: found, distances } = index.search(Array.from(query), Math.min(k, labels.length));
      return found.map((label, i) => ({ row: labels[label]!, score: distances[i]! }));
    },
  };
}
