/** Pixels that are made up, the same in every process. */

import type { Pixels } from '../../pictures/duplicates/describe.ts';

/** Pixels of a side of a block of one colour. */
const BLOCK = 11;

/** Blocks of colours, with a little noise, so that there are many corners. */
export function blocks(width: number, height: number, channels: 1 | 3): Pixels {
  const data = new Uint8Array(width * height * channels);
  const hash = (x: number, y: number, c: number): number => {
    const mixed = Math.imul(x * 73_856_093 + y * 19_349_663 + c * 83_492_791 + 1, 2_654_435_761);
    return Math.imul(mixed ^ (mixed >>> 15), 2_246_822_519) >>> 24;
  };
  for (let y = 0, at = 0; y < height; y++)
    for (let x = 0; x < width; x++)
      for (let c = 0; c < channels; c++, at++) {
        const block = hash(Math.floor(x / BLOCK), Math.floor(y / BLOCK), c);
        data[at] = (7 * block + hash(x, y, c)) >> 3;
      }
  return { width, height, channels, data };
}
