/** The adapter of S3 Vectors: the real SDK against the fake. */

import { afterEach, beforeEach, expect, test } from 'vitest';
import { FarUnavailable } from '../../../vectorlog/far/far-index.ts';
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

test('a service that still gives 100 candidates is asked for 100, from its first refusal on', async () => {
  const older = await FakeS3Vectors.start({ dimensions: 8, maxTopK: 100 });
  try {
    const far = older.client();
    await far.put(Array.from({ length: 200 }, (_, i) => rowOf(`r-${i}`)));
    for (let i = 0; i < 2; i++) expect(await far.query(seeded('q', 8), { count: 4_000 })).toHaveLength(100);
    expect(older.used.refusals).toBe(1);
  } finally {
    await older.stop();
  }
});
