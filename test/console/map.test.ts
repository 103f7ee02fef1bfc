/** Tests that alike pictures come near each other on the map, and what is under a point of it. */

import { describe, expect, it } from 'vitest';
import { fitting, isInside, nearer, representatives, shifted } from '../../console/map/camera.ts';
import { layout } from '../../console/map/layout.ts';

/** Pictures of a few kinds, in turns. */
function kinds(count: number, groups: number, dims = 16) {
  const data = new Int8Array(count * dims);
  for (let i = 0; i < count; i++) {
    for (let d = 0; d < dims; d++) {
      const centre = 90 * Math.sin((i % groups) * 12.9898 + d * 78.233);
      data[i * dims + d] = Math.round(centre + 6 * Math.sin(i * 3.7 + d));
    }
  }
  return { data, dims, count };
}

function laidOut(vectors: ReturnType<typeof kinds>) {
  let last: Float32Array | undefined;
  let rounds = 0;
  let end: number | undefined;
  for (const { positions, done } of layout(vectors)) {
    last = positions;
    end = done;
    rounds += 1;
  }
  return { positions: last!, rounds, end };
}

describe('the layout', () => {
  it('keeps each kind together', () => {
    const groups = 6;
    const { positions } = laidOut(kinds(300, groups));
    expect(positions.every(Number.isFinite)).toBe(true);
    const apart = (i: number, j: number) =>
      Math.hypot(positions[i * 2]! - positions[j * 2]!, positions[i * 2 + 1]! - positions[j * 2 + 1]!);
    let right = 0;
    for (let i = 0; i < 300; i++) {
      const others = Array.from({ length: 300 }, (_, j) => j).filter((j) => j !== i);
      const nearest = others.reduce((best, j) => (apart(i, j) < apart(i, best) ? j : best));
      if (nearest % groups === i % groups) right += 1;
    }
    expect(right).toBeGreaterThan(285);
  });

  it('is the same for the same library', () => {
    expect(laidOut(kinds(60, 3)).positions).toEqual(laidOut(kinds(60, 3)).positions);
  });

  it.each([0, 1, 2, 3])('takes a library of %d', (count) => {
    const { positions, end } = laidOut(kinds(count, 2));
    expect(end).toBe(1);
    expect(positions).toHaveLength(count * 2);
    expect(positions.every(Number.isFinite)).toBe(true);
  });
});

describe('the camera', () => {
  const positions = Float32Array.from([0, 0, 10, 4, 10, 4.01]);

  it('shows the whole map', () => {
    const { x, y, scale } = fitting(positions, { width: 800, height: 600 });
    for (let at = 0; at < 3; at++) {
      expect(Math.abs((positions[at * 2]! - x) * scale)).toBeLessThan(400);
      expect(Math.abs((positions[at * 2 + 1]! - y) * scale)).toBeLessThan(300);
    }
  });

  it('keeps the point under the pointer where it is', () => {
    const before = { x: 3, y: 5, scale: 10 };
    const after = nearer(before, 2, 40, -20);
    expect(after.x + 40 / after.scale).toBeCloseTo(before.x + 4, 10);
    expect(after.y - 20 / after.scale).toBeCloseTo(before.y - 2, 10);
    expect(shifted(before, 10, 0).x).toBe(2);
  });

  it('shows one picture of each cell', () => {
    expect([...representatives(positions, 1, 60)]).toEqual([0]);
    expect([...representatives(positions, 64, 60)]).toEqual([0, 1]);
  });

  it('knows what a line goes around', () => {
    const line = [
      [0, 0],
      [10, 0],
      [10, 10],
      [0, 10],
    ] as const;
    expect([isInside(5, 5, line), isInside(15, 5, line), isInside(5, -1, line)]).toEqual([
      true,
      false,
      false,
    ]);
  });
});
