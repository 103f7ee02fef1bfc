/** Whether an index may be appended to is looked at once a minute, and every time where the last look did not find it good. */

import { beforeEach, expect, it } from 'vitest';
import { assertAppendable } from '../../../vectorlog/commit/appendable.ts';
import { Compactor } from '../../../vectorlog/commit/compaction.ts';
import { IndexForeign, IndexRefused } from '../../../vectorlog/commit/errors.ts';
import { writeAppend } from '../../../vectorlog/log/append-log.ts';
import { silentLogger } from '../../../vectorlog/logger.ts';
import { manifestName } from '../../../vectorlog/names.ts';
import { StoreUnavailable } from '../../../vectorlog/store/errors.ts';
import { MemoryStore } from '../../../vectorlog/testing/memory-store.ts';
import { type CountingStore, countingStore } from '../../factories/counting-store.ts';
import { movableClock } from '../../factories/movable-clock.ts';

const MINUTE = 60_000;
const DIMENSIONS = 32;
const clock = movableClock();
let store: CountingStore;

beforeEach(async () => {
  store = countingStore(new MemoryStore({ clock }));
  const records = [{ op: 'delete', key: 'a', version: '1' }] as const;
  await writeAppend(store, clock, { records, vectors: new Float32Array() }, DIMENSIONS);
  await new Compactor({
    index: store,
    modelId: 'm',
    dimensions: DIMENSIONS,
    clock,
    logger: silentLogger,
  }).run();
  store.calls.length = 0;
});

const ask = (modelId = 'm') => assertAppendable(store, clock, { modelId });
const looks = () => store.calls.filter(({ method }) => method === 'list').length;

it('an index that was found good is trusted for a minute, whichever way the clock is set', async () => {
  await ask();
  clock.skip(MINUTE - 1);
  await ask();
  expect(looks()).toBe(1);
  clock.skip(1);
  await ask();
  expect(looks()).toBe(2);
  clock.skip(-MINUTE);
  await ask();
  expect(looks()).toBe(3);
});

it('an index of another model is refused each time, with what is the matter, and may be mended', async () => {
  const refused = await ask('another').catch((error: unknown) => error);
  expect(refused).toBeInstanceOf(IndexRefused);
  expect(refused).toMatchObject({ retryable: true, cause: { retryable: false } });
  expect((refused as IndexRefused).cause).toBeInstanceOf(IndexForeign);
  expect((refused as IndexRefused).message).toContain('nothing is appended to this index: ');
  await expect(ask('another')).rejects.toThrow(IndexRefused);
});

it('where no manifest can be read it is let pass, and looked at again', async () => {
  for (const generation of [1, 2]) await store.put(manifestName(generation), new Uint8Array());
  await ask();
  await ask();
  expect(looks()).toBeGreaterThanOrEqual(2);
});

it('a store that does not answer is an error of its own', async () => {
  store.before = () => {
    throw new StoreUnavailable('no answer');
  };
  await expect(ask()).rejects.toThrow(StoreUnavailable);
});
