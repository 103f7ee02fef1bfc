/** Corners of a picture with binary descriptors: by them two pictures are laid over one another, whatever was cropped. */

/** A picture in grey, longer side 256 at most. */
export interface Grey {
  readonly width: number;
  readonly height: number;
  readonly pixels: Float32Array;
}

/** Corners, the strongest spread over the picture. */
export interface Features {
  readonly count: number;
  /** Place of each corner, in pixels of the copy with a longer side of 256. */
  readonly x: Uint8Array;
  readonly y: Uint8Array;
  /** Direction, in 256ths of a turn. */
  readonly angle: Uint8Array;
  /** The level of the pyramid it was found on: its size is `LEVEL_SCALE ** level`. */
  readonly level: Uint8Array;
  /** 256 bits a corner, as 8 words. The second half describes the corner as a mirror shows it. */
  readonly bits: Uint32Array;
}

export const MAX_FEATURES = 96;
export const WORDS = 8;
/** Each level of the pyramid is this much smaller than the one before. */
export const LEVEL_SCALE = Math.SQRT2;
/** Corners to take from each level. */
const LEVELS = [36, 26, 17, 10, 7];
/** Cells a side over which the corners of a level are spread. */
const CELLS = 8;
/** Pixels around a corner that give its direction and its descriptor. */
const RADIUS = 13;
/** A corner weaker than this, in squared grey values a pixel, is noise. */
const WEAKEST = 6;

/** The pairs of points that a descriptor compares: 128 and, after them, the same ones mirrored at the direction. */
const PAIRS = pairs();
/** Where the points of `PAIRS` lie around the corner that is described: of each one as it is, then as a mirror shows it. */
const TURNED = new Int32Array(4 * 128);

/** @param grey its longer side is 256 pixels */
export function findFeatures(grey: Grey): Features {
  const found: { x: number; y: number; angle: number; level: number; bits: Uint32Array }[] = [];
  let image = grey;
  for (const [level, wanted] of LEVELS.entries()) {
    if (level > 0) image = shrink(image);
    const { width, height } = image;
    if (Math.min(width, height) < 2 * CELLS) break;
    const smooth = blur(blur(image));
    const scale = LEVEL_SCALE ** level;
    for (const { x, y } of corners(image, wanted)) {
      const angle = direction(smooth, x, y);
      found.push({
        x: Math.min(255, Math.round((x + 0.5) * scale - 0.5)),
        y: Math.min(255, Math.round((y + 0.5) * scale - 0.5)),
        angle: Math.round((angle / (2 * Math.PI)) * 256) & 255,
        level,
        bits: describe(smooth, x, y, angle),
      });
    }
  }
  const bits = new Uint32Array(found.length * WORDS);
  for (const [i, feature] of found.entries()) bits.set(feature.bits, i * WORDS);
  return {
    count: found.length,
    x: Uint8Array.from(found, ({ x }) => x),
    y: Uint8Array.from(found, ({ y }) => y),
    angle: Uint8Array.from(found, ({ angle }) => angle),
    level: Uint8Array.from(found, ({ level }) => level),
    bits,
  };
}

/** Local maxima of the smaller eigenvalue of the structure tensor (Shi and Tomasi, 1994). */
function corners({ width, height, pixels }: Grey, wanted: number): { x: number; y: number }[] {
  const xx = new Float32Array(width * height);
  const xy = new Float32Array(width * height);
  const yy = new Float32Array(width * height);
  for (let y = 1; y < height - 1; y++) {
    for (let x = 1, at = y * width + 1; x < width - 1; x++, at++) {
      const dx = (pixels[at + 1]! - pixels[at - 1]!) / 2;
      const dy = (pixels[at + width]! - pixels[at - width]!) / 2;
      xx[at] = dx * dx;
      xy[at] = dx * dy;
      yy[at] = dy * dy;
    }
  }
  const { pixels: a } = blur({ width, height, pixels: xx });
  const { pixels: b } = blur({ width, height, pixels: xy });
  const { pixels: c } = blur({ width, height, pixels: yy });
  const strength = new Float32Array(width * height);
  for (let at = 0; at < strength.length; at++) {
    const half = (a[at]! - c[at]!) / 2;
    strength[at] = (a[at]! + c[at]!) / 2 - Math.sqrt(half * half + b[at]! * b[at]!);
  }
  const best: { x: number; y: number; strength: number; cell: number }[] = [];
  const edge = 4;
  for (let y = edge; y < height - edge; y++) {
    for (let x = edge, at = y * width + edge; x < width - edge; x++, at++) {
      const s = strength[at]!;
      if (s < WEAKEST) continue;
      if (s < strength[at - 1]! || s <= strength[at + 1]!) continue;
      if (s < strength[at - width]! || s <= strength[at + width]!) continue;
      if (s < strength[at - width - 1]! || s <= strength[at + width + 1]!) continue;
      if (s < strength[at - width + 1]! || s <= strength[at + width - 1]!) continue;
      const cell = Math.floor((y * CELLS) / height) * CELLS + Math.floor((x * CELLS) / width);
      best.push({ x, y, strength: s, cell });
    }
  }
  best.sort((one, other) => other.strength - one.strength);
  // First the strongest of each cell, then the second strongest, and so on: a busy corner must not have them all.
  const rank = new Map<number, number>();
  const ranked = best.map((corner) => {
    const r = rank.get(corner.cell) ?? 0;
    rank.set(corner.cell, r + 1);
    return { corner, r };
  });
  ranked.sort((one, other) => one.r - other.r || other.corner.strength - one.corner.strength);
  return ranked.slice(0, wanted).map(({ corner }) => corner);
}

