/** Comparisons and descriptions in threads: the same as without, each in its place, while the asking thread stays free. */

import { setImmediate } from 'node:timers/promises';
import { afterEach, beforeAll, expect, test, vi } from 'vitest';
import { comparisonOf } from '../../../pictures/duplicates/compare.ts';
import { Comparers, type FingerprintPair } from '../../../pictures/duplicates/comparers.ts';
import { describePixels } from '../../../pictures/duplicates/describe.ts';
import { findFeatures } from '../../../pictures/duplicates/features.ts';
import { fingerprintOf } from '../../../pictures/duplicates/fingerprint.ts';
import type { Fingerprint } from '../../../pictures/duplicates/fingerprint-format.ts';
import { Prepared } from '../../../pictures/duplicates/prepared.ts';
import { picture } from '../../factories/pictures.ts';
import { blocks } from '../../factories/pixels.ts';

// Calls in this thread alone are seen: the workers' program is a bundle of its own.
vi.mock('../../../pictures/duplicates/features.ts', { spy: true });

const comparers = new Comparers(2);
afterEach(() => comparers.stop());

const fingerprints: Fingerprint[] = [];
beforeAll(async () => {
  for (let i = 0; i < 12; i++) fingerprints.push(await fingerprintOf(await picture(i + 1)));
});

/** All ordered pairs: more than two threads get at once. */
const allPairs = (): FingerprintPair[] =>
  fingerprints.flatMap((one) => fingerprints.map((other) => [one, other] as const));

test('threads measure what one measures alone, each pair in its place', async () => {
  const pairs = allPairs();
  const alone = pairs.map(([one, other]) => comparisonOf(new Prepared(one), new Prepared(other)));
  expect(alone.some((each) => each === undefined)).toBe(true);
  expect(await comparers.compare(pairs)).toEqual(alone);
  expect(await comparers.compare([])).toEqual([]);
});

test('the asking thread has its turns while pairs are compared', async () => {
  let turns = 0;
  let isDone = false;
  const done = comparers.compare(allPairs()).finally(() => {
    isDone = true;
  });
  while (!isDone) {
    await setImmediate();
    turns++;
  }
  await done;
  // One turn for each answer is what there would be if it had to compare by itself.
  expect(turns).toBeGreaterThan(100);
});

test('what waits when the threads are ended fails, and the next comparison starts new ones', async () => {
  const waits = comparers.compare(allPairs());
  const failed = expect(waits).rejects.toMatchObject({ name: 'ComparingFailed', retryable: true });
  await comparers.stop();
  await failed;
  expect(await comparers.compare([[fingerprints[0]!, fingerprints[0]!]])).toHaveLength(1);
});

test('pixels are described in threads, bit for bit as here', async () => {
  const pictures = [blocks(256, 171, 3), blocks(97, 256, 1), blocks(256, 1, 3)];
  const alone = pictures.map(describePixels);
  vi.mocked(findFeatures).mockClear();
  expect(await Promise.all(pictures.map((pixels) => comparers.describe(pixels)))).toEqual(alone);
  expect(findFeatures).not.toHaveBeenCalled();
});

test('what a thread cannot do fails with its reason, and the thread goes on', async () => {
  const one = new Comparers(1);
  const broken = { width: -1, height: 1, channels: 3, data: new Uint8Array(3) } as const;
  await expect(one.describe(broken)).rejects.toBeInstanceOf(RangeError);
  expect(await one.describe(blocks(256, 1, 3))).toEqual(describePixels(blocks(256, 1, 3)));
  await one.stop();
});
