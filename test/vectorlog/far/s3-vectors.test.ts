/** The adapter of S3 Vectors: the real SDK against the fake. */

import { afterEach, beforeEach, expect, test } from 'vitest';
import { FarUnavailable } from '../../../vectorlog/far/far-index.ts';
import { SERVICE_LIMITS } from '../../../vectorlog/far/limits.ts';
import { shortened } from '../../../vectorlog/far/s3-vectors.ts';
import { CONFORMANCE_DIMENSIONS, farConformance } from './conformance.ts';
import { FakeS3Vectors } from './fake-s3-vectors.ts';
import { seeded } from './vectors.ts';

farConformance('the fake of S3 Vectors', async () => {
  const fake = await FakeS3Vectors.start({ dimensions: CONFORMANCE_DIMENSIONS });
  return { far: fake.client(), close: () => fake.stop() };
});

let fake: FakeS3Vectors;
beforeEach(async () => {
  fake = await FakeS3Vectors.start({ dimensions: 8, seed: 3 });
});
afterEach(() => fake.stop());

const rowOf = (name: string) => ({ name, vector: seeded(name, 8), filterable: {}, line: '{}' });

test('numbers print with nine digits at the most and are the same float32', () => {
  const numbers = [
    ...seeded('a', 5_000),
    ...[1, -1, 0, 0.1, 0.5, 1e-7, 1e-12, -3.4e-20, 1e-38, 1.17549435e-38, 123.456, 3.4e38].map(Math.fround),
  ];
  const short = shortened(Float32Array.from(numbers));
  expect(short.map(Math.fround)).toEqual(numbers);
  const digits = short.map((each) =>
    JSON.stringify(Math.abs(each)).replace(/e.*$/, '').replace(/\D/g, '').replace(/^0+/, ''),
  );
  expect(Math.max(...digits.map(({ length }) => length))).toBeLessThanOrEqual(9);
});

test('500 vectors of 2,048 numbers fit into one request, which they would not with all digits', () => {
  const vector = seeded('long', 2_048);
  const bytes = (numbers: readonly number[]) => 500 * JSON.stringify(numbers).length;
  expect(bytes(shortened(vector))).toBeLessThan(0.75 * SERVICE_LIMITS.maxRequestBytes);
  expect(bytes([...vector])).toBeGreaterThan(SERVICE_LIMITS.maxRequestBytes);
});

test('a throttled or lost request is repeated, and a put twice is a put once', async () => {
  Object.assign(fake.faults, { throttle: 0.3, loseAnswer: 0.3 });
  const far = fake.client();
  for (let i = 0; i < 5; i++) await far.put([rowOf(`r-${i}`)]);
  expect(fake.names.sort()).toEqual(['r-0', 'r-1', 'r-2', 'r-3', 'r-4']);
  expect(fake.used.puts + fake.used.refusals).toBeGreaterThan(5);
});

test('a service that stays away is FarUnavailable, which is worth another try', async () => {
  fake.faults.refuse = 1;
  const error = await fake
    .client({ maxAttempts: 1 })
    .put([rowOf('r')])
    .catch((each: unknown) => each);
  expect(error).toBeInstanceOf(FarUnavailable);
  expect((error as FarUnavailable).retryable).toBe(true);
});
