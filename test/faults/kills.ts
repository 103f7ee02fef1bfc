/** `kill -9` at random moments of everything that the server does, against a model of what it acknowledged. */

import { mkdir, rename, unlink, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Random } from '../../vectorlog/testing/random.ts';
import { picture } from '../factories/pictures.ts';
import type { Scenario } from './scenario.ts';
import type { ServedLibrary } from './served.ts';

/** Few, so that they are overwritten and deleted again and again. */
const KEYS = Array.from({ length: 40 }, (_, i) => `${['', 'a/', 'b/c/'][i % 3]}${i}.png`);
const LOOKS = 400;

/** Of the ends, so many are no kills. */
const TOLD = 0.1;

/** Kills between two checks of everything. */
const CHECK_EVERY = 10;

/** Changes of a key that are told when it is not what it should be. */
const TOLD_OF_A_KEY = 8;

/** Which picture a key is; `undefined` is no file. */
type Look = number | undefined;

/** What a key may be on disk: one look when it was acknowledged, several while nobody knows. */
type Possible = readonly Look[];

class Model {
  readonly #possible = new Map<string, Possible>();
  /** What was asked of a server that was told to end, and answered with an error: it may do it until it has ended. */
  readonly #late = new Map<string, Possible>();
  /** Whether the server was told to end, and not killed. */
  isEnding = false;
  /** What happened to each key lately, for whoever has to find out what broke. */
  readonly #history = new Map<string, string[]>();
  acknowledged = 0;

  /** Does a change; until it is acknowledged, the key may be as before or as after. */
  async change(key: string, kind: string, after: Look, work: () => Promise<unknown>): Promise<boolean> {
    const before = this.possible(key);
    this.#possible.set(key, [...before, after]);
    try {
      await work();
      this.#possible.set(key, [after, ...(this.#late.get(key) ?? [])]);
      this.acknowledged++;
      this.note(key, `${kind} to ${after}`);
      return true;
    } catch (error) {
      if (this.isEnding) this.#late.set(key, [...(this.#late.get(key) ?? []), after]);
      this.note(key, `${kind} to ${after} failed (${(error as Error).message})`);
      return false;
    }
  }

  note(key: string, what: string): void {
    const seconds = (performance.now() / 1_000).toFixed(2);
    this.#history.set(key, [...(this.#history.get(key) ?? []), `${seconds} ${what}`].slice(-TOLD_OF_A_KEY));
  }

  possible(key: string): Possible {
    return this.#possible.get(key) ?? [undefined];
  }

  /** Compares with what is on disk once the server has ended, which is certain from now on. */
  async assertHolds(files: ReadonlyMap<string, Buffer>): Promise<void> {
    this.isEnding = false;
    this.#late.clear();
    for (const key of KEYS) {
      const found = files.get(key);
      const looks = await Promise.all(
        this.possible(key).map(async (look) => ({
          look,
          bytes: look === undefined ? undefined : await picture(look),
        })),
      );
      const fits = looks.find(({ bytes }) => (bytes && found ? bytes.equals(found) : bytes === found));
      if (!fits)
        throw new Error(
          `"${key}" is ${found ? 'another picture' : 'gone'}, and ${this.possible(key)} was acknowledged: ` +
            `${this.#history.get(key)?.join('; ')}`,
        );
      this.#possible.set(key, [fits.look]);
    }
  }
}

/** Does changes one after the other, each of a key that nobody else changes, until told to stop. */
async function change(
  library: ServedLibrary,
  model: Model,
  keys: string[],
  random: Random,
  stop: AbortSignal,
) {
  while (!stop.aborted) {
    const key = random.pick(keys);
    const path = join(library.folder, key);
    const look = random.int(LOOKS);
    const known = model.possible(key);
    const there = known.length === 1 && known[0] !== undefined;
    const kind = random.next();
    const { client } = library;
    if (kind < 0.45) {
      const image = await picture(look);
      await model.change(key, 'upload', look, () => client.upload(image, { key, contentType: 'image/png' }));
    } else if (kind < 0.6 && there) {
      await model.change(key, 'deletion', undefined, () => client.delete(key));
      if (random.chance(0.5) && model.possible(key).length === 1)
        await model.change(key, 'restoring', known[0], () => client.restore({ keys: [key] }));
    } else if (kind < 0.85) {
      const image = await picture(look);
      // As a program that writes pictures does: beside it, then in its place.
      await model.change(key, 'file', look, async () => {
        await mkdir(dirname(path), { recursive: true });
        await writeFile(`${path}.part`, image);
        await rename(`${path}.part`, path);
      });
    } else if (there) await model.change(key, 'no file', undefined, () => unlink(path));
    await sleep(random.int(20));
  }
}

export const kills: Scenario = {
  name: 'kill -9 of ingest, overwrite, deletion, restore, compaction and rewrite',
  run: async (library, { random, kills: count }) => {
    const model = new Model();
    let compactionsKilled = 0;
    await mkdir(library.folder, { recursive: true });
    for (let kill = 1; kill <= count; kill++) {
      // Some die while they start.
      await library.start({ wait: random.chance(0.8), flags: ['--compact-every', '200'] });
      const stop = new AbortController();
      const changing = [0, 1, 2, 3].map((worker) =>
        change(
          library,
          model,
          KEYS.filter((_, i) => i % 4 === worker),
          random,
          stop.signal,
        ),
      );
      const compacting = random.chance(0.6) ? library.command('compact') : undefined;
      compacting?.done.catch(() => {});
      await sleep(random.int(2_000));
      if (compacting && random.chance(0.5)) compactionsKilled += compacting.child.kill('SIGKILL') ? 1 : 0;
      // One that is told to end hands its index files over.
      const signal = random.chance(TOLD) ? 'SIGTERM' : 'SIGKILL';
      for (const key of KEYS) model.note(key, signal);
      model.isEnding = signal === 'SIGTERM';
      await library.end(signal);
      stop.abort();
      await Promise.all(changing);
      await compacting?.done.catch(() => {});
      await model.assertHolds(await library.files());
      if (kill % CHECK_EVERY !== 0 && kill !== count) continue;
      await library.start();
      await library.assertSound();
      await library.end('SIGKILL');
    }
    return `${count} ends of the server, most of them kills, ${compactionsKilled} of compactions, ${model.acknowledged} acknowledged changes`;
  },
};
