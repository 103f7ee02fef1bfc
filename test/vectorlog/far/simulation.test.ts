/**
 * A seeded run of writers, compactions, projections and searches over a service that throttles, fails, loses answers,
 * shows old states and misses neighbours, against a model of what is true. A failure prints the seed.
 */

import { expect, test } from 'vitest';
import { FarUnavailable } from '../../../vectorlog/far/far-index.ts';
import { project } from '../../../vectorlog/far/projection.ts';
import { measureRecall } from '../../../vectorlog/far/recall.ts';
import { Random } from '../../../vectorlog/testing/random.ts';
import { near, seeded } from './vectors.ts';
import { DIMENSIONS, dot, type FarWorld, farWorld, foundBy } from './world.ts';

/** More with LIKENESS_SEEDS. */
const SEEDS = Number(process.env.LIKENESS_SEEDS ?? 6);
const STEPS = 50;
const KEYS = 120;

test.each(Array.from({ length: SEEDS }, (_, i) => i + 1))('seed %i', async (seed) => {
  const random = new Random(seed);
  const world = await farWorld({ seed });
  try {
    const isPerfect = random.chance(0.5);
    world.fake.faults.recall = isPerfect ? 1 : 0.7;
    // Below the time after which rows are taken for settled.
    world.fake.faults.staleMs = random.chance(0.5) ? 40_000 : 0;
    const reader = world.reader();
    const past: Awaited<ReturnType<FarWorld['append']>>[] = [];
    for (let step = 0; step < STEPS; step++) {
      world.skip(random.int(20_000));
      const what = random.int(12);
      if (what < 4) past.push(await change(world, random));
      else if (what === 4 && past.length > 0) await repeat(world, random.pick(past));
      else if (what < 7) await world.compact();
      else if (what < 9) await faultyProjection(world, random);
      else if (what === 9) await passing(measureRecall({ ...world.deps(), random: () => random.next() }));
      else await search(world, random.chance(0.7) ? reader : world.reader(), random, isPerfect);
    }
    await world.compact();
    await world.project();
    await search(world, reader, random, isPerfect);
  } finally {
    await world.stop();
  }
});

/** Pictures come, are replaced, and go. */
async function change(world: FarWorld, random: Random) {
  const changes = Array.from({ length: 1 + random.int(25) }, () => {
    const key = `k${random.int(KEYS)}`;
    return random.chance(0.25) ? { delete: key } : { put: key };
  });
  // An event names a key once.
  return world.append(
    ...new Map(changes.map((each) => ['put' in each ? each.put : each.delete, each])).values(),
  );
}

/** Events come again, and late. */
const repeat = (world: FarWorld, { records, vectors }: Awaited<ReturnType<FarWorld['append']>>) =>
  world.write(records, vectors);

async function faultyProjection(world: FarWorld, random: Random): Promise<void> {
  const { faults } = world.fake;
  if (random.chance(0.5))
    Object.assign(faults, {
      throttle: random.next() / 3,
      refuse: random.next() / 3,
      loseAnswer: random.next() / 3,
    });
  const until = random.chance(0.3) ? world.clock.now() + random.int(100) : undefined;
  const runs = [
    passing(world.project(until)),
    ...(random.chance(0.2) ? [passing(project(world.deps()))] : []),
  ];
  await Promise.all(runs);
  Object.assign(faults, { throttle: 0, refuse: 0, loseAnswer: 0 });
}

/** A service that was not there for a moment. */
async function passing(work: Promise<unknown>): Promise<void> {
  await work.catch((error: unknown) => {
    if (!(error instanceof FarUnavailable)) throw error;
  });
}

/** What is found is true, and with a perfect service it is all. */
async function search(
  world: FarWorld,
  reader: ReturnType<FarWorld['reader']>,
  random: Random,
  isPerfect: boolean,
): Promise<void> {
  const some = [...world.truth.values()];
  const query =
    some.length > 0 && random.chance(0.5)
      ? near(random.pick(some).vector, `${random.next()}`)
      : seeded(`${random.next()}`, DIMENSIONS);
  const k = 1 + random.int(15);
  await reader.read('strong', async (view) => {
    const found = await foundBy(view, query, k);
    for (const { key, score } of found) {
      const truth = world.truth.get(key);
      expect(truth, `${key} was deleted`).toBeDefined();
      expect(score).toBeCloseTo(dot(query, truth!.vector), 5);
    }
    expect(new Set(found.map(({ key }) => key)).size).toBe(found.length);
    if (isPerfect)
      expect(found.map(({ key }) => key)).toEqual(world.expected(query, k).map(({ key }) => key));
    const key = `k${random.int(KEYS)}`;
    expect((await view.find(key))?.version).toBe(world.truth.get(key)?.version);
  });
}
