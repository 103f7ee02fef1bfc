/** Small planes of pixels, their pyramid, and sampling between pixels. */

/** How brightness changes around the pixels of a plane. */
export interface Slopes {
  /** From pixel to pixel, to the right and downwards. */
  readonly gradientX: Float32Array;
  readonly gradientY: Float32Array;
  /** The places of the pixels whose surroundings are not plain, in order. */
  readonly textured: Uint16Array;
}

export class Plane {
  #slopes: Slopes | undefined;

  constructor(
    readonly width: number,
    readonly height: number,
    readonly pixels: Float32Array,
  ) {}

  /** Made when it is first asked for: most pairs are told apart without. */
  get slopes(): Slopes {
    this.#slopes ??= slopesOf(this);
    return this.#slopes;
  }
}

/** A pixel whose surroundings are plainer than this says nothing of where it is: the square of its gradient, in grey values. */
const PLAIN = 2;

export const planeOf = (width: number, height: number, bytes: Uint8Array): Plane =>
  new Plane(width, height, Float32Array.from(bytes));

function slopesOf({ width, height, pixels }: Plane): Slopes {
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
  const textured = new Uint16Array(pixels.length);
  let count = 0;
  for (let at = 0; at < pixels.length; at++)
    if (gradientX[at]! ** 2 + gradientY[at]! ** 2 >= PLAIN) textured[count++] = at;
  return { gradientX, gradientY, textured: textured.subarray(0, count) };
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
  return new Plane(w, h, out);
}

/** A colour at an edge as dark, or as bright, as fill around a picture that was turned or framed. */
const FILL = { dark: 8, bright: 247 } as const;

/** Pixels that may be fill around a picture: dark ones, or bright ones, that hang together with a corner. */
export interface Fill {
  /** 1 for each pixel that is, or lies beside one. */
  readonly dark: Uint8Array | undefined;
  readonly bright: Uint8Array | undefined;
}

export function fillOf({ width, height, pixels }: Plane): Fill {
  const flood = (isFill: (value: number) => boolean): Uint8Array | undefined => {
    const reached = new Uint8Array(width * height);
    const waiting = [0, width - 1, (height - 1) * width, height * width - 1].filter((at) =>
      isFill(pixels[at]!),
    );
    if (waiting.length === 0) return undefined;
    for (const at of waiting) reached[at] = 1;
    const reach = (at: number) => {
      if (reached[at] === 1 || !isFill(pixels[at]!)) return;
      reached[at] = 1;
      waiting.push(at);
    };
    for (let at = waiting.pop(); at !== undefined; at = waiting.pop()) {
      const x = at % width;
      if (x > 0) reach(at - 1);
      if (x < width - 1) reach(at + 1);
      if (at >= width) reach(at - width);
      if (at < width * (height - 1)) reach(at + width);
    }
    return grown(reached, width, height);
  };
  return { dark: flood((value) => value <= FILL.dark), bright: flood((value) => value >= FILL.bright) };
}

/** With the pixels beside it, which are half fill. */
function grown(mask: Uint8Array, width: number, height: number): Uint8Array {
  const out = Uint8Array.from(mask);
  for (let y = 0, at = 0; y < height; y++) {
    for (let x = 0; x < width; x++, at++) {
      if (mask[at] === 0) continue;
      if (x > 0) out[at - 1] = 1;
      if (x < width - 1) out[at + 1] = 1;
      if (y > 0) out[at - width] = 1;
      if (y < height - 1) out[at + width] = 1;
    }
  }
  return out;
}
