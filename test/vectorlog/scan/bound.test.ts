/** The interval that codes give holds the score, whatever row, query and centre. */

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { exactScores } from '../../../vectorlog/scan/code-matrix.ts';
import { Frame } from '../../../vectorlog/scan/codes.ts';
import { principalDirections } from '../../../vectorlog/scan/directions.ts';
import { QueryInvalid } from '../../../vectorlog/scan/errors.ts';
import { instantiate, type Kernel } from '../../../vectorlog/scan/kernel.ts';
import { kernelModule, usableKernels } from '../../../vectorlog/scan/kernel-module.ts';
import { headOf, RowLayout } from '../../../vectorlog/scan/layout.ts';
import { prepareQuery } from '../../../vectorlog/scan/query.ts';
import { Segment } from '../../../vectorlog/scan/segment.ts';

const WIDTHS = [32, 96, 512, 2048];

const memory = new WebAssembly.Memory({ initial: 200, maximum: 65_535, shared: true });
const kernels = usableKernels().map((name) => ({ name, kernel: instantiate(kernelModule(name), memory) }));
const { kernel } = kernels[0]!;

/** Lays four times the same row and a query where the kernel finds them. */
function laid(row: Float32Array, query: Float32Array, frame: Frame) {
  const directions = frame.directions.length;
  const shape = { kind: 'codes', dimensions: row.length, directions } as const;
  const layout = new RowLayout(shape);
  const segment = new Segment(shape, memory, 1);
  const prepared = prepareQuery(query, frame);
  segment.setQueries([prepared, prepared, prepared, prepared]);
  const record = frame.encode(row);
  for (let i = 0; i < 4; i++) segment.bytes(i, 1).set(record);
  return { layout, prepared, codes: new Int8Array(memory.buffer, layout.rowAt(0), row.length) };
}

/** Between what the score of the row is that was laid. */
function interval(layout: RowLayout, { judge }: Kernel = kernel) {
  const [numbers, out] = [layout.scoresAt(0), layout.scoresAt(1)];
  new Int32Array(memory.buffer, numbers, 1)[0] = 0;
  const { dimensions } = layout.shape;
  const places = [layout.fineQueryAt(0), layout.weightsAt(0, 'fine'), layout.sharesAt(0, 'fine')] as const;
  judge(numbers, 1, layout.rowAt(0), layout.stride, dimensions, ...places, out);
  const [lowest, highest] = new Float64Array(memory.buffer, out, 2);
  return { lowest: lowest!, highest: highest! };
}

/** The inner product in double precision, and how far that can be from the true one. */
function exactly(row: Float32Array, query: Float32Array) {
  let score = 0;
  let sizes = 0;
  for (let i = 0; i < row.length; i++) {
    score += row[i]! * query[i]!;
    sizes += Math.abs(row[i]! * query[i]!);
  }
  return { score, doubt: sizes * 2 ** -40 };
}

const MAKERS = {
  dense: (at: number) => at,
  positive: (at: number) => Math.abs(at),
  sparse: (at: number, i: number) => (i % 97 === 0 ? at : 0),
  'one large': (at: number, i: number) => (i === 20 ? 1 : at * 1e-4),
  'huge range': (at: number, i: number) => at * 10 ** ((i % 60) - 45),
  constant: (_: number, __: number, first: number) => first,
  zero: (at: number) => (at < 0 ? -0 : 0),
  tiny: (at: number) => at * 1e-42,
  large: (at: number) => at * 1e15,
};

/** Vectors of many kinds, from a few numbers that fast-check can shrink. */
const vectors = (dimensions: number) =>
  fc
    .record({
      kind: fc.constantFrom(...(Object.keys(MAKERS) as (keyof typeof MAKERS)[])),
      numbers: fc.array(fc.double({ min: -1, max: 1, noNaN: true }), { minLength: 7, maxLength: 61 }),
    })
    .map(({ kind, numbers }) =>
      Float32Array.from({ length: dimensions }, (_, i) =>
        MAKERS[kind](numbers[i % numbers.length]! * Math.sin(i + 1), i, numbers[0]!),
      ),
    );

const three = fc
  .constantFrom(...WIDTHS)
  .chain((width) => fc.tuple(vectors(width), vectors(width), vectors(width)));

