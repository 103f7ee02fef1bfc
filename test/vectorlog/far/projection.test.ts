/** Projection and the searches over it: what is put, what is deleted, what is found. */

import { afterEach, beforeEach, expect, test } from 'vitest';
import { type FarIndex, FarUnavailable } from '../../../vectorlog/far/far-index.ts';
import { project } from '../../../vectorlog/far/projection.ts';
import { readProjection } from '../../../vectorlog/far/projection-state.ts';
import { measureRecall } from '../../../vectorlog/far/recall.ts';
import type { ObjectStore } from '../../../vectorlog/store/object-store.ts';
import { MemoryStore } from '../../../vectorlog/testing/memory-store.ts';
import { seeded } from './vectors.ts';
import { DIMENSIONS, type FarWorld, farWorld, foundBy } from './world.ts';

let world: FarWorld;
beforeEach(async () => {
  world = await farWorld();
});
afterEach(() => world.stop());

const keys = (count: number, from = 0) => Array.from({ length: count }, (_, i) => `k${from + i}`);
const puts = (count: number, from = 0) => keys(count, from).map((put) => ({ put }));
const query = seeded('query', DIMENSIONS);

/** Fails unless a search finds what an exact search of the truth would. */
const expectExact = (k = 20) => expectExactBy(world.far, k);

async function expectExactBy(far: FarIndex, k = 20) {
  const found = await world.reader(far).read('strong', (view) => foundBy(view, query, k));
  const expected = world.expected(query, k);
  expect(found.map(({ key }) => key)).toEqual(expected.map(({ key }) => key));
  for (const [i, { score }] of found.entries()) expect(score).toBeCloseTo(expected[i]!.score, 5);
}

test('rows are projected once, and only what is new after that', async () => {
  await world.append(...puts(700));
  await world.compact();
  expect(await world.project()).toMatchObject({ put: 700, left: 0 });
  expect(world.fake.used).toMatchObject({ puts: 2, vectorsPut: 700 });
  expect(await world.project()).toMatchObject({ put: 0, left: 0 });
  await world.append(...puts(20, 700));
  await world.compact();
  expect(await world.project()).toMatchObject({ put: 20, left: 0 });
  await expectExact();
});

test('too few rows for a request wait, and are found all the same', async () => {
  await world.append(...puts(10));
  await world.compact();
  expect(await world.project()).toMatchObject({ put: 0, left: 10 });
  expect(world.fake.used.puts).toBe(0);
  await expectExact();
});

test('what was acknowledged is found at once, and what was deleted or replaced is not', async () => {
  await world.append(...puts(100));
  await world.compact();
  await world.project();
  await world.append({ put: 'new', vector: query }, { delete: 'k1' }, { put: 'k2' });
  await expectExact(101);
  await world.compact();
  await expectExact(101);
  await world.project();
  await expectExact(101);
});

test('rows that died are deleted once', async () => {
  await world.append(...puts(50));
  await world.compact();
  await world.project();
  await world.append(...keys(20).map((each) => ({ delete: each })));
  await world.compact();
  expect(await world.project()).toMatchObject({ deleted: 20 });
  expect(world.fake.names).toHaveLength(30);
  expect(await world.project()).toMatchObject({ deleted: 0 });
  await expectExact(50);
});

test('a projection that fails goes on where it was, and puts nothing wrong', async () => {
  await world.append(...puts(1_500));
  await world.compact();
  world.fake.faults.loseAnswer = 0.5;
  let runs = 0;
  for (let left = 1; left > 0 && runs < 50; runs++)
    left = await world.project().then(
      (report) => report.left,
      (error) => {
        if (!(error instanceof FarUnavailable)) throw error;
        // The next run is the next compaction's; one at once would be refused for the rows that this one has sent.
        world.skip(60_000);
        return 1;
      },
    );
  expect(runs).toBeGreaterThan(1);
  world.fake.faults.loseAnswer = 0;
  expect(world.fake.names).toHaveLength(1_500);
  await expectExact();
});

