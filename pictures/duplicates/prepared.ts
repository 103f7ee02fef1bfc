/** A fingerprint made ready for comparisons. */

import type { Fingerprint } from './fingerprint-format.ts';
import { type Fill, fillOf, halved, type Plane, planeOf } from './plane.ts';

export interface Prepared {
  readonly fingerprint: Fingerprint;
  /** Brightness at 64, 32 and 16 pixels. */
  readonly levels: readonly [Plane, Plane, Plane];
  /** What may be fill, at 64 pixels. */
  readonly fill: Fill;
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
    fill: fillOf(full),
    cb: planeOf(chromaWidth, chromaHeight, cb),
    cr: planeOf(chromaWidth, chromaHeight, cr),
  };
}
