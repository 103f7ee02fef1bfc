/** Tests that the box on a picture never leaves it, however it is drawn, moved and sized. */

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  boxBetween,
  inWords,
  MIDDLE,
  MIN_SIDE,
  moved,
  opposite,
  sized,
} from '../../console/crop/geometry.ts';
import type { Crop } from '../../console/route/route.ts';

const coordinate = fc.double({ min: -3, max: 4, noNaN: true });
const point = fc.record({ x: coordinate, y: coordinate });

function expectInside({ x, y, width, height }: Crop): void {
  expect(x).toBeGreaterThanOrEqual(0);
  expect(y).toBeGreaterThanOrEqual(0);
  expect(width).toBeGreaterThanOrEqual(MIN_SIDE - 1e-9);
  expect(height).toBeGreaterThanOrEqual(MIN_SIDE - 1e-9);
  expect(x + width).toBeLessThanOrEqual(1 + 1e-9);
  expect(y + height).toBeLessThanOrEqual(1 + 1e-9);
}

describe('a box on a picture', () => {
  it('lies inside whatever was drawn, moved and sized', () => {
    fc.assert(
      fc.property(point, point, fc.array(fc.tuple(fc.boolean(), point)), (from, to, steps) => {
        let box = boxBetween(from, to);
        if (!box) return;
        expectInside(box);
        for (const [move, by] of steps) {
          box = (move ? moved : sized)(box, by);
          expectInside(box);
        }
      }),
    );
  });

  it('is the same whichever corner it is drawn from', () => {
    const [a, b] = [
      { x: 0.2, y: 0.7 },
      { x: 0.6, y: 0.1 },
    ];
    expect(boxBetween(a, b)).toEqual(boxBetween(b, a));
  });

  it('is none after a click', () => {
    expect(boxBetween({ x: 0.5, y: 0.5 }, { x: 0.51, y: 0.52 })).toBeUndefined();
  });

  it('keeps its size when it is moved against an edge', () => {
    expect(moved(MIDDLE, { x: 5, y: -5 })).toEqual({ x: 0.5, y: 0, width: 0.5, height: 0.5 });
  });

  it('keeps the corner that is opposite to the one that is dragged', () => {
    expect(opposite(MIDDLE, 'nw')).toEqual({ x: 0.75, y: 0.75 });
    expect(opposite(MIDDLE, 'se')).toEqual({ x: 0.25, y: 0.25 });
    expect(opposite(MIDDLE, 'ne')).toEqual({ x: 0.25, y: 0.75 });
  });

  it('can be said in words', () => {
    expect(inWords(MIDDLE)).toBe('50% wide and 50% high, 25% from the left and 25% from the top');
  });
});