test('a projection that runs out of time says what is left, and the next one goes on', async () => {
  await world.append(...puts(3_000));
  await world.compact();
  const report = await world.project(world.clock.now() + 500);
  expect(report.put).toBeGreaterThan(0);
  expect(report.left).toBe(3_000 - report.put);
  await expectExact();
  expect(await world.project()).toMatchObject({ put: report.left, left: 0 });
  await expectExact();
});

test('no more vectors a second are sent than the service takes', async () => {
  await world.append(...puts(6_000));
  await world.compact();
  const started = world.clock.now();
  await world.project();
  expect(world.fake.used.refusals).toBe(0);
  expect(world.clock.now() - started).toBeGreaterThanOrEqual(2_000);
});

test('an event that comes late changes nothing, though only the far index knows the newer one', async () => {
  const late = world.nextVersion();
  await world.append(...puts(40), { put: 'k1' });
  await world.compact();
  await world.project();
  world.skip(120_000);
  await world.append(...puts(20, 40));
  await world.compact();
  await world.project();
  const attributes = { colour: 'red' };
  await world.write([{ op: 'put', key: 'k1', version: late, eTag: 'late', attributes, row: 0 }], [query]);
  await world.write([{ op: 'delete', key: 'k2', version: late }], []);
  await expectExact(60);
});

test('a backfill applies where the index is as it saw it, and nowhere else', async () => {
  await world.append(...puts(40));
  await world.compact();
  await world.project();
  world.skip(120_000);
  await world.append(...puts(20, 40));
  await world.compact();
  await world.project();
  const put = (key: string, basis: { state: 'live'; version: string; eTag: string } | { state: 'absent' }) =>
    world.write(
      [{ op: 'put', key, version: undefined, eTag: 'b', attributes: { colour: 'red' }, row: 0, basis }],
      [query],
    );
  const { version } = world.truth.get('k3')!;
  await put('k3', { state: 'live', version, eTag: `e${version}` });
  await put('k4', { state: 'absent' });
  await put('fresh', { state: 'absent' });
  for (const key of ['k3', 'fresh'])
    world.truth.set(key, { vector: query, version, attributes: { colour: 'red' } });
  await expectExact(70);
});

test('filters by prefix and attributes hold wherever a row is', async () => {
  await world.append(...keys(60).map((put, i) => ({ put, colour: i % 2 ? 'red' : 'blue' })));
  await world.compact();
  await world.project();
  await world.append({ put: 'k100', colour: 'blue' }, { put: 'x', colour: 'blue' });
  const filter = {
    prefix: 'k1',
    condition: {
      name: 'blue',
      holds: (attributes: Readonly<Record<string, unknown>>) => attributes.colour === 'blue',
      terms: [{ name: 'colour', values: ['blue'] }],
    },
  };
  const found = await world.reader().read('strong', (view) => foundBy(view, query, 50, filter));
  expect(found.map(({ key }) => key)).toEqual(world.expected(query, 50, filter).map(({ key }) => key));
  expect(found).toHaveLength(6);
});

test('a picture is found by its key, wherever it is', async () => {
  await world.append(...puts(40));
  await world.compact();
  await world.project();
  world.skip(120_000);
  await world.append(...puts(20, 40));
  await world.compact();
  await world.project();
  await world.append({ put: 'tail' }, { delete: 'k5' });
  await world.reader().read('strong', async (view) => {
    for (const key of ['k0', 'k45', 'tail']) {
      expect((await view.find(key))?.version).toBe(world.truth.get(key)!.version);
      expect(await view.embedding(key)).toEqual(world.truth.get(key)!.vector);
    }
    for (const key of ['k5', 'never']) {
      expect(await view.find(key)).toBeUndefined();
      expect(await view.embedding(key)).toBeUndefined();
    }
    expect(view.pictures).toBe(61);
  });
});

