/** What a deployed system is tried by, step by step: on AWS by `npm run test:aws`, and here over the functions of cdk.out. */

import { isDeepStrictEqual } from 'node:util';
import type { Client } from '../../client/client.ts';
import type { VersionedBucket } from './bucket.ts';
import { oddKeys, smallPicture } from './odd-pictures.ts';

export interface System {
  readonly client: Client;
  readonly images: VersionedBucket;
  /** Waits a moment before the API is asked once more. */
  readonly pause: () => Promise<unknown>;
  /** Milliseconds after which something that should come does not. */
  readonly patienceMs: number;
}

/** The system did not do what it should. */
export class StepFailed extends Error {
  override readonly name = 'StepFailed';
}

/** Keys whose states are asked for at once. */
const PAGE = 100;

type State = Awaited<ReturnType<Client['states']>>['states'][number];

/** Waits until what the API says of all keys is as it should be. @throws StepFailed with those that are not */
export async function until(
  { client, pause, patienceMs }: System,
  keys: readonly string[],
  isRight: (state: State) => boolean,
): Promise<void> {
  const end = Date.now() + patienceMs;
  let open = keys;
  for (;;) {
    const states: State[] = [];
    for (let at = 0; at < open.length; at += PAGE)
      states.push(...(await client.states(open.slice(at, at + PAGE))).states);
    const wrong = states.filter((state) => !isRight(state));
    if (wrong.length === 0) return;
    if (Date.now() > end)
      throw new StepFailed(`${wrong.length} of ${keys.length}: ${JSON.stringify(wrong.slice(0, 3))}`);
    open = wrong.map(({ key }) => key);
    await pause();
  }
}

const isIndexed = ({ state }: State): boolean => state === 'indexed';
const isAbsent = ({ state }: State): boolean => state === 'absent';

/** Pictures under odd keys, half of them through signed uploads, are all indexed, and each is found by itself. */
export async function uploadOdd(system: System, count: number): Promise<string> {
  const { client, images } = system;
  const keys = oddKeys('odd/', count);
  for (const [i, key] of keys.entries()) {
    const body = await smallPicture(key);
    // A form's signature holds it to this key and no other.
    if (i % 2 === 0) await client.upload(body, { key, contentType: 'image/jpeg' });
    else await images.put(key, body);
  }
  await until(system, keys, isIndexed);
  for (const key of keys.slice(0, 5)) await findsItself(system, key, await smallPicture(key));
  return `${count} pictures`;
}

/** A picture is the one most like itself. */
export async function findsItself({ client }: System, key: string, image: Uint8Array): Promise<void> {
  const { results } = await client.search({ image }, { k: 1 });
  const [best] = results;
  if (best?.key !== key || best.score < 0.999)
    throw new StepFailed(
      `${JSON.stringify(key)} is not the first of its own search: ${JSON.stringify(best)}`,
    );
}

/** Of a picture that is replaced, deleted, had back, and loses an old version, the index has what the bucket has. */
export async function changeVersions(system: System): Promise<string> {
  const { images } = system;
  const key = 'versions/changing.jpg';
  const [first, second] = [await smallPicture('first'), await smallPicture('second')];
  const old = await images.put(key, first);
  await until(system, [key], ({ size }) => size === first.length);
  await images.put(key, second);
  await until(system, [key], (state) => isIndexed(state) && state.size === second.length);
  await findsItself(system, key, second);

  const marker = await images.delete(key);
  await until(system, [key], isAbsent);
  await images.deleteVersion(key, marker);
  await until(system, [key], isIndexed);
  await findsItself(system, key, second);

  await images.deleteVersion(key, old);
  // Its event is read before that of a picture that comes after it, or soon after; then all is as it was.
  const witness = 'versions/witness.jpg';
  await images.put(witness, await smallPicture(witness));
  await until(system, [witness, key], isIndexed);
  await findsItself(system, key, second);
  return 'replaced, deleted, undeleted, old version removed';
}

/** Three who search at once while nothing is loaded get the same answer. */
export async function searchCold(
  { client }: System,
  image: Uint8Array,
  makeCold: () => Promise<void>,
): Promise<string> {
  await makeCold();
  const begun = Date.now();
  const answers = await Promise.all(
    Array.from({ length: 3 }, async () => {
      const { results } = await client.search({ image }, { k: 5 });
      return {
        seconds: (Date.now() - begun) / 1000,
        found: results.map(({ key, score }) => ({ key, score })),
      };
    }),
  );
  const [one] = answers;
  if (!one || one.found.length === 0) throw new StepFailed('nothing was found');
  for (const { found } of answers)
    if (!isDeepStrictEqual(found, one.found))
      throw new StepFailed(`two answers: ${JSON.stringify(found)} and ${JSON.stringify(one.found)}`);
  return answers.map(({ seconds }) => `${seconds.toFixed(1)} s`).join(', ');
}

/** What was in the bucket before any event could tell of it is indexed by a backfill. */
export async function backfill(
  system: System,
  keys: readonly string[],
  run: () => Promise<void>,
): Promise<string> {
  await run();
  await until(system, keys, isIndexed);
  return `${keys.length} pictures`;
}

/** What became of each step, to be pasted. */
export class Report {
  readonly #lines: string[] = [];
  hasFailed = false;

  /** Does a step; one that fails is noted, and the others go on. */
  async step(name: string, work: () => Promise<string>): Promise<void> {
    const begun = Date.now();
    const note = (outcome: string) =>
      this.#lines.push(`| ${name} | ${outcome} | ${((Date.now() - begun) / 1000).toFixed(0)} s |`);
    try {
      note(`ok: ${await work()}`);
    } catch (error) {
      this.hasFailed = true;
      note(`FAILED: ${(error as Error).message.replaceAll('\n', ' ')}`);
    }
  }

  toString(): string {
    return ['| step | outcome | time |', '| --- | --- | ---: |', ...this.#lines].join('\n');
  }
}
