/** The interval that codes give holds the score, whatever row, query and centre. */

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { exactScores } from '../../../vectorlog/scan/code-matrix.ts';
import { Frame } from '../../../vectorlog/scan/codes.ts';
import { below } from '../../../vectorlog/scan/control.ts';
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
  const install = (): void => {
    for (let i = 0; i < 4; i++) segment.install(i, record);
  };
  install();
  return { layout, prepared, record, codes: new Int8Array(record.buffer, 0, row.length), install };
}

/** Between what the score of the row is that was laid. */
function interval(layout: RowLayout, { judge }: Kernel = kernel) {
  const [numbers, out] = [layout.scoresAt(0), layout.scoresAt(1)];
  new Int32Array(memory.buffer, numbers, 1)[0] = 0;
  const places = [layout.fineQueryAt(0), layout.weightsAt(0, 'fine'), layout.sharesAt(0, 'fine')] as const;
  const { highStride, planeBytes } = layout;
  judge(numbers, 1, layout.highAt(0), highStride, layout.lowAt(0), planeBytes, ...places, out);
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

  it('never lets a row fall through the coarse sieve that reaches the threshold, by halves of its codes or of their head, or by all', async () => {
    await everyFrame((row, query, frame) => {
      const { layout } = laid(row, query, frame);
      const { highStride, planeBytes } = layout;
      const score = exactScores(query, [row])[0]!;
      const [at, bounds] = [layout.highAt(0), layout.boundsAt(0)];
      const [products, numbers, left] = [layout.scoresAt(0), layout.scoresAt(1), layout.scoresAt(2)];
      for (const [stage, bytes, low] of [
        ['head', headOf(row.length) / 2, bounds + 20],
        ['high', planeBytes, bounds + 16],
        ['whole', planeBytes, bounds + 16],
      ] as const) {
        // A narrow row has no head, and no pass tries it.
        if (bytes === 0) continue;
        const query = [layout.weightsAt(0, stage), layout.sharesAt(0, stage)] as const;
        new Int32Array(memory.buffer, numbers, 4).set([0, 1, 2, 3]);
        kernel.dotHigh4(at, 4, highStride, bytes, layout.queryAt(0), products);
        if (stage === 'whole') {
          const low = [layout.lowAt(0), planeBytes, 0, planeBytes] as const;
          for (const one of [0, 4, 8, 12])
            kernel.dotMore(numbers, 4, ...low, layout.queryAt(0), products + one, 16, 16);
        }
        const rows = [4, bounds, highStride, low] as const;
        for (const one of [0, 4, 8, 12])
          expect(kernel.sift(products + one, 16, numbers, ...rows, ...query, score, left)).toBe(4);
        if (stage === 'whole') continue;
        const [limits, counts] = [layout.scoresAt(3), layout.scoresAt(4)];
        new Float32Array(memory.buffer, limits, 4).fill(below(score));
        const queries = [layout.sieveAt(0, stage), layout.sharesAt(0, stage)] as const;
        kernel.sift4(products, ...rows, ...queries, limits, left, 16, counts);
        expect([...new Int32Array(memory.buffer, counts, 4)]).toEqual([4, 4, 4, 4]);
      }
    });
  });

  it('is gone by alike whether products are made at the same time or before, for any number of rows', async () => {
    await everyFrame((row, query, frame) => {
      const { layout } = laid(row, query, frame);
      const { highStride, planeBytes } = layout;
      const score = exactScores(query, [row])[0]!;
      const [products, numbers, left] = [layout.scoresAt(0), layout.scoresAt(1), layout.scoresAt(2)];
      const bounds = layout.boundsAt(0);
      const ofQuery = [layout.weightsAt(0, 'high'), layout.sharesAt(0, 'high')] as const;
      for (const rows of [1, 2, 3, 4])
        for (const threshold of [score, score + 0.01 * Math.abs(score), Number.POSITIVE_INFINITY]) {
          const many = [layout.highAt(0), rows, highStride, planeBytes, layout.queryAt(0)] as const;
          const count = kernel.siftHigh(...many, products, ...ofQuery, threshold, left);
          const found = new Int32Array(memory.buffer, left, count).toSorted();
          new Int32Array(memory.buffer, numbers, rows).set([0, 1, 2, 3].slice(0, rows));
          const places = [bounds, highStride, bounds + 16] as const;
          expect(
            kernel.sift(products, 4, numbers, rows, ...places, ...ofQuery, threshold, layout.scoresAt(3)),
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

/** Multiplies the high halves of four rows' codes with the first query. */
function multiplied(kernel: Kernel, layout: RowLayout, out: number): void {
  const query = [layout.weightsAt(0, 'high'), layout.sharesAt(0, 'high')] as const;
  const rows = [layout.highAt(0), 4, layout.highStride, layout.planeBytes] as const;
  kernel.siftHigh(...rows, layout.queryAt(0), out, ...query, 0, layout.scoresAt(2));
}

/** The high and the low half of each code plus 128, by what planes.ts says of their bytes. */
function halvesOf(layout: RowLayout, row: number): { high: number[]; low: number[] } {
  const plane = (at: number): number[] => {
    const bytes = new Uint8Array(memory.buffer, at, layout.planeBytes);
    return Array.from({ length: layout.shape.dimensions }, (_, i) => {
      const byte = bytes[(i >> 5) * 16 + (i % 16)]!;
      return i % 32 < 16 ? byte % 16 : byte >> 4;
    });
  };
  return { high: plane(layout.highAt(row)), low: plane(layout.lowAt(row)) };
}

describe('the halves of codes', () => {
  it('make up the codes, beside bounds of the norms of what is left out, the same in every kernel', async () => {
    await everyFrame((row, query, frame) => {
      const { layout, codes, record } = laid(row, query, frame);
      const { dimensions } = layout.shape;
      const { stride, highStride, planeBytes } = layout;
      const { high, low } = halvesOf(layout, 3);
      expect(high.map((half, i) => half * 16 + low[i]! - 128)).toEqual([...codes]);

      const bounds = new Float32Array(memory.buffer, layout.boundsAt(3), 8);
      const scale = bounds[0]!;
      const norm = (numbers: readonly number[]) => scale * Math.hypot(...numbers);
      const left = low.map((half) => half - 7.5);
      const head = headOf(dimensions);
      for (const [at, numbers] of [
        [4, left],
        [5, left.slice(0, head)],
        [6, [...codes.subarray(head)]],
      ] as const) {
        expect(bounds[at]).toBeGreaterThanOrEqual(norm(numbers));
        expect(bounds[at]).toBeLessThanOrEqual(norm(numbers) * (1 + 1e-5) + 2e-37);
      }
      const others = new Uint8Array(memory.buffer, layout.boundsAt(3), stride - dimensions);
      expect(others.slice(0, 16)).toEqual(record.slice(dimensions, dimensions + 16));
      expect(others.slice(28)).toEqual(record.slice(dimensions + 28));

      const planes = () => [
        new Uint8Array(memory.buffer, layout.highAt(1), highStride).slice(),
        new Uint8Array(memory.buffer, layout.lowAt(1), planeBytes).slice(),
      ];
      const written = planes();
      new Uint8Array(memory.buffer, layout.recordsAt, stride).set(record);
      for (const { kernel } of kernels) {
        for (const bytes of [
          new Uint8Array(memory.buffer, layout.highAt(1), highStride),
          new Uint8Array(memory.buffer, layout.lowAt(1), planeBytes),
        ])
          bytes.fill(0xee);
        kernel.split(layout.recordsAt, 1, stride, dimensions, head, layout.highAt(1), layout.lowAt(1));
        expect(planes()).toEqual(written);
      }
    });
  });
});

describe('products of codes', () => {
  it('are exact and the same in every kernel', () => {
    fc.assert(
      fc.property(three, ([row, query, middle]) => {
        const { layout, prepared, codes } = laid(row, query, new Frame(middle));
        const { highStride, planeBytes } = layout;
        const sum = (numbers: (code: number) => number) =>
          codes.reduce((total, code, i) => total + BigInt(numbers(code)) * BigInt(prepared.coarse[i]!), 0n);
        for (const { kernel, name } of kernels) {
          const out = layout.scoresAt(0);
          multiplied(kernel, layout, out);
          const one = [...new Int32Array(memory.buffer, out, 4)].map(BigInt);
          expect([name, ...one]).toEqual([name, ...new Array(4).fill(sum((code) => (code + 128) >> 4))]);
          kernel.dotHigh4(layout.highAt(0), 4, highStride, planeBytes, layout.queryAt(0), out);
          const four = [...new Int32Array(memory.buffer, out, 16)].map(BigInt);
          expect(four).toEqual(one.flatMap((product) => [product, product, product, product]));
          const [head, numbers] = [headOf(row.length) / 2, layout.scoresAt(1)];
          kernel.dotHigh4(layout.highAt(0), 4, highStride, head, layout.queryAt(0), out);
          new Int32Array(memory.buffer, numbers, 2).set([1, 3]);
          const some = [numbers, 2] as const;
          const to = [layout.queryAt(0), out, 16] as const;
          kernel.dotMore(...some, layout.highAt(0), highStride, head, planeBytes, ...to, 1);
          const rest = [...new Int32Array(memory.buffer, out, 16)].map(BigInt);
          expect([rest[4], rest[12]]).toEqual([one[1], one[3]]);
          kernel.dotMore(...some, layout.lowAt(0), planeBytes, 0, planeBytes, ...to, 16);
          const all = [...new Int32Array(memory.buffer, out, 16)].map(BigInt);
          const whole = sum((code) => code + 128);
          expect([all[4], all[12]]).toEqual([whole, whole]);
        }
      }),
      { numRuns: 100 },
    );
  });

  it.each([
    [127, 127],
    [127, -127],
    [-127, 127],
    [-127, -127],
  ])('hold the largest there are, codes of %i and integers of %i', (code, integer) => {
    const row = new Float32Array(2048).fill(1);
    const { layout, codes, install } = laid(row, row, new Frame(new Float32Array(2048)));
    codes.fill(code);
    install();
    new Int8Array(memory.buffer, layout.queryAt(0), 4 * 2048).fill(integer);
    new Int32Array(memory.buffer, layout.scoresAt(1), 1)[0] = 0;
    for (const { kernel, name } of kernels) {
      const out = layout.scoresAt(0);
      const { planeBytes } = layout;
      multiplied(kernel, layout, out);
      expect([name, new Int32Array(memory.buffer, out, 1)[0]]).toEqual([
        name,
        (2048 * integer * ((code + 128) >> 4)) | 0,
      ]);
      const to = [layout.queryAt(0), out, 4, 16] as const;
      kernel.dotMore(layout.scoresAt(1), 1, layout.lowAt(0), planeBytes, 0, planeBytes, ...to);
      expect([name, new Int32Array(memory.buffer, out, 1)[0]]).toEqual([name, 2048 * integer * (code + 128)]);
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
