/** The JSON of a PutVectors that is written by hand: what a reader of JSON makes of it. */

import { expect, test } from 'vitest';
import { SERVICE_LIMITS } from '../../../vectorlog/far/limits.ts';
import { COMPONENT_BYTES, putBody } from '../../../vectorlog/far/put-body.ts';
import { seeded } from './vectors.ts';

interface Body {
  readonly indexArn: string;
  readonly vectors: readonly {
    readonly key: string;
    readonly data: { readonly float32: readonly number[] };
    readonly metadata: Readonly<Record<string, unknown>>;
  }[];
}

const read = (body: Uint8Array) => JSON.parse(new TextDecoder().decode(body)) as Body;
const row = (vector: Float32Array, line = '{}') => ({ name: 'r-1', vector, filterable: { row: 1 }, line });

test('says of each row its name, its numbers and its metadata, whatever characters they have', () => {
  const line = JSON.stringify({ key: 'ä "quoted" \\ 日本 😀 \u0001' });
  const rows = [row(Float32Array.of(0.5, -0.5), line), { ...row(Float32Array.of(0, 1)), name: 'r-"2"' }];
  expect(read(putBody('arn:"x"', rows))).toEqual({
    indexArn: 'arn:"x"',
    vectors: [
      { key: 'r-1', data: { float32: [0.5, -0.5] }, metadata: { row: 1, line } },
      { key: 'r-"2"', data: { float32: [0, 1] }, metadata: { row: 1, line: '{}' } },
    ],
  });
});

test('numbers have nine digits at the most and are the same float32', () => {
  const numbers = [
    ...seeded('a', 5_000),
    ...[1, -1, 0, 0.1, 0.5, 0.099999994, 0.99999994, -1e-7, 1e-12, -3.4e-20, 1e-38, 1.17549435e-38].map(
      Math.fround,
    ),
    ...[1e-45, 123.456, -3.4e38].map(Math.fround),
  ];
  const text = new TextDecoder().decode(putBody('i', [row(Float32Array.from(numbers))]));
  expect((JSON.parse(text) as Body).vectors[0]!.data.float32.map(Math.fround)).toEqual(numbers);
  const printed = /"float32":\[(.*?)\]/.exec(text)![1]!.split(',');
  const digits = printed.map((each) => each.replace(/e.*$/, '').replace(/\D/g, '').replace(/^0+/, '').length);
  expect(Math.max(...digits)).toBeLessThanOrEqual(9);
  expect(Math.max(...printed.map(({ length }) => length))).toBeLessThan(COMPONENT_BYTES);
});

test('500 vectors of 2,048 numbers fit into one request, which they would not with all digits', () => {
  const vector = seeded('long', 2_048);
  expect(500 * putBody('i', [row(vector)]).length).toBeLessThan(0.75 * SERVICE_LIMITS.maxRequestBytes);
  expect(500 * JSON.stringify([...vector]).length).toBeGreaterThan(SERVICE_LIMITS.maxRequestBytes);
});
