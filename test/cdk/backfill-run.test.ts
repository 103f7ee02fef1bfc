/** Runs of the state machine of a backfill: the definition that is deployed, over the worker that it calls. */

import { beforeEach, expect, test, vi } from 'vitest';
import { createBackfill, type Step } from '../../functions/backfill/handler.ts';
import { DIMENSIONS } from '../../pictures/dimensions.ts';
import { ingest } from '../../pictures/ingest/ingest.ts';
import type { VerifyReport } from '../../pictures/maintenance/verify.ts';
import { DEFAULT_FILTER } from '../../pictures/picture-names.ts';
import { Compactor } from '../../vectorlog/commit/compaction.ts';
import { readKeyStates } from '../../vectorlog/commit/key-states.ts';
import { silentLogger } from '../../vectorlog/logger.ts';
import { MemoryStore } from '../../vectorlog/testing/memory-store.ts';
import { fakeEmbedder } from '../factories/fake-embedder.ts';
import { movableClock } from '../factories/movable-clock.ts';
import { runDefinition } from '../factories/state-machine.ts';
import { definitionOf } from './state-machine.ts';
import { synthesise } from './synthesise.ts';

vi.setConfig({ testTimeout: 240_000 });

const clock = movableClock();
const { modelId } = fakeEmbedder().model;
const origin = { modelId, store: 's3://index', source: 's3://images' };
const definition = definitionOf(synthesise({ backfill: true }).serving!);
let pictures: MemoryStore;
let index: MemoryStore;
let queue: string[];

beforeEach(() => {
  pictures = new MemoryStore({ clock });
  index = new MemoryStore({ clock });
  queue = [];
});

const put = async (count: number): Promise<void> => {
  for (let i = 0; i < count; i++) await pictures.put(`${i}.jpg`, new TextEncoder().encode(`picture ${i}`));
};

/** Runs it; `fails` says of a call whether it fails. */
function run(input: object, fails: (step: Step, call: number) => boolean = () => false) {
  const worker = createBackfill({
    ...{ pictures, index, origin, clock, filter: DEFAULT_FILTER, thumbnails: false, logger: silentLogger },
    send: async (bodies) => {
      queue.push(...bodies);
    },
  });
  let calls = 0;
  return runDefinition(definition, input, {
    executionId: 'arn:aws:states:us-east-1:111122223333:execution:machine:run',
    invoke: async (payload) => {
      const step = payload as Step;
      if (fails(step, ++calls)) throw new Error('throttled');
      return worker(step, () => true);
    },
    list: async ({ Prefix }) => {
      const items: object[] = [];
      for await (const page of pictures.list({ prefix: Prefix }))
        items.push(...page.map(({ key, size, eTag }) => ({ Key: key, Size: size, Etag: `"${eTag}"` })));
      return items;
    },
  });
}

async function work(): Promise<void> {
  const messages = queue.splice(0).map((body, i) => ({ id: `${i}`, body }));
  await ingest({ pictures, index, embedder: fakeEmbedder(), clock, logger: silentLogger }, messages);
  const { store, source } = origin;
  const deps = { index, modelId, store, source, dimensions: DIMENSIONS, clock, logger: silentLogger };
  await new Compactor(deps).run();
}

const living = async (): Promise<number> =>
  [...(await readKeyStates(index)).values()].filter(({ state }) => state === 'live').length;

test('an empty bucket ends well, in six steps of which two are calls, and asks for nothing', async () => {
  const { entered } = await run({ job: 'backfill' });
  expect(entered).toEqual(['WhichJob', 'Begin', 'IsAnythingThere', 'Gone', 'IsEveryKeyCompared', 'Done']);
  expect(queue).toEqual([]);
});

test('a bucket with pictures is indexed, and a second run finds nothing to do', async () => {
  await put(1_001);
  const { entered } = await run({ job: 'backfill' });
  expect(entered.filter((name) => name === 'Compare')).toHaveLength(3);
  await work();
  expect(await living()).toBe(1_001);
  await run({});
  expect(queue).toEqual([]);
});

test('of a bucket that was emptied the index loses all', async () => {
  await put(20);
  await run({});
  await work();
  for (let i = 0; i < 20; i++) await pictures.delete([`${i}.jpg`]);
  await run({});
  await work();
  expect(await living()).toBe(0);
});

test('what fails for a while is done again, and what goes on failing fails the run', async () => {
  await put(20);
  await run({}, (_, call) => call % 2 === 1);
  await work();
  expect(await living()).toBe(20);
  await expect(run({}, ({ step }) => step === 'compare')).rejects.toThrow('throttled');
});

test('a rebuild and a verification go through in as many pieces as they need', async () => {
  await put(20);
  await run({});
  await work();
  await run({ job: 'rebuild' });
  expect(queue).toHaveLength(20);
  expect(await living()).toBe(0);
  await work();
  const { output, entered } = await run({ job: 'verify' });
  expect(entered.filter((name) => name === 'Verify').length).toBeGreaterThan(1);
  expect((output as VerifyReport).counts).toEqual({});
});
