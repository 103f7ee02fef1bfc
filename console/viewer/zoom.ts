/** Looking at a part of a picture: how much it is enlarged, and what stands in the middle. */

export interface Look {
  /** 1 shows the whole picture. */
  readonly scale: number;
  /** How far the picture is moved, in fractions of the frame. */
  readonly x: number;
  readonly y: number;
}

export const WHOLE: Look = { scale: 1, x: 0, y: 0 };
const MAX_SCALE = 24;

const clamp = (value: number, low: number, high: number): number => Math.min(Math.max(value, low), high);

/** The look moved, never so far that the picture leaves the frame. */
export function moved({ scale, x, y }: Look, dx: number, dy: number): Look {
  const most = (scale - 1) / 2;
  // Adding 0 turns -0 into 0.
  return { scale, x: clamp(x + dx, -most, most) + 0, y: clamp(y + dy, -most, most) + 0 };
}

/** The look enlarged, so that the point at `px`, `py` (fractions of the frame from its middle) stays where it is. */
export function zoomed(look: Look, factor: number, px = 0, py = 0): Look {
  const scale = clamp(look.scale * factor, 1, MAX_SCALE);
  const ratio = scale / look.scale;
  return moved({ scale, x: 0, y: 0 }, px - (px - look.x) * ratio, py - (py - look.y) * ratio);
}
