/** Which part of a map is in view, and what is under a point of the screen. */

export interface Camera {
  /** The middle of the view on the map. */
  readonly x: number;
  readonly y: number;
  /** Pixels for one step on the map. */
  readonly scale: number;
}

export interface Size {
  readonly width: number;
  readonly height: number;
}

const MARGIN = 0.92;

/** The whole map in view. */
export function fitting(positions: Float32Array, { width, height }: Size): Camera {
  let [left, right, top, bottom] = [Infinity, -Infinity, Infinity, -Infinity];
  for (let at = 0; at < positions.length; at += 2) {
    left = Math.min(left, positions[at]!);
    right = Math.max(right, positions[at]!);
    top = Math.min(top, positions[at + 1]!);
    bottom = Math.max(bottom, positions[at + 1]!);
  }
  if (left > right) return { x: 0, y: 0, scale: 1 };
  const scale = MARGIN * Math.min(width / (right - left + 1), height / (bottom - top + 1));
  return { x: (left + right) / 2, y: (top + bottom) / 2, scale };
}

/** The camera moved nearer, so that the point under `px`, `py` (pixels from the middle) stays there. */
export function nearer({ x, y, scale }: Camera, factor: number, px = 0, py = 0): Camera {
  const next = Math.min(Math.max(scale * factor, 0.5), 4_000);
  return { x: x + px / scale - px / next, y: y + py / scale - py / next, scale: next };
}

export const shifted = ({ x, y, scale }: Camera, dx: number, dy: number): Camera => ({
  x: x - dx / scale,
  y: y - dy / scale,
  scale,
});

/** Whether a point lies inside a closed line of points (the ray from it crosses the line an odd number of times). */
export function isInside(x: number, y: number, line: readonly (readonly [number, number])[]): boolean {
  let inside = false;
  for (let at = 0, before = line.length - 1; at < line.length; before = at++) {
    const [ax, ay] = line[at]!;
    const [bx, by] = line[before]!;
    if (ay > y !== by > y && x < ((bx - ax) * (y - ay)) / (by - ay) + ax) inside = !inside;
  }
  return inside;
}

/**
 * For each cell of a map at most one picture: those that are shown as pictures while the others are dots. The cells keep
 * their places while the map is moved, and change in steps while it is zoomed, so that pictures do not flicker.
 *
 * @param cell pixels of a cell's side
 */
export function representatives(positions: Float32Array, scale: number, cell: number): Int32Array {
  const level = 2 ** Math.round(Math.log2(scale));
  const side = cell / level;
  const seen = new Map<number, number>();
  for (let at = 0; at < positions.length / 2; at++) {
    const column = Math.floor(positions[at * 2]! / side);
    const row = Math.floor(positions[at * 2 + 1]! / side);
    const name = (column + 1e5) * 1e6 + row + 1e5;
    if (!seen.has(name)) seen.set(name, at);
  }
  return Int32Array.from(seen.values());
}
