/** Moves a placement until the pixels of two pictures agree best (Gauss and Newton's method on their brightness). */

import type { Homography } from './match.ts';
import { type Plane, sample } from './plane.ts';

/** Numbers that are solved for: eight of the map, then contrast and brightness. */
const UNKNOWNS = 10;
/** Differences above this weigh less and less: text and stickers must not pull at the map. In grey values. */
const ROBUST = 14;

/**
 * @param map b's places to a's, in pixels of these planes
 * @returns a better map; the same when there is none
 */
export function refined(a: Plane, b: Plane, map: Homography, rounds: number): Homography {
  let current = map;
  for (let round = 0; round < rounds; round++) {
    const next = step(a, b, current);
    if (!next) return current;
    current = next;
  }
  return current;
}

function step(a: Plane, b: Plane, map: Homography): Homography | undefined {
  const { width, height } = b;
  const [h0, h1, h2, h3, h4, h5, h6, h7] = map as unknown as [
    number,
    number,
    number,
    number,
    number,
    number,
    number,
    number,
  ];
  // Contrast and brightness first, so that differences mean something.
  let [n, sa, sb, saa, sab] = [0, 0, 0, 0, 0];
  const values = new Float32Array(width * height).fill(Number.NaN);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const px = x + 0.5;
      const py = y + 0.5;
      const w = 1 / (h6 * px + h7 * py + 1);
      const ax = (h0 * px + h1 * py + h2) * w;
      const ay = (h3 * px + h4 * py + h5) * w;
      if (ax < 0.5 || ay < 0.5 || ax > a.width - 0.5 || ay > a.height - 0.5) continue;
      const va = sample(a, ax, ay);
      const vb = b.pixels[y * width + x]!;
      values[y * width + x] = va;
      n++;
      sa += va;
      sb += vb;
      saa += va * va;
      sab += va * vb;
    }
  }
  if (n < 30) return undefined;
  const variance = saa - (sa * sa) / n;
  const gain = variance > n ? Math.min(3, Math.max(0.3, (sab - (sa * sb) / n) / variance)) : 1;
  const bias = (sb - gain * sa) / n;

  const normal = new Float64Array(UNKNOWNS * UNKNOWNS);
  const right = new Float64Array(UNKNOWNS);
  const row = new Float64Array(UNKNOWNS);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const va = values[y * width + x]!;
      if (Number.isNaN(va)) continue;
      const px = x + 0.5;
      const py = y + 0.5;
      const w = 1 / (h6 * px + h7 * py + 1);
      const ax = (h0 * px + h1 * py + h2) * w;
      const ay = (h3 * px + h4 * py + h5) * w;
      const dx = gain * (sample(a, ax + 0.5, ay) - sample(a, ax - 0.5, ay)) * w;
      const dy = gain * (sample(a, ax, ay + 0.5) - sample(a, ax, ay - 0.5)) * w;
      const difference = b.pixels[y * width + x]! - (gain * va + bias);
      const weight = 1 / (1 + (difference / ROBUST) ** 2);
      row[0] = dx * px;
      row[1] = dx * py;
      row[2] = dx;
      row[3] = dy * px;
      row[4] = dy * py;
      row[5] = dy;
      const along = -(dx * ax + dy * ay);
      row[6] = along * px;
      row[7] = along * py;
      row[8] = va;
      row[9] = 1;
      for (let i = 0; i < UNKNOWNS; i++) {
        const weighted = weight * row[i]!;
        right[i]! += weighted * difference;
        for (let j = i; j < UNKNOWNS; j++) normal[i * UNKNOWNS + j]! += weighted * row[j]!;
      }
    }
  }
  for (let i = 0; i < UNKNOWNS; i++) {
    for (let j = 0; j < i; j++) normal[i * UNKNOWNS + j] = normal[j * UNKNOWNS + i]!;
    normal[i * UNKNOWNS + i]! *= 1.001;
    normal[i * UNKNOWNS + i]! += 1e-6;
  }
  // Few pictures are tilted, and a tilt is known least: it is held towards none.
  const hold = normal[0]! + normal[3 * UNKNOWNS + 3]!;
  normal[6 * UNKNOWNS + 6]! += hold * 20;
  normal[7 * UNKNOWNS + 7]! += hold * 20;
  const change = solved(normal, right);
  if (!change) return undefined;
  const moved = map.slice();
  for (let i = 0; i < 8; i++) moved[i]! += change[i]!;
  return moved.every(Number.isFinite) ? moved : undefined;
}

/** Solves a symmetric system (Cholesky); `undefined` when it has no one answer. */
function solved(matrix: Float64Array, right: Float64Array): Float64Array | undefined {
  const n = right.length;
  const l = new Float64Array(n * n);
  for (let i = 0; i < n; i++) {
    for (let j = 0; j <= i; j++) {
      let sum = matrix[i * n + j]!;
      for (let k = 0; k < j; k++) sum -= l[i * n + k]! * l[j * n + k]!;
      if (i === j) {
        if (!(sum > 0)) return undefined;
        l[i * n + i] = Math.sqrt(sum);
      } else {
        l[i * n + j] = sum / l[j * n + j]!;
      }
    }
  }
  const y = new Float64Array(n);
  for (let i = 0; i < n; i++) {
    let sum = right[i]!;
    for (let k = 0; k < i; k++) sum -= l[i * n + k]! * y[k]!;
    y[i] = sum / l[i * n + i]!;
  }
  const x = new Float64Array(n);
  for (let i = n - 1; i >= 0; i--) {
    let sum = y[i]!;
    for (let k = i + 1; k < n; k++) sum -= l[k * n + i]! * x[k]!;
    x[i] = sum / l[i * n + i]!;
  }
  return x;
}
