import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { DIMENSIONS } from '../../../pictures/dimensions.ts';
import { instantiate, type Kernel } from '../../../vectorlog/scan/kernel.ts';
import { kernelModule } from '../../../vectorlog/scan/kernel-module.ts';
import { middleOf, prepareQuery, reachOf } from '../../../vectorlog/scan/query.ts';

const ROW = 65_536;
const QUERY = ROW + 4 * 8_192;
const INTEGERS = QUERY + 8_192;
const CODES = INTEGERS + 4_096;
const BOUNDS = CODES + 4 * 2_048;
const OUT = BOUNDS + 4 * 16;

const memory = new WebAssembly.Memory({ initial: 4, maximum: 65_535, shared: true });
const kernel: Kernel = instantiate(kernelModule(), memory);

/** The interval that a row's codes give, and the scores that it must hold. */
function judge(row: Float32Array, query: Float32Array) {
  const prepared = prepareQuery(query);
  new Float32Array(memory.buffer, ROW, DIMENSIONS).set(row);
  new Float32Array(memory.buffer, QUERY, DIMENSIONS).set(query);
  new Int16Array(memory.buffer, INTEGERS, DIMENSIONS).set(prepared.integers);
  kernel.quantize(ROW, 1, CODES, BOUNDS);
  kernel.dotCodes(CODES, 1, INTEGERS, OUT);
  const [scale, offset, residual, norm] = new Float32Array(memory.buffer, BOUNDS, 4);
  const product = new Int32Array(memory.buffer, OUT, 1)[0]!;
  const { bound } = prepared;
  return {
    middle: bound && middleOf(bound, scale!, offset!, product),
    reach: bound && reachOf(bound, residual!, norm!),
    product,
    exactProduct: exactProduct(new Uint8Array(memory.buffer, CODES, DIMENSIONS), prepared.integers),
    float: kernel.dotFloat(ROW, QUERY),
    ...exactly(row, query),
  };
}

/** The inner product in double precision, and how far that can be from the true one. */
function exactly(row: Float32Array, query: Float32Array) {
  let score = 0;
  let sizes = 0;
  for (let i = 0; i < DIMENSIONS; i++) {
    score += row[i]! * query[i]!;
    sizes += Math.abs(row[i]! * query[i]!);
  }
  return { score, doubt: sizes * 2 ** -40 };
}

const exactProduct = (codes: Uint8Array, integers: Int16Array): bigint =>
  codes.reduce((sum, code, i) => sum + BigInt(code) * BigInt(integers[i]!), 0n);

/** Vectors of many kinds, from a few numbers that fast-check can shrink. */
const vectors = fc
  .record({
    kind: fc.constantFrom(
      'dense',
      'positive',
      'sparse',
      'one large',
      'huge range',
      'constant',
      'zero',
      'tiny',
      'large',
    ),
    numbers: fc.array(fc.double({ min: -1, max: 1, noNaN: true }), { minLength: 7, maxLength: 61 }),
  })
  .map(({ kind, numbers }) => {
    const at = (i: number): number => numbers[i % numbers.length]! * Math.sin(i + 1);
    const makers: Record<typeof kind, (i: number) => number> = {
      dense: at,
      positive: (i) => Math.abs(at(i)),
      sparse: (i) => (i % 97 === 0 ? at(i) : 0),
      'one large': (i) => (i === 1_000 ? 1 : at(i) * 1e-4),
      'huge range': (i) => at(i) * 10 ** ((i % 60) - 45),
      constant: () => numbers[0]!,
      zero: () => (numbers[0]! < 0 ? -0 : 0),
      tiny: (i) => at(i) * 1e-42,
      large: (i) => at(i) * 1e15,
    };
    return Float32Array.from({ length: DIMENSIONS }, (_, i) => makers[kind]!(i));
  });

describe('the interval of a row', () => {
  it('holds the true score and the float32 one, whatever the row and the query', () => {
    fc.assert(
      fc.property(vectors, vectors, (row, query) => {
        const { middle, reach, score, doubt, float } = judge(row, query);
        expect(Math.abs(score - middle!)).toBeLessThanOrEqual(reach! + doubt);
        expect(Math.abs(float - middle!)).toBeLessThanOrEqual(reach!);
      }),
      { numRuns: 400 },
    );
  });

  it('is narrow for unit vectors', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 1e6 }), (seed) => {
        const feature = (i: number): number => Math.abs(Math.sin(seed * (i + 1))) ** 3;
        const row = Float32Array.from({ length: DIMENSIONS }, (_, i) => feature(i) / 20);
        expect(judge(row, row).reach).toBeLessThan(0.02);
      }),
      { numRuns: 20 },
    );
  });

  it('is computed from integers that never overflow', () => {
    fc.assert(
      fc.property(vectors, vectors, (row, query) => {
        const { product, exactProduct: exact } = judge(row, query);
        expect(BigInt(product)).toBe(exact);
      }),
      { numRuns: 100 },
    );
    const ones = new Float32Array(DIMENSIONS).fill(1);
    const halfOnes = ones.map((one, i) => (i % 2 ? one : 0));
    const worst = judge(halfOnes, ones);
    expect(BigInt(worst.product)).toBe(worst.exactProduct);
  });

  it.each([Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, 3e38, -3e38])(
    'is endless for a row with %f in it',
    (value) => {
      for (const place of [0, 1, 2_047]) {
        const row = new Float32Array(DIMENSIONS).fill(0.1);
        row[place] = value;
        for (const query of [row.map(() => 0.1), new Float32Array(DIMENSIONS)]) {
          const { middle, reach } = judge(row, query);
          expect(middle! + reach!).toBe(Number.POSITIVE_INFINITY);
          expect(middle! - reach!).toBe(Number.NEGATIVE_INFINITY);
        }
      }
    },
  );

  it('is not used for a query whose products may overflow', () => {
    expect(prepareQuery(new Float32Array(DIMENSIONS).fill(1e18)).bound).toBeUndefined();
  });
});

describe('a score', () => {
  it('is the same whichever function of the kernel computes it', () => {
    fc.assert(
      fc.property(vectors, vectors, (row, query) => {
        const four = new Float32Array(memory.buffer, ROW, 4 * DIMENSIONS);
        for (let i = 0; i < 4; i++)
          four.set(
            row.map((x) => x * (i + 1)),
            i * DIMENSIONS,
          );
        new Float32Array(memory.buffer, QUERY, DIMENSIONS).set(query);
        const one = [0, 1, 2, 3].map((i) => kernel.dotFloat(ROW + i * 8_192, QUERY));
        kernel.dotFloats(ROW, 4, QUERY, OUT);
        expect([...new Float32Array(memory.buffer, OUT, 4)]).toEqual(one);

        // Four queries: those behind the first are whatever lies there.
        kernel.dotFloats4(ROW, 4, QUERY, OUT, 16);
        expect([...new Float32Array(memory.buffer, OUT, 4)]).toEqual(one);
      }),
      { numRuns: 50 },
    );
  });
});
