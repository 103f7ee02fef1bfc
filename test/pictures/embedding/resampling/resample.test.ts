/** The kernel computes what the arithmetic says: the plain form of it is here, number by number. */

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Pixels } from '../../../../pictures/decoding/pixels.ts';
import {
  type Axis,
  PRECISION_BITS,
  sourceSpan,
  triangle,
} from '../../../../pictures/embedding/resampling/filter.ts';
import { resample } from '../../../../pictures/embedding/resampling/resample.ts';

const rounded = (sum: number): number => Math.floor((sum + 2 ** (PRECISION_BITS - 1)) / 2 ** PRECISION_BITS);

/** `at(i)` is the level of source pixel `i`. */
function weighted(axis: Axis, i: number, at: (source: number) => number): number {
  const { first, count, weights, stride } = triangle(axis);
  let sum = 0;
  for (let tap = 0; tap < count[i]!; tap++) sum += weights[i * stride + tap]! * at(first[i]! + tap);
  return rounded(sum);
}

function plainly({ data, width, height }: Pixels, x: Axis, y: Axis): Uint8Array {
  const narrow = new Uint8Array(height * x.length * 3);
  for (let i = 0; i < narrow.length; i++) {
    const row = Math.trunc(i / (x.length * 3));
    const column = Math.trunc(i / 3) % x.length;
    narrow[i] = weighted(x, column, (source) => data[(row * width + source) * 3 + (i % 3)]!);
  }
  const bytes = x.length * 3;
  return Uint8Array.from({ length: y.length * bytes }, (_, i) =>
    weighted(y, Math.trunc(i / bytes), (source) => narrow[source * bytes + (i % bytes)]!),
  );
}

function noise(width: number, height: number, seed: number): Pixels {
  let state = seed;
  const data = Uint8Array.from({ length: width * height * 3 }, () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    // Extremes more often than chance has them: sums are largest there.
    return state >>> 31 ? (state >>> 24) & 255 : ((state >>> 30) & 1) * 255;
  });
  return { data, width, height };
}

const axis = (longest: number): fc.Arbitrary<Axis> =>
  fc
    .record({ source: fc.integer({ min: 1, max: longest }), target: fc.integer({ min: 1, max: 40 }) })
    .chain(({ source, target }) =>
      fc
        .integer({ min: 0, max: target - 1 })
        .chain((start) =>
          fc.integer({ min: 1, max: target - start }).map((length) => ({ source, target, start, length })),
        ),
    );

/** The part of a picture that a result needs, as a decoder would give it. */
function part({ data, width }: Pixels, x: Axis, y: Axis): Pixels {
  const columns = sourceSpan(x);
  const rows = sourceSpan(y);
  const lines = Array.from({ length: rows.end - rows.start }, (_, row) =>
    data.subarray(
      ((rows.start + row) * width + columns.start) * 3,
      ((rows.start + row) * width + columns.end) * 3,
    ),
  );
  return { data: Buffer.concat(lines), width: columns.end - columns.start, height: lines.length };
}

describe('resample', () => {
  it('gives what the arithmetic gives, for any scale and any part', () => {
    fc.assert(
      fc.property(axis(300), axis(300), fc.nat(), (x, y, seed) => {
        const pixels = noise(x.source, y.source, seed);

        const result = resample(pixels, x, y);

        expect(Buffer.compare(result, plainly(pixels, x, y))).toBe(0);
      }),
      { numRuns: 60 },
    );
  });

  it('needs no more of the source than sourceSpan says', () => {
    fc.assert(
      fc.property(axis(120), axis(120), fc.nat(), (x, y, seed) => {
        const pixels = noise(x.source, y.source, seed);
        const cut = part(pixels, x, y);

        const result = resample(cut, x, y, sourceSpan(x).start, sourceSpan(y).start);

        expect(Buffer.compare(result, resample(pixels, x, y))).toBe(0);
      }),
      { numRuns: 60 },
    );
  });

  it('takes pictures that are many portions long, or rows that are longer than a portion', () => {
    for (const [width, height] of [
      [700, 900],
      [50_000, 12],
    ] as const) {
      const pixels = noise(width, height, 7);
      const x = { source: width, target: 30, start: 3, length: 20 };
      const y = { source: height, target: 7, start: 1, length: 5 };

      expect(Buffer.compare(resample(pixels, x, y), plainly(pixels, x, y))).toBe(0);
    }
  });

  it('keeps a picture that has its size already', () => {
    const pixels = noise(31, 17, 3);
    const whole = (length: number): Axis => ({ source: length, target: length, start: 0, length });

    expect(Buffer.compare(resample(pixels, whole(31), whole(17)), pixels.data)).toBe(0);
  });
});
