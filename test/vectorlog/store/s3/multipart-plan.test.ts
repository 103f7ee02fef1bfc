/** The plan of a multipart upload keeps S3's rules whatever it is made of. */

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { STORE_LIMITS } from '../../../../vectorlog/store/limits.ts';
import type { ComposePart } from '../../../../vectorlog/store/object-store.ts';
import {
  type PlannedPart,
  planParts,
  uploadPartBytes,
} from '../../../../vectorlog/store/s3/multipart-plan.ts';

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

  describe('step by step', () => {
    /** Parts in a short form: kind, bytes, and what they are made of. */
    const inShort = async (pieces: ComposePart[]) =>
      (await plan(pieces)).map((part) => [
        part.kind,
        part.size,
        ...contents([part]).map((piece) =>
          piece instanceof Uint8Array ? piece.length : [piece.range.start, piece.range.end],
        ),
      ]);
    const LEAST = 5 * MiB;

    it.each<[string, ComposePart[], unknown[]]>([
      ['a full part of new bytes', [fresh(8 * MiB)], [['upload', 8 * MiB, 8 * MiB]]],
      ['one byte less', [fresh(8 * MiB - 1)], [['whole', 8 * MiB - 1, 8 * MiB - 1]]],
      [
        'one byte more, and as much again',
        [fresh(8 * MiB + 1), fresh(8 * MiB)],
        [
          ['upload', 8 * MiB, 8 * MiB],
          ['upload', 8 * MiB, 1, 8 * MiB - 1],
          ['upload', 1, 1],
        ],
      ],
      [
        'a range that is read, since it is no larger than the least part',
        [fresh(8 * MiB), copy(0, LEAST)],
        [
          ['upload', 8 * MiB, 8 * MiB],
          ['upload', LEAST, [0, LEAST]],
        ],
      ],
      ['a range that is copied, since it is', [copy(0, LEAST + 1)], [['copy', LEAST + 1, [0, LEAST + 1]]]],
      [
        'a head that takes what it lacks from the range behind it, of which too little is left',
        [fresh(3), copy(10, 10 + LEAST)],
        [
          ['upload', LEAST, 3, [10, 7 + LEAST]],
          ['upload', 3, [7 + LEAST, 10 + LEAST]],
        ],
      ],
      [
        'a head that takes what it lacks, and the rest is copied',
        [fresh(3), copy(10, 8 + 2 * LEAST)],
        [
          ['upload', LEAST, 3, [10, 7 + LEAST]],
          ['copy', LEAST + 1, [7 + LEAST, 8 + 2 * LEAST]],
        ],
      ],
      [
        'a head that lacks nothing',
        [fresh(LEAST), copy(0, 100)],
        [
          ['upload', LEAST, LEAST],
          ['upload', 100, [0, 100]],
        ],
      ],
      ['an empty range', [fresh(3), copy(7, 7)], [['whole', 3, 3]]],
      [
        'a head that takes from two ranges',
        [fresh(3), copy(0, 2), copy(9, 9 + 6 * MiB)],
        [
          ['upload', LEAST, 3, [0, 2], [9, 4 + LEAST]],
          ['upload', MiB + 5, [4 + LEAST, 9 + 6 * MiB]],
        ],
      ],
      ['the largest range of one copy', [copy(1, 1 + 128 * MiB)], [['copy', 128 * MiB, [1, 1 + 128 * MiB]]]],
      [
        'a range that is cut in two, as evenly as can be',
        [copy(1, 2 + 128 * MiB)],
        [
          ['copy', 67_108_865, [1, 67_108_866]],
          ['copy', 67_108_864, [67_108_866, 134_217_730]],
        ],
      ],
    ])('plans %s', async (_, pieces, expected) => {
      expect(await inShort(pieces)).toEqual(expected);
    });

    it('cuts no range into more than a thousand copies, which count for the size of what follows', async () => {
      const parts = await inShort([copy(0, 200 * GiB), fresh(16 * MiB)]);

      expect(parts).toHaveLength(1_001);
      expect(parts[0]).toEqual(['copy', 214_748_365, [0, 214_748_365]]);
      expect(parts[999]).toEqual(['copy', 214_748_165, [214_533_616_635, 200 * GiB]]);
      expect(parts[1_000]).toEqual(['upload', 16 * MiB, 16 * MiB]);
    });

    it('keeps what it was given though its owner uses the buffer again', async () => {
      const buffer = new Uint8Array(2);
      async function* pieces() {
        for (const value of [1, 2]) yield buffer.fill(value);
      }
      const parts: PlannedPart[] = [];
      for await (const part of planParts(pieces())) parts.push(part);
      expect(contents(parts)).toEqual([new Uint8Array([1, 1]), new Uint8Array([2, 2])]);
    });
  });

  it('doubles its parts after each thousand, up to the largest that S3 takes', () => {
    expect([0, 999, 1_000, 1_999, 2_000, 9_999, 10_000].map(uploadPartBytes)).toEqual([
      8 * MiB,
      8 * MiB,
      16 * MiB,
      16 * MiB,
      32 * MiB,
      4 * GiB,
      5 * GiB,
    ]);
  });
});