/** A frame without directions, and one whose directions the row and the query themselves have chosen. */
async function framesOf(row: Float32Array, query: Float32Array, middle: Float32Array): Promise<Frame[]> {
  const plain = new Frame(middle);
  const centre = plain.squares > 0 ? middle : new Float32Array(middle.length);
  const others = [1, 2, 3].map((turn) => row.map((x, i) => x + query[(i * turn) % query.length]!));
  return [plain, new Frame(middle, await principalDirections([row, query, ...others], centre))];
}

/** Tries what must hold of every row, query and frame. */
const everyFrame = (holds: (row: Float32Array, query: Float32Array, frame: Frame) => void): Promise<void> =>
  fc.assert(
    fc.asyncProperty(three, async ([row, query, middle]) => {
      for (const frame of await framesOf(row, query, middle)) holds(row, query, frame);
    }),
    { numRuns: 400 },
  );

describe('the interval of a row', () => {
  it('holds the true score and the float32 one', async () => {
    await everyFrame((row, query, frame) => {
      const { layout } = laid(row, query, frame);
      const { score, doubt } = exactly(row, query);
      for (const { kernel } of kernels) {
        const { lowest, highest } = interval(layout, kernel);
        expect(score).toBeGreaterThanOrEqual(lowest - doubt);
        expect(score).toBeLessThanOrEqual(highest + doubt);
        const [float] = exactScores(query, [row]);
        expect(float).toBeGreaterThanOrEqual(lowest);
        expect(float).toBeLessThanOrEqual(highest);
      }
    });
  });

  it('never lets a row fall through the coarse sieve that reaches the threshold, by all codes or by their head', async () => {
    await everyFrame((row, query, frame) => {
      const { layout } = laid(row, query, frame);
      const score = exactScores(query, [row])[0]!;
      const [sums, rests] = [layout.scoresAt(5), layout.scoresAt(6)];
      const [at, bounds] = [layout.rowAt(0), layout.boundsAt(0)];
      kernel.measureParts(at, 4, layout.stride, headOf(row.length), row.length, sums, rests);
      for (const [stage, bytes, ofSums, ofRests, step] of [
        ['whole', row.length, bounds + 16, bounds + 24, layout.stride],
        ['head', headOf(row.length), sums, rests, 4],
      ] as const) {
        // A narrow row has no head, and no pass tries it.
        if (bytes === 0) continue;
        const out = layout.scoresAt(0);
        const query = [layout.weightsAt(0, stage), layout.sharesAt(0, stage)] as const;
        const [numbers, left] = [layout.scoresAt(1), layout.scoresAt(2)];
        kernel.dotCoarse4(at, 4, layout.stride, bytes, layout.queryAt(0), out, 16);
        new Int32Array(memory.buffer, numbers, 4).set([0, 1, 2, 3]);
        const rows = [4, bounds, layout.stride, ofSums, ofRests, step] as const;
        expect(kernel.sift(out, numbers, ...rows, ...query, score, left)).toBe(4);
        const [limits, counts] = [layout.scoresAt(3), layout.scoresAt(4)];
        new Float64Array(memory.buffer, limits, 4).fill(score);
        kernel.sift4(out, 16, ...rows, ...query, limits, left, counts);
        expect([...new Int32Array(memory.buffer, counts, 4)]).toEqual([4, 4, 4, 4]);
      }
    });
  });

  it('is gone by alike whether products are made at the same time or before, for any number of rows', async () => {
    await everyFrame((row, query, frame) => {
      const { layout } = laid(row, query, frame);
      const score = exactScores(query, [row])[0]!;
      const [products, numbers, left] = [layout.scoresAt(0), layout.scoresAt(1), layout.scoresAt(2)];
      const [at, bounds] = [layout.rowAt(0), layout.boundsAt(0)];
      const ofQuery = [layout.weightsAt(0, 'whole'), layout.sharesAt(0, 'whole')] as const;
      for (const rows of [1, 2, 3, 4])
        for (const threshold of [score, score + 0.01 * Math.abs(score), Number.POSITIVE_INFINITY]) {
          const many = [at, rows, layout.stride, row.length, layout.queryAt(0)] as const;
          const count = kernel.siftCoarse(...many, products, ...ofQuery, threshold, left);
          const found = new Int32Array(memory.buffer, left, count).toSorted();
          new Int32Array(memory.buffer, numbers, rows).set([0, 1, 2, 3].slice(0, rows));
          const places = [bounds, layout.stride, bounds + 16, bounds + 24, layout.stride] as const;
          expect(
            kernel.sift(products, numbers, rows, ...places, ...ofQuery, threshold, layout.scoresAt(3)),
          ).toBe(count);
          expect(found).toEqual(Int32Array.from({ length: count }, (_, i) => i));
          if (threshold === score) expect(count).toBe(rows);
        }
    });
  });

  it('is narrow for unit vectors', () => {
    for (let seed = 1; seed < 20; seed++) {
      const feature = (i: number): number => Math.abs(Math.sin(seed * (i + 1))) ** 3;
      const row = Float32Array.from({ length: 2048 }, (_, i) => feature(i) / 25);
      const { lowest, highest } = interval(laid(row, row, new Frame(row.map(() => 0.015))).layout);
      expect(highest - lowest).toBeLessThan(0.04);
    }
  });

  it.each([Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, 3e38, -3e38])(
    'is endless for a row with %f in it',
    (value) => {
      for (const place of [0, 1, 2_047]) {
        const row = new Float32Array(2048).fill(0.1);
        row[place] = value;
        for (const query of [new Float32Array(2048).fill(0.1), new Float32Array(2048)]) {
          const { layout } = laid(row, query, new Frame(new Float32Array(2048).fill(0.1)));
          expect(interval(layout)).toEqual({
            lowest: Number.NEGATIVE_INFINITY,
            highest: Number.POSITIVE_INFINITY,
          });
        }
      }
    },
  );

  it('is not for a query whose products may overflow', () => {
    const frame = new Frame(new Float32Array(2048));
    expect(() => prepareQuery(new Float32Array(2048).fill(1e18), frame)).toThrow(QueryInvalid);
  });
});

