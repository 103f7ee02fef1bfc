import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Control } from '../../../vectorlog/scan/control.ts';

describe('what threads share', () => {
  it('is a counter that gives every turn once', () => {
    const control = new Control();
    const other = new Control(control.buffer);
    control.reset();
    expect([control.next(), other.next(), control.next(), other.next()]).toEqual([0, 1, 2, 3]);
    control.reset();
    expect(other.next()).toBe(0);
  });

  it('is a threshold for each query that only rises, never above what was told', () => {
    fc.assert(
      fc.property(fc.array(fc.double({ noNaN: true, min: -1e30, max: 1e30 }), { minLength: 1 }), (scores) => {
        const control = new Control();
        const other = new Control(control.buffer);
        control.reset();
        expect(other.threshold(3)).toBe(Number.NEGATIVE_INFINITY);
        for (const [i, score] of scores.entries()) (i % 2 ? control : other).raise(3, score);

        const best = Math.max(...scores);
        expect(other.threshold(3)).toBeLessThanOrEqual(best);
        expect(other.threshold(3)).toBeGreaterThanOrEqual(best - Math.abs(best) * 1e-6 - 1e-44);
        expect(other.threshold(2)).toBe(Number.NEGATIVE_INFINITY);
      }),
    );
  });
});
