/** Finds which pictures are others turned or mirrored, by their signatures alone: candidates, not verdicts. */

import { SIGNATURE_LENGTH, type Signature, turnedSignatures } from './signature.ts';

/** How far signatures of copies may be from each other: a turn makes 0.015 at most, strong compression and noise less than this. */
const RADIUS = 0.07;
/** How much nearer a picture must be when it is turned: what looks the same in a mirror is no turned copy by that. */
const NEARER = 0.05;
/** Pictures that are named for each one. */
const MOST = 3;
/** Numbers of those that no turn changes by which pictures lie in the cells of a grid, as wide as `RADIUS`. */
const AXES = 5;
/** Cells along an axis, with one more at either end for what is looked at beside the outermost. */
const CELLS = Math.ceil(1 / RADIUS) + 3;

/** A row of the index with the signature of its picture. */
export interface SignedRow {
  readonly row: number;
  readonly signature: Signature;
}

export class TurnedNeighbours {
  readonly #placeOf: ReadonlyMap<number, number>;
  /** What no turn changes of all, one behind the other: near each other in memory, since most are only passed over. */
  readonly #unturned: Float32Array;
  /** The numbers in which they differ most. */
  readonly #axes: readonly number[];
  /** The places of those in each cell. */
  readonly #cells = new Map<number, number[]>();

  /** @param signatures of rows; what has none is left out */
  constructor(private readonly signatures: readonly SignedRow[]) {
    this.#placeOf = new Map(signatures.map(({ row }, at) => [row, at]));
    this.#unturned = new Float32Array(signatures.length * SIGNATURE_LENGTH);
    for (const [at, { signature }] of signatures.entries())
      this.#unturned.set(signature.unturned, at * SIGNATURE_LENGTH);
    const spreads = spreadsOf(this.#unturned);
    this.#axes = Array.from(spreads.keys())
      .sort((a, b) => spreads[b]! - spreads[a]!)
      .slice(0, AXES);
    for (const [at, { signature }] of signatures.entries()) {
      const cell = this.#cellOf(signature.unturned);
      const others = this.#cells.get(cell);
      if (others) others.push(at);
      else this.#cells.set(cell, [at]);
    }
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
    return at === undefined ? [] : this.like(this.signatures[at]!.signature);
  }

  /** The same for a picture that need not be among them. It is none of its own: upright it is nearer to itself. */
  like({ upright, unturned }: Signature): number[] {
    const turned = turnedSignatures(upright);
    const found: { readonly at: number; readonly squared: number }[] = [];
    for (const at of this.#possible(unturned)) {
      const other = this.signatures[at]!.signature.upright;
      let squared = RADIUS ** 2;
      for (const each of turned) squared = squaredDistance(each, other, squared);
      if (squared === RADIUS ** 2) continue;
      const least = (Math.sqrt(squared) + NEARER) ** 2;
      if (squaredDistance(upright, other, least) === least) found.push({ at, squared });
    }
    return found
      .sort((a, b) => a.squared - b.squared)
      .slice(0, MOST)
      .map(({ at }) => this.signatures[at]!.row);
  }

  /** All that can be within `RADIUS`, by what no turn changes. */
  #possible(unturned: Float32Array): number[] {
    const middle = this.#cellOf(unturned);
    const possible: number[] = [];
    for (const step of AROUND) {
      const places = this.#cells.get(middle + step);
      if (!places) continue;
      for (const at of places) {
        let sum = 0;
        for (let i = 0, j = at * SIGNATURE_LENGTH; i < SIGNATURE_LENGTH && sum < RADIUS ** 2; i++, j++) {
          const difference = unturned[i]! - this.#unturned[j]!;
          sum += difference * difference;
        }
        if (sum < RADIUS ** 2) possible.push(at);
      }
    }
    return possible;
  }

  #cellOf(unturned: Float32Array): number {
    let cell = 0;
    for (const axis of this.#axes) cell = cell * CELLS + Math.floor(unturned[axis]! / RADIUS) + 1;
    return cell;
  }
}

/** From a cell to itself and all that touch it. */
const AROUND: readonly number[] = Array.from({ length: AXES }, (_, axis) => CELLS ** axis).reduce(
  (steps, step) => steps.flatMap((each) => [each - step, each, each + step]),
  [0],
);

/** How much each number of many vectors of `SIGNATURE_LENGTH` differs: so many times its variance. */
function spreadsOf(vectors: Float32Array): Float64Array {
  const [sums, squares] = [new Float64Array(SIGNATURE_LENGTH), new Float64Array(SIGNATURE_LENGTH)];
  for (let at = 0; at < vectors.length; at += SIGNATURE_LENGTH)
    for (let i = 0; i < SIGNATURE_LENGTH; i++) {
      const value = vectors[at + i]!;
      sums[i]! += value;
      squares[i]! += value * value;
    }
  const count = Math.max(1, vectors.length / SIGNATURE_LENGTH);
  return squares.map((each, i) => each - sums[i]! ** 2 / count);
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