/** Multiplies the codes of four rows with the first query. */
function multiplied(kernel: Kernel, layout: RowLayout, out: number): void {
  const query = [layout.weightsAt(0, 'whole'), layout.sharesAt(0, 'whole')] as const;
  const rows = [layout.rowAt(0), 4, layout.stride, layout.shape.dimensions] as const;
  kernel.siftCoarse(...rows, layout.queryAt(0), out, ...query, 0, layout.scoresAt(2));
}

describe('what is measured of the codes behind the head', () => {
  it('is no less than their norm, whichever they are', async () => {
    await everyFrame((row, query, frame) => {
      const { layout, codes } = laid(row, query, frame);
      const head = headOf(row.length);
      const [sums, rests] = [layout.scoresAt(5), layout.scoresAt(6)];
      kernel.measureParts(layout.rowAt(0), 4, layout.stride, head, row.length, sums, rests);
      const scale = new Float32Array(memory.buffer, layout.boundsAt(0), 1)[0]!;
      const squares = codes.subarray(head).reduce((sum, code) => sum + code * code, 0);
      expect(new Float32Array(memory.buffer, rests, 1)[0]).toBeGreaterThanOrEqual(scale * Math.sqrt(squares));
      expect(new Float32Array(memory.buffer, sums, 1)[0]).toBe(
        codes.subarray(0, head).reduce((sum, code) => sum + code, 0),
      );
    });
  });
});

describe('products of codes', () => {
  it('are exact and the same in every kernel', () => {
    fc.assert(
      fc.property(three, ([row, query, middle]) => {
        const { layout, prepared, codes } = laid(row, query, new Frame(middle));
        const sum = (numbers: ArrayLike<number>) =>
          codes.reduce((total, code, i) => total + BigInt(code) * BigInt(numbers[i]!), 0n);
        for (const { kernel, name } of kernels) {
          const out = layout.scoresAt(0);
          const { stride } = layout;
          multiplied(kernel, layout, out);
          const one = [...new Int32Array(memory.buffer, out, 4)].map(BigInt);
          expect([name, ...one]).toEqual([name, ...new Array(4).fill(sum(prepared.coarse))]);
          kernel.dotCoarse4(layout.rowAt(0), 4, stride, row.length, layout.queryAt(0), out, 16);
          const four = [...new Int32Array(memory.buffer, out, 16)].map(BigInt);
          expect(four).toEqual([...one, ...one, ...one, ...one]);
          const [head, numbers] = [headOf(row.length), layout.scoresAt(1)];
          kernel.dotCoarse4(layout.rowAt(0), 4, stride, head, layout.queryAt(0), out, 16);
          new Int32Array(memory.buffer, numbers, 2).set([1, 3]);
          kernel.dotRest(numbers, 2, layout.rowAt(0), stride, head, row.length, layout.queryAt(0), out);
          const rest = [...new Int32Array(memory.buffer, out, 4)].map(BigInt);
          expect([rest[1], rest[3]]).toEqual([one[1], one[3]]);
        }
      }),
      { numRuns: 100 },
    );
  });

  it.each([127, -127])('hold the largest there are, codes of %i', (code) => {
    const row = new Float32Array(2048).fill(1);
    const { layout, codes } = laid(row, row, new Frame(new Float32Array(2048)));
    codes.fill(code);
    new Uint8Array(memory.buffer, layout.queryAt(0), 4 * 2048).fill(63);
    for (const { kernel, name } of kernels) {
      const out = layout.scoresAt(0);
      multiplied(kernel, layout, out);
      expect([name, new Int32Array(memory.buffer, out, 1)[0]]).toEqual([name, 2048 * 63 * code]);
    }
  });
});

