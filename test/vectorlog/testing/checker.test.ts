/** The checker of simulations says what is wrong with an index, and nothing when all is well. */

import { monotonicFactory } from 'ulid';
import { beforeEach, expect, test } from 'vitest';
import { Compactor } from '../../../vectorlog/commit/compaction.ts';
import { writeAppend } from '../../../vectorlog/log/append-log.ts';
import { silentLogger } from '../../../vectorlog/logger.ts';
import { Checker, ObservedStore, Truth, Violation } from '../../../vectorlog/testing/index.ts';

const dimensions = 32;
const ulid = monotonicFactory();
const clock = { now: Date.now, monotonic: () => performance.now(), sleep: async () => {}, ulid };
/** What was written with eTag `a` is 1 in the first place. */
const vectorOf = (eTag: string) =>
  new Float32Array(dimensions).fill(1, eTag === 'a' ? 0 : 1, eTag === 'a' ? 1 : 2);

let store: ObservedStore;
let truth: Truth;
let checker: Checker;

beforeEach(async () => {
  store = new ObservedStore(clock, () => {});
  truth = new Truth();
  checker = new Checker({
    objects: store.objects,
    truth,
    dimensions,
    isVectorOf: (eTag, vector) => Buffer.compare(bytes(vector), bytes(vectorOf(eTag))) === 0,
  });
  await append('key', 'a', '1');
});

const bytes = (vector: Float32Array) => new Uint8Array(vector.slice().buffer);

const append = (key: string, eTag: string, version: string, vector = vectorOf(eTag)) => {
  const records = [{ op: 'put', key, version, eTag, attributes: {}, row: 0 } as const];
  return writeAppend(store, clock, { records, vectors: vector }, dimensions);
};

const compact = () =>
  new Compactor({ index: store, modelId: 'test', dimensions, clock, logger: silentLogger }).run();

test('what was acknowledged is seen, in the log and in the files', async () => {
  truth.acknowledged('key', truth.happened('key', 'a', false));
  checker.check();
  await compact();
  checker.check();
  expect(checker.states().get('key')).toMatchObject({ state: 'live', eTag: 'a', version: '1' });
});

test('what was acknowledged and is not there is a violation', async () => {
  truth.acknowledged('key', truth.happened('key', 'b', false));
  expect(() => checker.check()).toThrow(Violation);
  await append('key', 'b', '2');
  checker.check();
});

test('a vector that is of something else is a violation', async () => {
  await append('other', 'b', '1', vectorOf('a'));
  expect(() => checker.check()).toThrow('vector of another than other');
});

test('a file that the manifest names and that is gone is a violation', async () => {
  await compact();
  const name = [...store.objects.keys()].find((key) => key.endsWith('.faiss'))!;
  await store.delete([name]);
  expect(() => checker.check()).toThrow(`needs ${name}, which is gone`);
});

test('a commit that vanishes is a violation', async () => {
  await compact();
  checker.check();
  await store.delete([...store.objects.keys()].filter((key) => key.startsWith('manifest/')));
  expect(() => checker.check()).toThrow('generation 1 is gone');
});
