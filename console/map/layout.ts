/**
 * Lays pictures out on a plane, so that alike ones stand near each other: UMAP (McInnes, Healy and Melville 2018), begun
 * from the two principal directions that vary the most.
 *
 * Written here and not taken from a library: umap-js has 29 kB compressed, needs about a minute for 20,000 pictures, and
 * takes arrays of arrays; typed arrays need seconds.
 */

/** Neighbours of each picture that pull at it. */
const NEIGHBOURS = 12;
/** Groups that are looked through for the neighbours of a picture: all of a library this small. */
const PROBES = 8;
/** Strangers that push a picture away, for each neighbour that pulls. */
const STRANGERS = 4;
/** UMAP's curve for a least distance of 0.1. */
const A = 1.577;
const B = 0.895;
const FURTHEST = 4;

export interface Vectors {
  /** `dims` numbers a picture, one after the other, the directions that vary the most first. */
  readonly data: Int8Array;
  readonly dims: number;
  readonly count: number;
}

/** @returns after each round of work x and y of every picture, one after the other: the same array, further on */
export function* layout(vectors: Vectors): Generator<{ positions: Float32Array; done: number }> {
  const { count } = vectors;
  const random = randomNumbers(count + 1);
  const positions = begin(vectors, random);
  // Two have no others that could pull.
  const isDone = count < 3;
  yield { positions, done: isDone ? 1 : 0 };
  if (isDone) return;
  const edges = edgesOf(vectors, nearest(vectors, random));
  const rounds = count > 10_000 ? 160 : 260;
  const due = Float32Array.from(edges.every);
  for (let round = 0; round < rounds; round++) {
    pull(positions, edges, due, round, 1 - round / rounds, random);
    yield { positions, done: (round + 1) / rounds };
  }
}

/** The two directions that vary the most, with a little noise: copies would stay on one point for ever. */
function begin({ data, dims, count }: Vectors, random: () => number): Float32Array {
  const positions = new Float32Array(count * 2);
  for (let i = 0; i < count; i++) {
    positions[i * 2] = data[i * dims]! / 12 + random() / 100;
    positions[i * 2 + 1] = data[i * dims + 1]! / 12 + random() / 100;
  }
  return positions;
}

interface Neighbours {
  readonly of: Int32Array;
  readonly distance: Float32Array;
  readonly each: number;
}

/** The nearest of each picture among those of the groups nearest to it: exact for a few thousand, nearly so for more. */
function nearest({ data, dims, count }: Vectors, random: () => number): Neighbours {
  const each = Math.min(NEIGHBOURS, count - 1);
  const groups = Math.max(1, Math.round(Math.sqrt(count) / 2));
  const centres = Int32Array.from({ length: groups }, () => Math.floor(random() * count));
  const apart = (a: number, b: number): number => {
    let sum = 0;
    for (let d = 0; d < dims; d++) {
      const step = data[a * dims + d]! - data[b * dims + d]!;
      sum += step * step;
    }
    return sum;
  };
  const members: number[][] = Array.from({ length: groups }, () => []);
  const near = Array.from({ length: count }, (_, i) => {
    const probes = Math.min(PROBES, groups);
    const found = lowest(groups, probes, (g) => apart(i, centres[g]!));
    members[found[0]![0]]!.push(i);
    return found.map(([group]) => group);
  });
  const of = new Int32Array(count * each).fill(-1);
  const distance = new Float32Array(count * each);
  for (let i = 0; i < count; i++) {
    const candidates = near[i]!.flatMap((group) => members[group]!).filter((j) => j !== i);
    const found = lowest(candidates.length, each, (c) => apart(i, candidates[c]!));
    for (const [n, [c, squared]] of found.entries()) {
      of[i * each + n] = candidates[c]!;
      distance[i * each + n] = Math.sqrt(squared);
    }
  }
  return { of, distance, each };
}

/** The `n` numbers below `length` of the least value, with it, the least first. */
function lowest(length: number, n: number, value: (at: number) => number): [number, number][] {
  const found: [number, number][] = [];
  let worst = Number.POSITIVE_INFINITY;
  for (let at = 0; at < length; at++) {
    const its = value(at);
    if (found.length === n && its >= worst) continue;
    if (found.length === n) found.pop();
    let place = found.length;
    while (place > 0 && found[place - 1]![1] > its) place--;
    found.splice(place, 0, [at, its]);
    worst = found.at(-1)![1];
  }
  return found;
}