test('a store that was restored from a copy gets names of its own, and the old rows go', async () => {
  await world.append(...puts(40));
  await world.compact();
  await world.project();
  const copy = await copyOf(world.store.index);
  const kept = new Map(world.truth);
  await world.append(...puts(30, 100));
  await world.compact();
  await world.project();

  world.store.index = copy;
  world.truth.clear();
  for (const [key, value] of kept) world.truth.set(key, value);
  await world.append(...puts(35, 200));
  await world.compact();
  await expectExact(100);
  await world.project();
  await expectExact(100);
  for (let run = 0; run < 3; run++) await world.project();
  expect(world.fake.names).toHaveLength(75);
  await expectExact(100);
});

test('an index of the service that was made anew gets all rows again, and no search waits for them', async () => {
  await world.append(...puts(40));
  await world.compact();
  await world.project();
  const { far } = world;
  const anew: FarIndex = {
    name: 'another index',
    put: (rows) => far.put(rows),
    delete: (names) => far.delete(names),
    query: (vector, options) => far.query(vector, options),
  };
  world.fake.clear();
  await expectExactBy(anew);
  expect(await project(world.deps(anew))).toMatchObject({ put: 40, left: 0 });
  await expectExactBy(anew);
});

test('what the service does not show yet is found', async () => {
  world.fake.faults.staleMs = 50_000;
  await world.append(...puts(100));
  await world.compact();
  await world.project();
  await expectExact();
  world.skip(10_000);
  await world.append(...puts(30, 100));
  await world.compact();
  await world.project();
  await expectExact();
  world.skip(70_000);
  await world.append(...puts(30, 200));
  await world.compact();
  await world.project();
  await expectExact();
});

test('a recall is measured as it is, and kept where searches read it', async () => {
  await world.append(...puts(1_000));
  await world.compact();
  await world.project();
  let seed = 1;
  const random = () => {
    seed = (seed * 16_807) % 2_147_483_647;
    return seed / 2_147_483_647;
  };
  expect(await measureRecall({ ...world.deps(), random })).toMatchObject({ value: 1, k: 10, queries: 100 });
  expect(await measureRecall({ ...world.deps(), random })).toBeUndefined();
  world.skip(25 * 3_600_000);
  world.fake.faults.recall = 0.8;
  const recall = (await measureRecall({ ...world.deps(), random }))!;
  expect(recall.value).toBeGreaterThan(0.7);
  expect(recall.value).toBeLessThan(0.9);
  expect(recall.low).toBeLessThan(0.8);
  expect(recall.high).toBeGreaterThan(0.8);
  expect((await readProjection(world.store.index))?.projection.recall).toEqual(recall);
  expect(await world.reader().read('strong', (view) => view.recall)).toEqual(recall);
});

test('a row that the service cannot take stops no other', async () => {
  await world.append(...puts(20));
  const attributes = { colour: 'red', text: 'x'.repeat(40_000) };
  await world.write([{ op: 'put', key: 'huge', version: 'FFFF', eTag: 'h', attributes, row: 0 }], [query]);
  await world.compact();
  expect(await world.project()).toMatchObject({ put: 20, left: 0 });
  expect((await readProjection(world.store.index))?.projection.unfit).toBe(1);
});

test('two projections at once put the same rows', async () => {
  await world.append(...puts(600));
  await world.compact();
  await Promise.allSettled([project(world.deps()), project(world.deps())]);
  await world.project();
  await expectExact();
  await world.append(...keys(300).map((each) => ({ delete: each })));
  await world.compact();
  await Promise.allSettled([project(world.deps()), project(world.deps())]);
  await expectExact(600);
});

async function copyOf(store: ObjectStore): Promise<ObjectStore> {
  const copy = new MemoryStore({ clock: world.clock });
  for await (const page of store.list({ prefix: '' }))
    for (const { key } of page) await copy.put(key, (await store.get(key)).body);
  return copy;
}
