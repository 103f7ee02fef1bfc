/** Finds which pictures are others turned or mirrored, by their signatures alone: candidates, not verdicts. */

import { SIGNATURE_LENGTH, type Signature, turnedSignatures } from './signature.ts';

/** How far signatures of copies may be from each other: a turn makes 0.015 at most, strong compression and noise less than this. */
const RADIUS = 0.07;
/** How much nearer a picture must be when it is turned: what looks the same in a mirror is no turned copy by that. */
const NEARER = 0.05;
/** Pictures that are named for each one. */
const MOST = 3;
/** Numbers by which pictures are passed over before signatures are turned. */
const AXES = 10;

/** A row of the index with the signature of its picture. */
export interface SignedRow {
  readonly row: number;
  readonly signature: Signature;
}

export class TurnedNeighbours {
  readonly #rows: readonly number[];
  readonly #signatures: readonly Signature[];
  readonly #placeOf: ReadonlyMap<number, number>;
  /** The numbers that no turn changes in which they differ most, the first of which all are sorted by. */
  readonly #widest: readonly number[];
  /** These, one array for each. */
  readonly #axes: readonly Float32Array[];

  /** @param signatures of rows; what has none is left out */
  constructor(private readonly signatures: readonly SignedRow[]) {
    this.#widest = Array.from({ length: SIGNATURE_LENGTH }, (_, axis) => axis)
      .map((axis) => ({ axis, spread: spreadOf(signatures, axis) }))
      .sort((a, b) => b.spread - a.spread)
      .slice(0, AXES)
      .map(({ axis }) => axis);
    const first = this.#widest[0]!;
    const sorted = [...signatures].sort(
      (a, b) => a.signature.unturned[first]! - b.signature.unturned[first]!,
    );
    this.#rows = sorted.map(({ row }) => row);
    this.#signatures = sorted.map(({ signature }) => signature);
    this.#placeOf = new Map(this.#rows.map((row, at) => [row, at]));
    this.#axes = this.#widest.map((axis) =>
      Float32Array.from(sorted, ({ signature }) => signature.unturned[axis]!),
    );
  }

  /** Whether it was made of just these. */
  isOf(signatures: readonly SignedRow[]): boolean {
    return (
      signatures.length === this.signatures.length &&
      signatures.every(({ row, signature }, i) => {
        const other = this.signatures[i]!;
        return row === other.row && signature === other.signature;
      })
    );
  }

  /** The rows of pictures that are this one in another turn or in a mirror, the nearest first. */
  of(row: number): number[] {
    const at = this.#placeOf.get(row);
    return at === undefined ? [] : this.like(this.#signatures[at]!);
  }

  /** The same for a picture that need not be among them. It is none of its own: upright it is nearer to itself. */
  like({ upright, unturned }: Signature): number[] {
    const turned = turnedSignatures(upright);
    const found: { readonly at: number; readonly squared: number }[] = [];
    for (const at of this.#possible(unturned)) {
      const other = this.#signatures[at]!.upright;
      let squared = RADIUS ** 2;
      for (const each of turned) squared = squaredDistance(each, other, squared);
      if (squared === RADIUS ** 2) continue;
      const least = (Math.sqrt(squared) + NEARER) ** 2;
      if (squaredDistance(upright, other, least) === least) found.push({ at, squared });
    }
    return found
      .sort((a, b) => a.squared - b.squared)
      .slice(0, MOST)
      .map(({ at }) => this.#rows[at]!);
  }

  /** All that can be within `RADIUS`, and some more. */
  #possible(unturned: Float32Array): number[] {
    const own = this.#widest.map((axis) => unturned[axis]!);
    const axes = this.#axes;
    const first = axes[0]!;
    const to = own[0]! + RADIUS;
    const possible: number[] = [];
    for (let at = firstFrom(first, own[0]! - RADIUS); at < first.length && first[at]! <= to; at++) {
      let axis = 1;
      while (axis < AXES && Math.abs(axes[axis]![at]! - own[axis]!) <= RADIUS) axis++;
      if (axis === AXES) possible.push(at);
    }
    return possible;
  }
}

/** The first place of a sorted array that is not below a value. */
function firstFrom(sorted: Float32Array, value: number): number {
  let [low, high] = [0, sorted.length];
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (sorted[middle]! < value) low = middle + 1;
    else high = middle;
  }
  return low;
}

function spreadOf(all: readonly SignedRow[], axis: number): number {
  let [sum, squares] = [0, 0];
  for (const { signature } of all) {
    sum += signature.unturned[axis]!;
    squares += signature.unturned[axis]! ** 2;
  }
  return squares - sum ** 2 / Math.max(1, all.length);
}

/** The squared distance of two signatures; `most` when it is that or more. */
function squaredDistance(one: Float32Array, other: Float32Array, most: number): number {
  let sum = 0;
  for (let i = 0; i < SIGNATURE_LENGTH; i++) {
    const difference = one[i]! - other[i]!;
    sum += difference * difference;
    if (sum >= most) return most;
  }
  return sum;
}
