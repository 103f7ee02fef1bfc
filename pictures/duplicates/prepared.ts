/** A fingerprint made ready for comparisons. */

import type { Fingerprint } from './fingerprint-format.ts';
import { type Fill, fillOf, halved, type Plane, planeOf } from './plane.ts';

/** What only few pairs come so far to need is made when it is first asked for. */
export class Prepared {
  /** Brightness at 64, 32 and 16 pixels. */
  readonly levels: readonly [Plane, Plane, Plane];
  #fill: Fill | undefined;
  #chroma: readonly [Plane, Plane] | undefined;

  constructor(readonly fingerprint: Fingerprint) {
    const { width, height, luma } = fingerprint.copy;
    const full = planeOf(width, height, luma);
    const half = halved(full);
    this.levels = [full, half, halved(half)];
  }

  /** What may be fill, at 64 pixels. */
  get fill(): Fill {
    this.#fill ??= fillOf(this.levels[0]);
    return this.#fill;
  }

  /** Colours at 32 pixels: Cb, then Cr. */
  get chroma(): readonly [Plane, Plane] {
    const { chromaWidth, chromaHeight, cb, cr } = this.fingerprint.copy;
    this.#chroma ??= [planeOf(chromaWidth, chromaHeight, cb), planeOf(chromaWidth, chromaHeight, cr)];
    return this.#chroma;
  }
}
