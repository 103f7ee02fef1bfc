/** Small planes of pixels, their pyramid, and sampling between pixels. */

export interface Plane {
  readonly width: number;
  readonly height: number;
  readonly pixels: Float32Array;
}

export function planeOf(width: number, height: number, bytes: Uint8Array): Plane {
  return { width, height, pixels: Float32Array.from(bytes) };
}

/** Half as large: each pixel the mean of up to four. */
export function halved({ width, height, pixels }: Plane): Plane {
  const w = Math.ceil(width / 2);
  const h = Math.ceil(height / 2);
  const out = new Float32Array(w * h);
  for (let y = 0; y < h; y++) {
    const top = 2 * y * width;
    const bottom = Math.min(height - 1, 2 * y + 1) * width;
    for (let x = 0; x < w; x++) {
      const left = 2 * x;
      const right = Math.min(width - 1, left + 1);
      out[y * w + x] =
        (pixels[top + left]! + pixels[top + right]! + pixels[bottom + left]! + pixels[bottom + right]!) / 4;
    }
  }
  return { width: w, height: h, pixels: out };
}

/** The value at a place in pixels, the first pixel's centre at (0.5, 0.5); edges are repeated. */
export function sample({ width, height, pixels }: Plane, x: number, y: number): number {
  const sx = Math.min(width - 1, Math.max(0, x - 0.5));
  const sy = Math.min(height - 1, Math.max(0, y - 0.5));
  const x0 = sx | 0;
  const y0 = sy | 0;
  const fx = sx - x0;
  const fy = sy - y0;
  const at = y0 * width + x0;
  const right = x0 < width - 1 ? 1 : 0;
  const down = y0 < height - 1 ? width : 0;
  const top = pixels[at]! + fx * (pixels[at + right]! - pixels[at]!);
  const bottom = pixels[at + down]! + fx * (pixels[at + down + right]! - pixels[at + down]!);
  return top + fy * (bottom - top);
}
