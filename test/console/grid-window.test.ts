/** Tests which tiles of a long grid exist. */

import { describe, expect, it } from 'vitest';
import { inView, neighbour, sameRows, shapeOf } from '../../console/library/grid-window.ts';

const OPTIONS = { width: 1_000, minTile: 150, gap: 10 };

describe('a long grid', () => {
  it('fits as many columns as there is room for, and at least one', () => {
    expect(shapeOf(100, OPTIONS).columns).toBe(6);
    expect(shapeOf(100, { ...OPTIONS, width: 40 }).columns).toBe(1);
  });

  it('is as high as all its rows', () => {
    const { columns, rowHeight, height } = shapeOf(13, OPTIONS);
    expect(height).toBeCloseTo(Math.ceil(13 / columns) * rowHeight - OPTIONS.gap);
    expect(shapeOf(0, OPTIONS).height).toBe(0);
  });

  it('covers every pixel of the view, wherever it stands', () => {
    const length = 100_003;
    const shape = shapeOf(length, OPTIONS);
    for (let top = 0; top < shape.height; top += 98_765) {
      const { start, end } = inView(length, shape, top, 800);
      expect((start / shape.columns) * shape.rowHeight).toBeLessThanOrEqual(top);
      const bottom = Math.min(top + 800, shape.height);
      expect(Math.ceil(end / shape.columns) * shape.rowHeight).toBeGreaterThanOrEqual(bottom);
      expect(end - start).toBeLessThan(100);
    }
  });

  it('holds nothing that is not there', () => {
    const shape = shapeOf(10, OPTIONS);
    expect(inView(10, shape, 0, 800)).toEqual({ start: 0, end: 10 });
    expect(inView(10, shape, 50_000, 800)).toEqual({ start: 10, end: 10 });
  });

  it.each([
    ['ArrowRight', 5, 6],
    ['ArrowDown', 5, 11],
    ['ArrowUp', 5, undefined],
    ['ArrowRight', 19, undefined],
    ['Home', 7, 0],
    ['End', 7, 19],
    ['x', 7, undefined],
  ])('leads on %s from %i to %s', (key, from, to) => {
    expect(neighbour(key, from, 20, 6)).toBe(to);
  });

  it('a scroll within the same rows shows the same tiles', () => {
    const shape = shapeOf(1_000, { width: 500, minTile: 100, gap: 0 });
    const view = { top: 210, height: 380 };
    expect(sameRows(view, { ...view, top: 219 }, shape)).toBe(true);
    expect(sameRows(view, { ...view, top: 221 }, shape)).toBe(false);
    expect(sameRows(view, { ...view, top: 199 }, shape)).toBe(false);
    expect(sameRows(view, view, undefined)).toBe(false);
  });
});
