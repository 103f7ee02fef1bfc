/** Small planes of pixels, their pyramid, and sampling between pixels. */

export interface Plane {
  readonly width: number;
  readonly height: number;
  readonly pixels: Float32Array;
  /** How brightness changes from pixel to pixel, to the right and downwards. */
  readonly gradientX: Float32Array;
  readonly gradientY: Float32Array;
}

export const planeOf = (width: number, height: number, bytes: Uint8Array): Plane =>
  withGradients(width, height, Float32Array.from(bytes));

function withGradients(width: number, height: number, pixels: Float32Array): Plane {
  const gradientX = new Float32Array(pixels.length);
  const gradientY = new Float32Array(pixels.length);
  for (let y = 0, at = 0; y < height; y++) {
    const [up, down] = [y > 0 ? width : 0, y < height - 1 ? width : 0];
    for (let x = 0; x < width; x++, at++) {
      const [left, right] = [x > 0 ? 1 : 0, x < width - 1 ? 1 : 0];
      gradientX[at] = (pixels[at + right]! - pixels[at - left]!) / Math.max(1, left + right);
      gradientY[at] = (pixels[at + down]! - pixels[at - up]!) / (up > 0 && down > 0 ? 2 : 1);
    }
  }
  return { width, height, pixels, gradientX, gradientY };
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
  return withGradients(w, h, out);
}