describe('codes', () => {
  it('are the same bytes on every processor, without directions', () => {
    const row = Float32Array.from({ length: 64 }, (_, i) => Math.fround(((i * 37) % 64) / 500));
    const frame = new Frame(Float32Array.from({ length: 64 }, (_, i) => Math.fround(((i * 11) % 64) / 500)));
    expect(Buffer.from(frame.encode(row)).toString('hex')).toMatchInlineSnapshot(
      `"5cfff40909df09090909dfdf0909df32030f0909dfdfdae509090f03dae5323209fd0f0f0909030fdfdfe5da3281e5e5090932dfe538030303b0e5e532325015548b3139b974403f2389cd393d8f453d0000a0c0000000003d8f453d0393153f"`,
    );
  });

  it('are the same bytes on every processor, with directions', async () => {
    const rows = [37, 11, 53].map((factor) =>
      Float32Array.from({ length: 64 }, (_, i) => Math.fround(((i * factor) % 64) / 500)),
    );
    const frame = await Frame.of(rows, 64);
    expect(Buffer.from(frame.encode(rows[0]!)).toString('hex')).toMatchInlineSnapshot(
      `"2efffe0000fc00000000fcfc0000fc053bc50000fcfc37c10000c53b37c105050076c5c500003bc5fcfcc1370569c1c1000005fcc1ca3b3b3b33c1c105057f8a81706931f6dd883ffe6e073255dbab35000010c10000000055dbab350393153f02ff6929000000000000000000000000"`,
    );
  });

  it('say more of rows that differ along few directions when these are kept apart', async () => {
    const rows = Array.from({ length: 50 }, (_, row) =>
      Float32Array.from(
        { length: 512 },
        (_, i) => 1 + Math.sin(row) * Math.cos(i) + Math.cos(row * 2) * Math.sin(i * 3),
      ),
    );
    const frame = await Frame.of(rows, 512);
    const reach = (of: Frame): number => {
      const { lowest, highest } = interval(laid(rows[7]!, rows[9]!, of).layout);
      return highest - lowest;
    };
    expect(reach(frame)).toBeLessThan(reach(new Frame(frame.centre)) / 4);
  });
});

describe('a score', () => {
  it('is the same whichever function of the kernel computes it', () => {
    fc.assert(
      fc.property(three, ([row, query]) => {
        const layout = new RowLayout({ kind: 'float32', dimensions: row.length });
        const four = new Float32Array(memory.buffer, layout.rowAt(0), 4 * row.length);
        for (let i = 0; i < 4; i++)
          four.set(
            row.map((x) => x * (i + 1)),
            i * row.length,
          );
        new Float32Array(memory.buffer, layout.queryAt(0), row.length).set(query);
        const one = exactScores(
          query,
          [1, 2, 3, 4].map((factor) => row.map((x) => x * factor)),
        );
        for (const { kernel } of kernels) {
          const [at, to, out] = [layout.rowAt(0), layout.queryAt(0), layout.scoresAt(0)];
          kernel.dotFloats(at, 4, layout.stride, to, out);
          expect([...new Float32Array(memory.buffer, out, 4)]).toEqual(one);
          expect([0, 1, 2, 3].map((i) => kernel.dotFloat(layout.rowAt(i), to, layout.stride))).toEqual(one);
          // Four queries: those behind the first are whatever lies there.
          kernel.dotFloats4(at, 4, layout.stride, to, out, 16);
          expect([...new Float32Array(memory.buffer, out, 4)]).toEqual(one);
          expect([0, 1, 2, 3].map((i) => kernel.dotFloat(layout.rowAt(i), to, layout.stride))).toEqual(one);
        }
      }),
      { numRuns: 50 },
    );
  });
});
