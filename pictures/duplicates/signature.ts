/** What a picture is at a glance, as a short vector that can be turned and mirrored without the picture. */

/** Frequencies along each side: a cosine transform as far as it survives compression, brightness and noise. */
const FREQUENCIES = 7;

/** [along x, along y] of each number, the lowest first; the mean is left out. */
const ORDER: readonly (readonly [number, number])[] = Array.from({ length: FREQUENCIES }, (_, sum) =>
  Array.from({ length: sum + 1 }, (_, y) => [sum - y, y] as const),
)
  .flat()
  .slice(1);

/** Numbers of a signature. */
export const SIGNATURE_LENGTH = ORDER.length;

/** Below this spread of grey values a picture is too plain for a signature. */
const PLAIN = 3;

export interface Signature {
  /** The frequencies of a picture stretched to a square, as a unit vector. */
  readonly upright: Float32Array;
  /**
   * What is the same for the picture and all its turns and mirrors: of each frequency and the one that a quarter turn makes of it
   * the larger, then the smaller. No two of these are further from each other than a signature from the other one turned.
   */
  readonly unturned: Float32Array;
}

/** Pixels of a picture row by row, 0 to 255. */
interface Grey {
  readonly width: number;
  readonly height: number;
  readonly luma: Uint8Array;
}

/**
 * Pixels are first summed up in so many cells along each side, fewer where there are fewer pixels. An odd number: then the middle
 * of no pixel lies between two cells, and cells are the same ones counted from the other end.
 */
const CELLS = 15;

/** How a side is parted in cells, and the waves in their middles by the pixels in them. */
interface Side {
  readonly cells: number;
  /** The first pixel of each cell, and where the last one ends. */
  readonly starts: readonly number[];
  /** cos(pi u (cell + 0.5) / cells), cell by cell. */
  readonly waves: Float64Array;
}

const sides = new Map<number, Side>();

function sideOf(length: number): Side {
  const known = sides.get(length);
  if (known) return known;
  const cells = Math.min(CELLS, length);
  // The first pixel whose middle is in the cell.
  const starts = Array.from({ length: cells + 1 }, (_, cell) => Math.ceil((cell * length) / cells - 0.5));
  const waves = new Float64Array(cells * FREQUENCIES);
  for (let cell = 0; cell < cells; cell++) {
    const pixels = starts[cell + 1]! - starts[cell]!;
    for (let u = 0; u < FREQUENCIES; u++) {
      const wave = Math.cos((Math.PI * u * (cell + 0.5)) / cells) * (u === 0 ? Math.SQRT1_2 : 1);
      waves[cell * FREQUENCIES + u] = wave / (pixels * cells);
    }
  }
  const made = { cells, starts, waves };
  sides.set(length, made);
  return made;
}

const sums = new Float64Array(CELLS * CELLS);
const lines = new Float64Array(CELLS * FREQUENCIES);

/** Where the number is that stands for the same frequency after a quarter turn. */
const SWAPPED = Uint8Array.from(ORDER, ([u, v]) => ORDER.findIndex(([x, y]) => x === v && y === u));

function unturnedOf(upright: Float32Array): Float32Array {
  const unturned = new Float32Array(SIGNATURE_LENGTH);
  for (let i = 0; i < SIGNATURE_LENGTH; i++) {
    const swapped = SWAPPED[i]!;
    const [one, other] = [Math.abs(upright[i]!), Math.abs(upright[swapped]!)];
    unturned[i] = i < swapped ? Math.max(one, other) : Math.min(one, other);
  }
  return unturned;
}

/**
 * The low frequencies of a picture.
 *
 * @returns `undefined` for a picture in which there is next to nothing to see
 */
export function signatureOf({ width, height, luma }: Grey): Signature | undefined {
  const [across, down] = [sideOf(width), sideOf(height)];
  sums.fill(0);
  for (let cellY = 0; cellY < down.cells; cellY++)
    for (let y = down.starts[cellY]!; y < down.starts[cellY + 1]!; y++)
      for (let cellX = 0, at = y * width; cellX < across.cells; cellX++) {
        const end = y * width + across.starts[cellX + 1]!;
        let sum = 0;
        while (at < end) sum += luma[at++]!;
        sums[cellY * CELLS + cellX]! += sum;
      }
  for (let y = 0; y < down.cells; y++)
    for (let u = 0; u < FREQUENCIES; u++) {
      let sum = 0;
      for (let x = 0; x < across.cells; x++) sum += sums[y * CELLS + x]! * across.waves[x * FREQUENCIES + u]!;
      lines[y * FREQUENCIES + u] = sum;
    }
  const upright = new Float32Array(SIGNATURE_LENGTH);
  let squares = 0;
  for (let i = 0; i < SIGNATURE_LENGTH; i++) {
    const [u, v] = ORDER[i]!;
    let sum = 0;
    for (let y = 0; y < down.cells; y++)
      sum += lines[y * FREQUENCIES + u]! * down.waves[y * FREQUENCIES + v]!;
    upright[i] = 2 * sum;
    squares += upright[i]! ** 2;
  }
  const spread = Math.sqrt(squares);
  if (spread < PLAIN) return undefined;
  for (let i = 0; i < SIGNATURE_LENGTH; i++) upright[i]! /= spread;
  return { upright, unturned: unturnedOf(upright) };
}

/** For each of the seven other turns and mirrors, where each number comes from, and its sign. */
const TURNS = [false, true]
  .flatMap((swapped) => [1, -1].flatMap((flipX) => [1, -1].map((flipY) => ({ swapped, flipX, flipY }))))
  .slice(1)
  .map(({ swapped, flipX, flipY }) => ({
    from: SWAPPED.map((other, i) => (swapped ? other : i)),
    sign: Float32Array.from(ORDER, ([u, v]) => flipX ** u * flipY ** v),
  }));

/** What a picture's `upright` is in quarter turns and mirrored: seven, without the one that is given. */
export const turnedSignatures = (upright: Float32Array): Float32Array[] =>
  TURNS.map(({ from, sign }) => sign.map((each, i) => each * upright[from[i]!]!));
