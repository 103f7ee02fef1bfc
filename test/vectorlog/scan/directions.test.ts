/** Principal directions: what they hold, their angles, and that they are the same bytes everywhere. */

import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { Frame } from '../../../vectorlog/scan/codes.ts';
import { principalDirections } from '../../../vectorlog/scan/directions.ts';
import { DIRECTIONS } from '../../../vectorlog/scan/layout.ts';
import { random } from './rows.ts';

const WIDTH = 96;

/** Vectors that differ along `count` hidden directions, ever less, and a little in all. */
function spreadAlong(count: number, rows: number): Float32Array[] {
  const next = random(5);
  const hidden = Array.from({ length: count }, () =>
    Float64Array.from({ length: WIDTH }, () => next() - 0.5),
  );
  return Array.from({ length: rows }, () => {
    const shares = hidden.map((_, i) => (next() - 0.5) / (i + 1));
    return Float32Array.from(
      { length: WIDTH },
      (_, d) => shares.reduce((sum, share, i) => sum + share * hidden[i]![d]!, 0) + (next() - 0.5) * 1e-3,
    );
  });
}

const product = (a: Float32Array, b: Float32Array): number => a.reduce((sum, x, i) => sum + x * b[i]!, 0);
const noCentre = new Float32Array(WIDTH);

describe('principal directions', () => {
  it('hold nearly all of vectors that differ along as many', async () => {
    const vectors = spreadAlong(DIRECTIONS, 500);
    const directions = await principalDirections(vectors, noCentre);
    for (const vector of vectors) {
      const held = directions.reduce((sum, direction) => sum + product(vector, direction) ** 2, 0);
      expect(product(vector, vector) - held).toBeLessThan(WIDTH * 1e-6);
    }
  });

  it('stand at right angles to each other and to the centre, as a frame demands', async () => {
    const vectors = spreadAlong(20, 300);
    const centre = vectors[0]!.map((x) => x * 3);
    expect(new Frame(centre, await principalDirections(vectors, centre)).squares).toBeGreaterThan(0);
  });

  it('are zeros where the vectors have no more', async () => {
    const directions = await principalDirections(spreadAlong(20, 3), noCentre);
    expect(directions.map((direction) => Math.round(product(direction, direction)))).toEqual([
      1, 1, 1, 0, 0, 0, 0, 0,
    ]);
    expect(await principalDirections([], noCentre)).toEqual(new Array(DIRECTIONS).fill(noCentre));
  });

  it('do not mind vectors that are no numbers, or far too large', async () => {
    const vectors = spreadAlong(20, 50);
    const odd = [Number.NaN, Number.POSITIVE_INFINITY, 1e30].map((x) => new Float32Array(WIDTH).fill(x));
    expect(await principalDirections([...vectors, ...odd], noCentre)).toEqual(
      await principalDirections(vectors, noCentre),
    );
  });

  it('are the same bytes on every processor', async () => {
    const hash = createHash('sha256');
    for (const direction of await principalDirections(spreadAlong(12, 200), noCentre)) hash.update(direction);
    expect(hash.digest('hex')).toMatchInlineSnapshot(
      `"6cb442a02a4fe8403af33380b1b7fdfd2cf5c5d36a80c2b12d7b094004608336"`,
    );
  });
});

describe('a frame', () => {
  const axes = Array.from({ length: DIRECTIONS }, (_, i) =>
    Float32Array.from({ length: WIDTH }, (_, d) => (d === i ? 1 : 0)),
  );
  const last = Float32Array.from({ length: WIDTH }, (_, d) => (d === WIDTH - 1 ? 1 : 0));

  it('has eight directions or none', () => {
    expect(new Frame(last, axes).recordBytes - new Frame(last).recordBytes).toBe(16);
    expect(() => new Frame(last, axes.slice(1))).toThrow(RangeError);
  });

  it.each([
    ['too long', 2],
    ['no number', Number.NaN],
  ])('refuses a direction that is %s', (_, factor) => {
    const wrong = axes.map((axis, i) => (i === 3 ? axis.map((x) => x * factor) : axis));
    expect(() => new Frame(last, wrong)).toThrow(RangeError);
  });

  it('refuses directions that are not at right angles to each other, or to the centre', () => {
    expect(() => new Frame(last, [...axes.slice(1), axes[1]!])).toThrow(RangeError);
    expect(() => new Frame(axes[2]!, axes)).toThrow(RangeError);
  });
});
