/** The plan of a multipart upload keeps S3's rules whatever it is made of. */

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { STORE_LIMITS } from '../../../vectorlog/store/limits.ts';
import type { ComposePart } from '../../../vectorlog/store/object-store.ts';
import { type PlannedPart, planParts, uploadPartBytes } from '../../../vectorlog/store/s3/multipart-plan.ts';

const { minPartBytes, maxPartBytes, maxParts, copyPartBytes } = STORE_LIMITS;
const MiB = 1024 * 1024;
const GiB = 1024 * MiB;

async function plan(pieces: ComposePart[]): Promise<PlannedPart[]> {
  const parts: PlannedPart[] = [];
  for await (const part of planParts(pieces)) parts.push(part);
  return parts;
}

/** New bytes of this length, without the cost of making them. */
const fresh = (length: number) => new Uint8Array(length);
const copy = (start: number, end: number): ComposePart => ({ copyFrom: 'old', range: { start, end } });

/** What each part takes of the sources, in order: `[start, end]` of a copy, or the length of new bytes. */
const contents = (parts: PlannedPart[]) =>
  parts.flatMap((part) => (part.kind === 'copy' ? [part.source] : part.pieces));

/** Pieces with neighbours that continue each other joined, so that two cuts of the same content are equal. */
function joined(pieces: readonly ComposePart[]): (number | [number, number])[] {
  const result: (number | [number, number])[] = [];
  for (const piece of pieces) {
    const last = result.at(-1);
    if (piece instanceof Uint8Array) {
      if (piece.length === 0) continue;
      if (typeof last === 'number') result[result.length - 1] = last + piece.length;
      else result.push(piece.length);
    } else {
      const { start, end } = piece.range;
      if (start === end) continue;
      if (Array.isArray(last) && last[1] === start) last[1] = end;
      else result.push([start, end]);
    }
  }
  return result;
}

describe('the plan of a multipart upload', () => {
  it('keeps content, order and limits', async () => {
    const size = fc.oneof(
      fc.nat(100),
      fc.integer({ min: minPartBytes - 2, max: minPartBytes + 2 }),
      fc.nat(20 * MiB),
    );
    const large = fc.oneof(
      size,
      fc.integer({ min: copyPartBytes - 2, max: copyPartBytes + 2 }),
      fc.nat(30 * GiB),
    );
    const piece = fc.oneof(
      size.map(fresh),
      fc.tuple(fc.nat(10 * GiB), large).map(([start, length]) => copy(start, start + length)),
    );

    await fc.assert(
      fc.asyncProperty(fc.array(piece, { maxLength: 8 }), async (pieces) => {
        const parts = await plan(pieces);

        expect(joined(contents(parts))).toEqual(joined(pieces));
        for (const part of parts) expect(part.size).toBeLessThanOrEqual(maxPartBytes);
        for (const part of parts.slice(0, -1)) expect(part.size).toBeGreaterThanOrEqual(minPartBytes);
        for (const part of parts)
          if (part.kind === 'copy') expect(part.size).toBeGreaterThanOrEqual(minPartBytes);
        expect(parts.filter(({ kind }) => kind === 'whole')).toHaveLength(
          parts.length === 1 && parts[0]!.kind === 'whole' ? 1 : 0,
        );
        expect(parts.length).toBeGreaterThan(0);
      }),
      { numRuns: 60 },
    );
  });

  it('sends nothing of what can be copied but what the part before lacks', async () => {
    const parts = await plan([fresh(45), copy(45, 8 * GiB), fresh(8_192)]);

    const sent = parts.filter(({ kind }) => kind !== 'copy').reduce((sum, { size }) => sum + size, 0);
    expect(sent).toBe(minPartBytes + 8_192);
    expect(parts.filter(({ kind }) => kind === 'copy')).toHaveLength(Math.ceil((8 * GiB) / copyPartBytes));
  });

  it('reads a small range even at the end, where its object may be too small to be copied from', async () => {
    const parts = await plan([copy(0, 10 * MiB), copy(3, 7)]);

    expect(parts.map(({ kind }) => kind)).toEqual(['copy', 'upload']);
  });

  it('makes one small object without a multipart upload', async () => {
    expect((await plan([])).map(({ kind, size }) => [kind, size])).toEqual([['whole', 0]]);
    expect((await plan([fresh(10), copy(0, 10)])).map(({ kind, size }) => [kind, size])).toEqual([
      ['whole', 20],
    ]);
  });

  it("reaches S3's largest object within its number of parts", () => {
    let total = 0;
    for (let i = 0; i < maxParts; i++) total += uploadPartBytes(i);

    expect(total).toBeGreaterThan(5 * 1024 * GiB);
    expect(uploadPartBytes(maxParts - 1)).toBeLessThanOrEqual(maxPartBytes);
  });
});