interface Edges {
  readonly from: Int32Array;
  readonly to: Int32Array;
  /** Rounds between two pulls along an edge: the strongest pull in each. */
  readonly every: Float32Array;
}

/** Who pulls at whom, and how often: UMAP's fuzzy set, joined from both sides. */
function edgesOf({ count }: Vectors, { of, distance, each }: Neighbours): Edges {
  const weights = new Map<number, number>();
  for (let i = 0; i < count; i++) {
    const mine = distance.subarray(i * each, (i + 1) * each);
    const first = mine.find((value) => value > 0) ?? 0;
    const width = widthOf(mine, first, Math.log2(each));
    for (let n = 0; n < each; n++) {
      const j = of[i * each + n]!;
      if (j < 0) continue;
      const weight = Math.exp(-Math.max(0, mine[n]! - first) / width);
      const edge = i < j ? i * count + j : j * count + i;
      const before = weights.get(edge) ?? 0;
      weights.set(edge, before + weight - before * weight);
    }
  }
  const strongest = Math.max(...[...weights.values()].slice(0, 1_000), 1e-6);
  const from = new Int32Array(weights.size);
  const to = new Int32Array(weights.size);
  const every = new Float32Array(weights.size);
  let at = 0;
  for (const [edge, weight] of weights) {
    from[at] = Math.floor(edge / count);
    to[at] = edge % count;
    every[at] = strongest / Math.max(weight, 1e-3);
    at++;
  }
  return { from, to, every };
}

/** The width at which the neighbours' weights have the sum that is wanted. */
function widthOf(distances: Float32Array, first: number, wanted: number): number {
  let low = 0;
  let high = 1_000;
  for (let step = 0; step < 24; step++) {
    const middle = (low + high) / 2;
    let sum = 0;
    for (const distance of distances) sum += Math.exp(-Math.max(0, distance - first) / middle);
    if (sum > wanted) high = middle;
    else low = middle;
  }
  return Math.max((low + high) / 2, 1e-3);
}

/** One round: neighbours draw nearer, and some strangers are pushed away. */
function pull(
  positions: Float32Array,
  { from, to, every }: Edges,
  due: Float32Array,
  round: number,
  strength: number,
  random: () => number,
): void {
  const count = positions.length / 2;
  for (let edge = 0; edge < from.length; edge++) {
    if (due[edge]! > round + 1) continue;
    due[edge]! += every[edge]!;
    const i = from[edge]!;
    const j = to[edge]!;
    attract(positions, i, j, strength);
    for (let n = 0; n < STRANGERS; n++)
      repel(positions, n % 2 ? j : i, Math.floor(random() * count), strength);
  }
}

const bounded = (step: number): number => Math.min(Math.max(step, -FURTHEST), FURTHEST);

function attract(positions: Float32Array, i: number, j: number, strength: number): void {
  const dx = positions[i * 2]! - positions[j * 2]!;
  const dy = positions[i * 2 + 1]! - positions[j * 2 + 1]!;
  const squared = dx * dx + dy * dy;
  if (squared === 0) return;
  const force = (-2 * A * B * squared ** (B - 1)) / (1 + A * squared ** B);
  positions[i * 2]! += bounded(force * dx) * strength;
  positions[i * 2 + 1]! += bounded(force * dy) * strength;
  positions[j * 2]! -= bounded(force * dx) * strength;
  positions[j * 2 + 1]! -= bounded(force * dy) * strength;
}

function repel(positions: Float32Array, i: number, j: number, strength: number): void {
  if (i === j) return;
  const dx = positions[i * 2]! - positions[j * 2]!;
  const dy = positions[i * 2 + 1]! - positions[j * 2 + 1]!;
  const squared = dx * dx + dy * dy;
  const force = (2 * B) / ((0.001 + squared) * (1 + A * squared ** B));
  positions[i * 2]! += bounded(force * dx) * strength;
  positions[i * 2 + 1]! += bounded(force * dy) * strength;
}

/** Mulberry32: the same map for the same library. */
function randomNumbers(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
