/** Projective maps of the plane. */

/**
 * A projective map of the plane, row by row, the last number 1: places in one small copy to places in the other, in its
 * pixels, the first pixel's centre at (0.5, 0.5).
 */
export type Homography = readonly number[];

/** The map from a plane that is `shrunkB` times smaller than b's copy to one `shrunkA` times smaller than a's. */
export function between(map: Homography, shrunkB: number, shrunkA: number): Homography {
  const [h0, h1, h2, h3, h4, h5, h6, h7] = map;
  const across = shrunkB / shrunkA;
  return [
    h0! * across,
    h1! * across,
    h2! / shrunkA,
    h3! * across,
    h4! * across,
    h5! / shrunkA,
    h6! * shrunkB,
    h7! * shrunkB,
    1,
  ];
}

/**
 * The map after a change of its source: where pixels were moved to now lies what was seen where they were.
 *
 * @param change eight numbers of a map about (cx, cy), in pixels at a distance of `unit` from there
 */
export function composed(
  map: Homography,
  change: ArrayLike<number>,
  cx: number,
  cy: number,
  unit: number,
): Homography {
  // From pixels to units about the middle, the inverse of the change there, and back.
  const moved = [
    1 + change[0]! / unit,
    change[1]! / unit,
    change[2]! / unit,
    change[3]! / unit,
    1 + change[4]! / unit,
    change[5]! / unit,
    change[6]! / unit,
    change[7]! / unit,
    1,
  ];
  const back = times(
    [unit, 0, cx, 0, unit, cy, 0, 0, 1],
    times(inverse(moved), [1 / unit, 0, -cx / unit, 0, 1 / unit, -cy / unit, 0, 0, 1]),
  );
  const all = times(map, back);
  return all.map((each) => each / all[8]!);
}

function times(a: readonly number[], b: readonly number[]): number[] {
  const out: number[] = [];
  for (let i = 0; i < 9; i += 3)
    for (let j = 0; j < 3; j++) out.push(a[i]! * b[j]! + a[i + 1]! * b[j + 3]! + a[i + 2]! * b[j + 6]!);
  return out;
}

/** Up to a factor, which a projective map does not notice. */
function inverse(m: readonly number[]): number[] {
  const [a, b, c, d, e, f, g, h, i] = m as [
    number,
    number,
    number,
    number,
    number,
    number,
    number,
    number,
    number,
  ];
  return [
    e * i - f * h,
    c * h - b * i,
    b * f - c * e,
    f * g - d * i,
    a * i - c * g,
    c * d - a * f,
    d * h - e * g,
    b * g - a * h,
    a * e - b * d,
  ];
}
