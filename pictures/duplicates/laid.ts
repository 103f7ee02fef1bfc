/** Lays what one picture shows over another, without what says nothing of either: a rim, and fill that only one of them has. */

import { between, type Homography } from './homography.ts';
import type { Prepared } from './prepared.ts';
import { laidOver } from './refine.ts';

/** Pixels along a frame that mix what is in it with what is around it. */
const RIM = 1;

type Level = 0 | 1 | 2;

// One thread lays one pair at a time.
let mask = new Float32Array(4_096);

/**
 * Lays the brightness of `a` over `b`, each at one of its levels, into `into`: below 0 where nothing lies, or what lies says nothing.
 *
 * @param map b's places to a's, in pixels of the small copies
 */
export function laySeen(
  a: Prepared,
  levelA: Level,
  b: Prepared,
  levelB: Level,
  map: Homography,
  into: Float32Array,
): void {
  const to = b.levels[levelB];
  laidOver(a.levels[levelA], to, between(map, 2 ** levelB, 2 ** levelA), into, RIM);
  leaveOutRim(into, to.width, to.height);
  leaveOutFill(a, b, levelB, map, into);
}

function leaveOutRim(laid: Float32Array, width: number, height: number): void {
  for (let x = 0; x < width; x++) laid[x] = laid[(height - 1) * width + x] = -1;
  for (let y = 0; y < height; y++) laid[y * width] = laid[y * width + width - 1] = -1;
}

/** Leaves out the fill of one picture that the other does not have, such as the corners of one that was turned. */
function leaveOutFill(a: Prepared, b: Prepared, levelB: Level, map: Homography, laid: Float32Array): void {
  const { width, height } = b.levels[levelB];
  for (const kind of ['dark', 'bright'] as const) {
    const [ofA, ofB] = [a.fill[kind], b.fill[kind]];
    if ((ofA === undefined) === (ofB === undefined)) continue;
    if (ofB) {
      const { width: fullWidth, height: fullHeight } = b.levels[0];
      const shrink = 2 ** levelB;
      for (let y = 0; y < height; y++)
        for (let x = 0; x < width; x++) {
          const at = Math.min(fullHeight - 1, y * shrink) * fullWidth + Math.min(fullWidth - 1, x * shrink);
          if (ofB[at] === 1) laid[y * width + x] = -1;
        }
    } else {
      const { width: aWidth, height: aHeight } = a.levels[0];
      if (mask.length < width * height) mask = new Float32Array(width * height);
      const fill = { width: aWidth, height: aHeight, pixels: Float32Array.from(ofA!) };
      laidOver(fill, { width, height }, between(map, 2 ** levelB, 1), mask);
      for (let i = 0; i < width * height; i++) if (mask[i]! > 0.3) laid[i] = -1;
    }
  }
}
