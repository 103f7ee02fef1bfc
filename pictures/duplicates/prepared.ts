/** A fingerprint made ready for comparisons. */

import type { Fingerprint } from './fingerprint-format.ts';
import { halved, type Plane, planeOf } from './plane.ts';

export interface Prepared {
  readonly fingerprint: Fingerprint;
  /** Brightness at 64, 32 and 16 pixels. */
  readonly levels: readonly [Plane, Plane, Plane];
  readonly cb: Plane;
  readonly cr: Plane;
}

export function prepare(fingerprint: Fingerprint): Prepared {
  const { width, height, luma, chromaWidth, chromaHeight, cb, cr } = fingerprint.copy;
  const full = planeOf(width, height, luma);
  const half = halved(full);
  return {
    fingerprint,
    levels: [full, half, halved(half)],
    cb: planeOf(chromaWidth, chromaHeight, cb),
    cr: planeOf(chromaWidth, chromaHeight, cr),
  };
}
