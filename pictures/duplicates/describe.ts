/** What a fingerprint says of pixels: a copy of 64 pixels in colour, and corners. */

import { findFeatures } from './features.ts';
import type { Fingerprint, SmallCopy } from './fingerprint-format.ts';

/** Pixels of the longer side of the copy that is compared. */
const COPY_SIDE = 64;

/** A picture, row by row; its longer side is 256 pixels. */
export interface Pixels {
  readonly width: number;
  readonly height: number;
  /** Grey, or red, green and blue. */
  readonly channels: 1 | 3;
  readonly data: Uint8Array;
}

/** The part of a fingerprint that is made of pixels. */
export type Described = Pick<Fingerprint, 'copy' | 'features'>;

/** Computes for some milliseconds. */
export function describePixels({ width, height, channels, data }: Pixels): Described {
  const rgb = channels === 3 ? data : tripled(data);
  const pixels = new Float32Array(width * height);
  for (let i = 0; i < pixels.length; i++) {
    pixels[i] = 0.299 * rgb[3 * i]! + 0.587 * rgb[3 * i + 1]! + 0.114 * rgb[3 * i + 2]!;
  }
  return { copy: copyOf(rgb, width, height), features: findFeatures({ width, height, pixels }) };
}

function tripled(grey: Uint8Array): Uint8Array {
  const rgb = new Uint8Array(grey.length * 3);
  for (let i = 0, at = 0; i < grey.length; i++) {
    const value = grey[i]!;
    rgb[at++] = value;
    rgb[at++] = value;
    rgb[at++] = value;
  }
  return rgb;
}

function copyOf(rgb: Uint8Array, width: number, height: number): SmallCopy {
  const scale = COPY_SIDE / Math.max(width, height);
  const w = Math.max(2, Math.round(width * scale));
  const h = Math.max(2, Math.round(height * scale));
  const [chromaWidth, chromaHeight] = [Math.ceil(w / 2), Math.ceil(h / 2)];
  const whole = averaged(rgb, width, height, w, h);
  const half = averaged(rgb, width, height, chromaWidth, chromaHeight);
  const luma = new Uint8Array(w * h);
  for (let i = 0, at = 0; i < luma.length; i++, at += 3) {
    luma[i] = Math.round(0.299 * whole[at]! + 0.587 * whole[at + 1]! + 0.114 * whole[at + 2]!);
  }
  const cb = new Uint8Array(chromaWidth * chromaHeight);
  const cr = new Uint8Array(chromaWidth * chromaHeight);
  for (let i = 0, at = 0; i < cb.length; i++, at += 3) {
    const r = half[at]!;
    const g = half[at + 1]!;
    const b = half[at + 2]!;
    cb[i] = Math.round(Math.min(255, 128 - 0.168736 * r - 0.331264 * g + 0.5 * b));
    cr[i] = Math.round(Math.min(255, 128 + 0.5 * r - 0.418688 * g - 0.081312 * b));
  }
  return { width: w, height: h, luma, chromaWidth, chromaHeight, cb, cr };
}

/** All channels, each pixel the mean of what it covers. */
function averaged(rgb: Uint8Array, width: number, height: number, w: number, h: number): Float32Array {
  const columns = covered(w, width);
  const rows = new Float32Array(height * w * 3);
  for (let y = 0, to = 0; y < height; y++) {
    for (let x = 0; x < w; x++, to += 3) {
      for (let part = columns.starts[x]!; part < columns.starts[x + 1]!; part++) {
        const from = 3 * (y * width + columns.places[part]!);
        const weight = columns.weights[part]!;
        rows[to]! += weight * rgb[from]!;
        rows[to + 1]! += weight * rgb[from + 1]!;
        rows[to + 2]! += weight * rgb[from + 2]!;
      }
    }
  }
  const lines = covered(h, height);
  const out = new Float32Array(h * w * 3);
  for (let y = 0; y < h; y++) {
    for (let part = lines.starts[y]!; part < lines.starts[y + 1]!; part++) {
      const from = lines.places[part]! * w * 3;
      const weight = lines.weights[part]!;
      for (let i = 0, to = y * w * 3; i < w * 3; i++, to++) out[to]! += weight * rows[from + i]!;
    }
  }
  return out;
}

/** What each of `count` parts of a line of `length` pixels covers: pixels, and the share that each is of it. */
function covered(count: number, length: number) {
  const starts = new Int32Array(count + 1);
  const places: number[] = [];
  const weights: number[] = [];
  for (let i = 0; i < count; i++) {
    const from = (i * length) / count;
    const to = ((i + 1) * length) / count;
    for (let at = Math.floor(from); at < Math.min(length, Math.ceil(to)); at++) {
      const weight = (Math.min(to, at + 1) - Math.max(from, at)) / (to - from);
      if (weight <= 0) continue;
      places.push(at);
      weights.push(weight);
    }
    starts[i + 1] = places.length;
  }
  return { starts, places: Int32Array.from(places), weights: Float64Array.from(weights) };
}
