/**
 * Pictures going in while searches run: `npm run bench:load [-- --json] [-- --quick] [-- --pictures 10000] [-- --assets]`.
 *
 * First some seconds of searches alone, with a picture every two seconds; then the pictures as fast as they are found, while the
 * searches go on; then 300 searches at once. `--assets` asks the deployed functions of cdk.out in place of a server
 * (`npm run test:assets` makes it), one execution of each, and leaves out the 300: on AWS the gateway and Lambda shed.
 */

import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { functions } from './load/functions.ts';
import { madePictures } from './load/made-pictures.ts';
import { oneMachine } from './load/one-machine.ts';
import type { Target } from './load/target.ts';
import { burst, isShed, OPEN, put, type Searched, searches, timesOf } from './load/traffic.ts';
import { describeMachine, machine } from './machine.ts';

const { values: options } = parseArgs({
  options: {
    json: { type: 'boolean', default: false },
    quick: { type: 'boolean', default: false },
    assets: { type: 'boolean', default: false },
    pictures: { type: 'string' },
    'by-picture-every': { type: 'string', default: '4' },
  },
});
const PICTURES = Number(options.pictures ?? (options.quick ? 30 : 10_000));
const SEARCHES_PER_SECOND = 20;
/** There before anything is measured, so that searches find something. */
const BEFORE = options.quick ? 20 : 200;
const CALM_MS = options.quick ? 3_000 : 30_000;
const CALM_EVERY_MS = 2_000;
const AT_ONCE = options.quick ? 60 : 300;
/** Pictures to search by: others than those that go in. */
const QUERIES = 40;
const MiB = 2 ** 20;

const say = (line: string): void => {
  if (!options.json) console.log(line);
};

/** Resident memory through the whole run, a sample a second. */
function watch(target: Target) {
  const samples: { readonly second: number; readonly mib: Record<string, number> }[] = [];
  const started = performance.now();
  const sample = (): void => {
    const bytes = Object.entries(target.resident());
    const mib = Object.fromEntries(bytes.map(([name, each]) => [name, Math.round(each / MiB)]));
    samples.push({ second: Math.round((performance.now() - started) / 1_000), mib });
  };
  sample();
  const timer = setInterval(sample, 1_000);
  return {
    samples,
    stop: () => {
      clearInterval(timer);
      sample();
    },
  };
}

const figuresOf = ({ byKey, byPicture, shed, failed }: Searched) => ({
  all: timesOf([...byKey, ...byPicture]),
  byKey: timesOf(byKey),
  byPicture: timesOf(byPicture),
  shed,
  failed,
});

/** Runs the searches beside something else. */
async function beside<T>(
  target: Target,
  load: Parameters<typeof searches>[1],
  work: () => Promise<T>,
): Promise<{ readonly done: T; readonly searched: Searched }> {
  const over = new AbortController();
  const searching = searches(target, load, over.signal);
  const done = await work().finally(() => over.abort());
  return { done, searched: await searching };
}

/** Asks again while it is refused for now. */
async function patiently<Result>(ask: () => Promise<Result>): Promise<Result> {
  for (;;) {
    try {
      return await ask();
    } catch (error) {
      if (!isShed(error)) throw error;
      await sleep(1_000);
    }
  }
}

/** Every key that was put is listed, and nothing but them. @returns how many are not */
async function lost(target: Target, keys: readonly string[]): Promise<number> {
  const missing = new Set(keys);
  let cursor: string | undefined;
  do {
    const page = await patiently(() =>
      target.client.images({ limit: 1_000, ...(cursor !== undefined && { cursor }) }),
    );
    for (const { key } of page.items) missing.delete(key);
    cursor = page.cursor;
  } while (cursor !== undefined);
  return missing.size;
}

const folder = await mkdtemp(join(tmpdir(), 'likeness-load-pictures-'));
const target = options.assets ? await functions() : await oneMachine();
try {
  say(`${describeMachine(machine())}\n${target.name}`);
  const files = await madePictures(folder, BEFORE + PICTURES + CALM_MS / 1_000 + QUERIES);
  const queries = await Promise.all(files.splice(0, QUERIES).map((file) => readFile(file)));
  let keys: readonly string[] = [];
  const load = {
    perSecond: SEARCHES_PER_SECOND,
    byPictureEvery: Number(options['by-picture-every']),
    pictures: queries,
    keys: () => keys,
  };
  const memory = watch(target);
  const before = await put(target, files.splice(0, BEFORE), 'before');
  keys = before.keys;

  const calmFiles = files.splice(0, Math.ceil(CALM_MS / CALM_EVERY_MS));
  const calm = await beside(target, load, () => put(target, calmFiles, 'calm', { everyMs: CALM_EVERY_MS }));
  say(`searches alone: ${JSON.stringify(timesOf([...calm.searched.byKey, ...calm.searched.byPicture]))}`);

  const saturated = await beside(target, load, () =>
    put(target, files.splice(0, PICTURES), 'saturated', {
      onFound: (found) => {
        keys = found;
        if (found.length % 1_000 < 10) say(`${found.length} of ${PICTURES} pictures`);
      },
    }),
  );
  const all = [...before.keys, ...calm.done.keys, ...saturated.done.keys];
  const shed = target.endpoint === undefined ? undefined : await burst(target.endpoint, queries, AT_ONCE);
  memory.stop();
  const figures = {
    'load.search_p50_ms': timesOf([...calm.searched.byKey, ...calm.searched.byPicture]).p50,
    'load.found_p50_ms': timesOf(calm.done.found).p50,
    'load.saturated_search_p99_ms': timesOf([...saturated.searched.byKey, ...saturated.searched.byPicture])
      .p99,
    'load.saturated_found_p99_ms': timesOf(saturated.done.found).p99,
    'load.lost': await lost(target, all),
    'load.failed': calm.searched.failed.length + saturated.searched.failed.length,
  };
  const report = {
    machine: machine(),
    target: target.name,
    pictures: PICTURES,
    searchesPerSecond: SEARCHES_PER_SECOND,
    byPictureEvery: load.byPictureEvery,
    open: OPEN,
    ...figures,
    calm: { search: figuresOf(calm.searched), found: timesOf(calm.done.found) },
    saturated: {
      search: figuresOf(saturated.searched),
      found: timesOf(saturated.done.found),
      picturesPerSecond: Math.round((100 * PICTURES) / saturated.done.seconds) / 100,
      /** Of each hundredth of the pictures: second, and the median and most milliseconds until found. */
      course: course(saturated.done),
    },
    ...(shed && { atOnce: shed }),
    memory: memory.samples.filter((_, i) => i % Math.ceil(memory.samples.length / 100) === 0),
  };
  if (options.json) console.log(JSON.stringify(report));
  else {
    const {
      memory: samples,
      saturated: { course: _, ...most },
      ...rest
    } = report;
    console.log({
      ...rest,
      saturated: most,
      memory: [samples[0], samples[samples.length >> 1], samples.at(-1)],
    });
  }
} finally {
  await target.close();
  await rm(folder, { recursive: true, force: true });
}

function course({ found, at }: { readonly found: readonly number[]; readonly at: readonly number[] }) {
  const step = Math.ceil(found.length / 100);
  return Array.from({ length: Math.ceil(found.length / step) }, (_, i) => {
    const { p50, most } = timesOf(found.slice(i * step, (i + 1) * step));
    return { second: Math.round(at[i * step]! / 1_000), p50, most };
  });
}
