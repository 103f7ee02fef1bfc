/** Sorting more than memory holds: sorted runs in temporary files, then one merge. */

import { createReadStream } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { compareKeys } from '../store/keys.ts';

/** Items in memory at a time. */
const RUN_LENGTH = 50_000;

interface Keyed {
  readonly key: string;
}

/**
 * Sorts items by their keys' UTF-8 bytes, the order in which object stores list. Items of one key keep their order.
 * What does not fit in one run goes through files in the system's temporary folder, as JSON, and so must be plain data.
 */
export async function* sortByKey<T extends Keyed>(
  blocks: AsyncIterable<readonly T[]>,
  runLength = RUN_LENGTH,
): AsyncIterable<T> {
  let folder: string | undefined;
  const runs: string[] = [];
  let run: T[] = [];
  try {
    for await (const block of blocks) {
      for (const item of block) {
        run.push(item);
        if (run.length < runLength) continue;
        folder ??= await mkdtemp(join(tmpdir(), 'likeness-sort-'));
        const file = join(folder, String(runs.length));
        await writeFile(
          file,
          run
            .sort(byKey)
            .map((item) => JSON.stringify(item))
            .join('\n'),
        );
        runs.push(file);
        run = [];
      }
    }
    yield* merge<T>([...runs.map(readRun<T>), inMemory(run.sort(byKey))]);
  } finally {
    if (folder) await rm(folder, { recursive: true, force: true });
  }
}

const byKey = (a: Keyed, b: Keyed): number => compareKeys(a.key, b.key);

async function* inMemory<T>(items: readonly T[]): AsyncIterable<T> {
  yield* items;
}

async function* readRun<T>(file: string): AsyncIterable<T> {
  const input = createReadStream(file);
  for await (const line of createInterface({ input, crlfDelay: Number.POSITIVE_INFINITY }))
    yield JSON.parse(line) as T;
}

/** Merges sorted runs; of equal keys, those of the earlier run come first. */
async function* merge<T extends Keyed>(runs: readonly AsyncIterable<T>[]): AsyncIterable<T> {
  const iterators = runs.map((run) => run[Symbol.asyncIterator]());
  const heads = await Promise.all(iterators.map((iterator) => iterator.next()));
  for (;;) {
    let lowest = -1;
    for (const [i, head] of heads.entries())
      if (!head.done && (lowest < 0 || byKey(head.value, heads[lowest]!.value) < 0)) lowest = i;
    if (lowest < 0) return;
    yield heads[lowest]!.value;
    heads[lowest] = await iterators[lowest]!.next();
  }
}
