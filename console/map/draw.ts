/** Draws a map: dots, a picture for each cell that has one, what is selected, and the line of the lasso. */

import type { ShownPicture } from '../library/sequence.ts';
import { type Camera, representatives, type Size } from './camera.ts';
import type { MapPictures } from './pictures.ts';

interface Scene {
  readonly positions: Float32Array;
  readonly camera: Camera;
  readonly size: Size;
  readonly items: readonly ShownPicture[];
  readonly ticked: ReadonlyMap<string, unknown>;
  /** Pixels from the middle. */
  readonly line: readonly (readonly [number, number])[];
  readonly hovered: number | undefined;
  readonly pictures: MapPictures;
}

/** Pixels of a cell, and of the picture in it. */
const CELL = 78;
const PICTURE = 54;
const DOT = 3;

/** The pictures of a level, as long as neither the map nor the level changes. */
let level: { of: Float32Array; scale: number; pictures: Int32Array } | undefined;

function shownAsPictures(positions: Float32Array, { scale }: Camera): Int32Array {
  const rounded = Math.round(Math.log2(scale));
  if (level?.of !== positions || level.scale !== rounded) {
    level = { of: positions, scale: rounded, pictures: representatives(positions, scale, CELL) };
  }
  return level.pictures;
}

/** @returns the pictures in view that are shown as such, the middle ones first */
export function draw(canvas: HTMLCanvasElement, scene: Scene): number[] {
  const { positions, camera, size, items, ticked, line, hovered, pictures } = scene;
  const ratio = Math.min(devicePixelRatio, 2);
  const [width, height] = [Math.round(size.width * ratio), Math.round(size.height * ratio)];
  if (canvas.width !== width || canvas.height !== height) Object.assign(canvas, { width, height });
  const context = canvas.getContext('2d')!;
  const style = getComputedStyle(canvas);
  // The style sheet lends these properties its colours, since a canvas knows no `var()`.
  const { color: ink, caretColor: accent, textDecorationColor: well } = style;
  context.setTransform(ratio, 0, 0, ratio, width / 2, height / 2);
  context.clearRect(-size.width / 2, -size.height / 2, size.width, size.height);
  const xOf = (at: number) => (positions[at * 2]! - camera.x) * camera.scale;
  const yOf = (at: number) => (positions[at * 2 + 1]! - camera.y) * camera.scale;
  const isInView = (x: number, y: number) =>
    Math.abs(x) < size.width / 2 + CELL && Math.abs(y) < size.height / 2 + CELL;

  context.fillStyle = ink;
  context.globalAlpha = 0.5;
  for (let at = 0; at < items.length; at++) {
    const [x, y] = [xOf(at), yOf(at)];
    if (isInView(x, y)) context.fillRect(x - DOT / 2, y - DOT / 2, DOT, DOT);
  }
  context.globalAlpha = 1;

  const inView = Array.from(shownAsPictures(positions, camera)).filter((at) => isInView(xOf(at), yOf(at)));
  for (const at of inView) {
    const image = pictures.get(items[at]!.key);
    drawPicture(context, image, xOf(at), yOf(at), PICTURE, well);
  }
  if (hovered !== undefined) {
    const image = pictures.get(items[hovered]!.key);
    drawPicture(context, image, xOf(hovered), yOf(hovered), PICTURE * 1.5, well);
  }
  if (ticked.size > 0) drawTicks();
  if (line.length > 1) drawLine();
  return inView.sort((a, b) => Math.hypot(xOf(a), yOf(a)) - Math.hypot(xOf(b), yOf(b)));

  function drawTicks(): void {
    context.strokeStyle = context.fillStyle = accent;
    context.lineWidth = 3;
    const large = new Set(inView);
    for (const [at, { key }] of items.entries()) {
      if (!ticked.has(key)) continue;
      const side = large.has(at) ? PICTURE : 6;
      const [x, y] = [xOf(at), yOf(at)];
      if (large.has(at)) context.strokeRect(x - side / 2, y - side / 2, side, side);
      else context.fillRect(x - side / 2, y - side / 2, side, side);
    }
  }

  function drawLine(): void {
    context.strokeStyle = accent;
    context.lineWidth = 2;
    context.beginPath();
    for (const [x, y] of line) context.lineTo(x, y);
    context.closePath();
    context.stroke();
    context.globalAlpha = 0.12;
    context.fillStyle = context.strokeStyle;
    context.fill();
    context.globalAlpha = 1;
  }
}

function drawPicture(
  context: CanvasRenderingContext2D,
  image: ImageBitmap | undefined,
  x: number,
  y: number,
  side: number,
  blank: string,
): void {
  if (!image) {
    context.fillStyle = blank;
    context.fillRect(x - side / 4, y - side / 4, side / 2, side / 2);
    return;
  }
  const scale = side / Math.max(image.width, image.height);
  const [width, height] = [image.width * scale, image.height * scale];
  context.drawImage(image, x - width / 2, y - height / 2, width, height);
}

/** The picture at a point of the screen, in pixels from the middle: one that is shown, or the nearest dot. */
export function pictureAt(
  [x, y]: readonly [number, number],
  { positions, camera }: Pick<Scene, 'positions' | 'camera'>,
): number | undefined {
  const apart = (at: number) =>
    Math.max(
      Math.abs((positions[at * 2]! - camera.x) * camera.scale - x),
      Math.abs((positions[at * 2 + 1]! - camera.y) * camera.scale - y),
    );
  let found: number | undefined;
  for (const at of shownAsPictures(positions, camera)) if (apart(at) < PICTURE / 2) found = at;
  if (found !== undefined) return found;
  let least = 8;
  for (let at = 0; at < positions.length / 2; at++) {
    const distance = apart(at);
    if (distance < least) [least, found] = [distance, at];
  }
  return found;
}
