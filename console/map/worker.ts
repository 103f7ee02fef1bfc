/** Lays a map out beside the page, and tells how far it is. */

import { layout, type Vectors } from './layout.ts';

export interface LaidOut {
  /** x and y of every picture. */
  readonly positions: Float32Array;
  /** 0 to 1. */
  readonly done: number;
}

/** Often enough that the map is seen to form. */
const TELL_EVERY_MS = 120;

addEventListener('message', ({ data }: MessageEvent<Vectors>) => {
  let told = 0;
  for (const { positions, done } of layout(data)) {
    if (done > 0 && done < 1 && performance.now() - told < TELL_EVERY_MS) continue;
    told = performance.now();
    postMessage({ positions: positions.slice(), done } satisfies LaidOut);
  }
});
