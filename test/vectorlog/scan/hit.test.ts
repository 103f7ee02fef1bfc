import fc from 'fast-check';
import { expect, it } from 'vitest';
import { byScore, TopK } from '../../../vectorlog/scan/hit.ts';

it('keeps the best k, of equal scores the lower rows, whatever the order', () => {
  const scores = fc.array(fc.oneof(fc.integer({ min: -5, max: 5 }), fc.constant(Number.NaN)));
  fc.assert(
    fc.property(scores, fc.integer({ min: 1, max: 12 }), fc.infiniteStream(fc.nat()), (some, k, order) => {
      const hits = some.map((score, row) => ({ row, score, at: order.next().value as number }));
      const best = new TopK(k);
      for (const { row, score } of [...hits].sort((a, b) => a.at - b.at)) best.offer(row, score);

      const expected = hits
        .filter(({ score }) => !Number.isNaN(score))
        .sort(byScore)
        .slice(0, k);
      expect(best.kept()).toEqual(expected.map(({ row, score }) => ({ row, score })));
      expect(best.threshold).toBe(expected.length < k ? Number.NEGATIVE_INFINITY : expected.at(-1)!.score);
    }),
  );
});