/** Towards the centre of brightness (Rosin, 1999). */
function direction({ width, height, pixels }: Grey, x: number, y: number): number {
  let mx = 0;
  let my = 0;
  for (let dy = -RADIUS; dy <= RADIUS; dy++) {
    const py = Math.min(height - 1, Math.max(0, y + dy));
    for (let dx = -RADIUS; dx <= RADIUS; dx++) {
      if (dx * dx + dy * dy > RADIUS * RADIUS) continue;
      const px = Math.min(width - 1, Math.max(0, x + dx));
      const value = pixels[py * width + px]!;
      mx += dx * value;
      my += dy * value;
    }
  }
  return Math.atan2(my, mx);
}

function describe({ width, height, pixels }: Grey, x: number, y: number, angle: number): Uint32Array {
  const bits = new Uint32Array(WORDS);
  const cos = Math.cos(angle);
  const sin = Math.sin(angle);
  for (let i = 0; i < 4 * 128; i += 2) {
    const u = PAIRS[i]!;
    const v = PAIRS[i + 1]!;
    TURNED[i] = at(x + u * cos - v * sin, width) + at(y + u * sin + v * cos, height) * width;
    TURNED[i + 1] = at(x + u * cos - -v * sin, width) + at(y + u * sin + -v * cos, height) * width;
  }
  for (let i = 0; i < 128; i++) {
    if (pixels[TURNED[4 * i]!]! < pixels[TURNED[4 * i + 2]!]!) bits[i >>> 5]! |= 1 << (i & 31);
    if (pixels[TURNED[4 * i + 1]!]! < pixels[TURNED[4 * i + 3]!]!) bits[4 + (i >>> 5)]! |= 1 << (i & 31);
  }
  return bits;
}

/** The pixel next to a place in a line. */
const at = (place: number, length: number): number => Math.min(length - 1, Math.max(0, Math.round(place)));

/** The same points in every process: two fingerprints must speak of the same ones. */
function pairs(): Float32Array {
  let state = 20_261_127;
  const uniform = () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
  const normal = () => Math.sqrt(-2 * Math.log(uniform() + 1e-9)) * Math.cos(2 * Math.PI * uniform());
  const within = () => Math.max(-RADIUS, Math.min(RADIUS, normal() * RADIUS * 0.5));
  return Float32Array.from({ length: 4 * 128 }, within);
}

/** A box of 5 x 5, edges repeated: sums that move along the rows, then down all columns side by side. */
function blur({ width, height, pixels }: Grey): Grey {
  const rows = new Float32Array(pixels.length);
  const right = width - 1;
  for (let y = 0, row = 0; y < height; y++, row += width) {
    const first = pixels[row]!;
    let sum = first + first + first + pixels[row + Math.min(1, right)]! + pixels[row + Math.min(2, right)]!;
    for (let x = 0; x < width; x++) {
      rows[row + x] = sum / 5;
      sum += pixels[row + (x + 3 < right ? x + 3 : right)]! - pixels[row + (x > 2 ? x - 2 : 0)]!;
    }
  }
  const out = new Float32Array(pixels.length);
  const bottom = (height - 1) * width;
  const sums = new Float64Array(width);
  const [second, third] = [Math.min(width, bottom), Math.min(2 * width, bottom)];
  for (let x = 0; x < width; x++) {
    sums[x] = rows[x]! + rows[x]! + rows[x]! + rows[second + x]! + rows[third + x]!;
  }
  for (let row = 0; row <= bottom; row += width) {
    const comes = Math.min(row + 3 * width, bottom);
    const goes = Math.max(row - 2 * width, 0);
    for (let x = 0; x < width; x++) {
      const sum = sums[x]!;
      out[row + x] = sum / 5;
      sums[x] = sum + (rows[comes + x]! - rows[goes + x]!);
    }
  }
  return { width, height, pixels: out };
}

/** One level smaller, by bilinear samples of a picture that is smoothed a little. */
function shrink({ width, height, pixels }: Grey): Grey {
  const w = Math.round(width / LEVEL_SCALE);
  const h = Math.round(height / LEVEL_SCALE);
  const out = new Float32Array(w * h);
  const columns = samples(width, w);
  const rows = samples(height, h);
  for (let y = 0, at = 0; y < h; y++) {
    const [above, below] = [rows.first[y]! * width, rows.second[y]! * width];
    const fy = rows.fraction[y]!;
    for (let x = 0; x < w; x++, at++) {
      const [x0, x1] = [columns.first[x]!, columns.second[x]!];
      const fx = columns.fraction[x]!;
      const top = pixels[above + x0]! * (1 - fx) + pixels[above + x1]! * fx;
      const bottom = pixels[below + x0]! * (1 - fx) + pixels[below + x1]! * fx;
      out[at] = top * (1 - fy) + bottom * fy;
    }
  }
  return { width: w, height: h, pixels: out };
}

/** For each of `count` places in a line of `length`: the two pixels it lies between, and how far towards the second. */
function samples(length: number, count: number) {
  const first = new Int32Array(count);
  const second = new Int32Array(count);
  const fraction = new Float64Array(count);
  for (let i = 0; i < count; i++) {
    const place = Math.min(length - 1.001, ((i + 0.5) * length) / count - 0.5);
    first[i] = Math.max(0, Math.floor(place));
    second[i] = Math.min(length - 1, first[i]! + 1);
    fraction[i] = Math.max(0, place - first[i]!);
  }
  return { first, second, fraction };
}
