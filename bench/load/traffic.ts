/** Searches at a steady rate, and pictures going in as fast as they are found: what the load consists of. */

import { readFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { percentile } from '../median.ts';
import type { Target } from './target.ts';

/** Keys of what is put begin with this. */
const PREFIX = 'load/';
/**
 * Pictures that were put and are not found yet, at the most: the next goes in when one of them is found. As many as
 * `likeness add` has on their way to one machine; both cores are busy with fewer, and more would only wait longer.
 */
export const OPEN = 8;
/** How often it is asked what is found by now; times are too long by half of this on average. */
const LOOK_MS = 50;

export interface Times {
  readonly count: number;
  /** Milliseconds. */
  readonly p50: number;
  readonly p95: number;
  readonly p99: number;
  readonly most: number;
}

export const timesOf = (ms: readonly number[]): Times => ({
  count: ms.length,
  p50: Math.round(percentile(ms, 0.5)),
  p95: Math.round(percentile(ms, 0.95)),
  p99: Math.round(percentile(ms, 0.99)),
  most: Math.round(percentile(ms, 1)),
});

export interface SearchLoad {
  readonly perSecond: number;
  /** One in so many searches is by a picture of its own, the others by the key of one that is indexed. */
  readonly byPictureEvery: number;
  /** Pictures to search by, and keys. */
  readonly pictures: readonly Uint8Array[];
  readonly keys: () => readonly string[];
}

/** What became of searches. */
export interface Searched {
  readonly byKey: number[];
  readonly byPicture: number[];
  /** Refused for now, with a time after which to ask again. */
  shed: number;
  /** Anything else but an answer. */
  readonly failed: string[];
}

/** Sends searches at their times, whether those before are answered or not, until the signal; then waits for all. */
export async function searches(target: Target, load: SearchLoad, until: AbortSignal): Promise<Searched> {
  const searched: Searched = { byKey: [], byPicture: [], shed: 0, failed: [] };
  const started = performance.now();
  const open: Promise<void>[] = [];
  for (let i = 0; !until.aborted; i++) {
    const due = started + (i * 1_000) / load.perSecond;
    await sleep(Math.max(0, due - performance.now()));
    if (until.aborted) break;
    open.push(search(target, load, i, due, searched));
  }
  await Promise.all(open);
  return searched;
}

async function search(target: Target, load: SearchLoad, i: number, due: number, searched: Searched) {
  const { pictures, keys } = load;
  const byPicture = i % load.byPictureEvery === 0;
  const known = keys();
  try {
    const { results } = byPicture
      ? await target.client.search({ image: pictures[i % pictures.length]! }, { k: 10 })
      : await target.client.similar(known[(i * 7_919) % known.length]!, { k: 10 });
    if (results.length === 0) searched.failed.push('an answer without results');
    // From when it was due, so that a machine too slow to send it in time does not flatter the answer.
    (byPicture ? searched.byPicture : searched.byKey).push(performance.now() - due);
  } catch (error) {
    if (isShed(error)) searched.shed++;
    else searched.failed.push(String(error));
  }
}

/** Whether a request was refused for now. */
export const isShed = (error: unknown): boolean =>
  [429, 503].includes((error as { status?: number }).status ?? 0);

/** What became of the pictures that were put. */
export interface Put {
  /** Milliseconds from acknowledged to found, a picture. */
  readonly found: number[];
  /** When each was found, milliseconds since the first was put. */
  readonly at: number[];
  readonly keys: string[];
  readonly seconds: number;
}

/**
 * Puts files one by one, so many open at a time, until all are found.
 *
 * @param everyMs puts no more than one in this time
 */
export async function put(
  target: Target,
  files: readonly string[],
  name: string,
  { everyMs = 0, onFound }: { everyMs?: number; onFound?: (keys: readonly string[]) => void } = {},
): Promise<Put> {
  const found: number[] = [];
  const at: number[] = [];
  const keys: string[] = [];
  const waiting = new Map<string, number>();
  const started = performance.now();
  let isPutting = true;
  let isOver = false;
  const putAll = async (): Promise<void> => {
    for (const [i, file] of files.entries()) {
      await sleep(Math.max(0, started + i * everyMs - performance.now()));
      while (waiting.size >= OPEN && !isOver) await sleep(LOOK_MS / 5);
      if (isOver) return;
      const key = `${PREFIX}${name}/${i}.jpg`;
      await target.put(key, await readFile(file));
      waiting.set(key, performance.now());
    }
  };
  const look = async (): Promise<void> => {
    const asked = new Set(waiting.keys());
    const fresh = await target.found(`${PREFIX}${name}/`, asked).catch((error: unknown) => {
      // Shed like any other request; the next look tells.
      if (isShed(error)) return [];
      throw error;
    });
    const now = performance.now();
    for (const key of fresh) {
      found.push(now - waiting.get(key)!);
      at.push(now - started);
      waiting.delete(key);
    }
    keys.push(...fresh);
    if (fresh.length > 0) onFound?.(keys);
  };
  const lookAll = async (): Promise<void> => {
    while ((isPutting || waiting.size > 0) && !isOver) {
      await look();
      await sleep(LOOK_MS);
    }
  };
  // Where one of them fails the other ends too: nothing would be found any more.
  const both = [putAll().finally(() => (isPutting = false)), lookAll()].map((one) =>
    one.catch((error: unknown) => {
      isOver = true;
      throw error;
    }),
  );
  await Promise.allSettled(both);
  await Promise.all(both);
  return { found, at, keys, seconds: (performance.now() - started) / 1_000 };
}

/** What became of many searches sent at the same time. */
export interface Burst {
  readonly sent: number;
  readonly answered: Times;
  /** Refused with 429 or 503 and a Retry-After. */
  readonly shed: number;
  readonly others: readonly string[];
  readonly seconds: number;
}

export async function burst(endpoint: string, pictures: readonly Uint8Array[], sent: number): Promise<Burst> {
  const answered: number[] = [];
  const others: string[] = [];
  let shed = 0;
  const started = performance.now();
  const one = async (i: number): Promise<void> => {
    const body = pictures[i % pictures.length]! as Uint8Array<ArrayBuffer>;
    const headers = { 'content-type': 'image/jpeg' };
    const response = await fetch(`${endpoint}/v1/search?k=10`, { method: 'POST', headers, body });
    await response.arrayBuffer();
    if (response.ok) answered.push(performance.now() - started);
    else if ([429, 503].includes(response.status) && response.headers.has('retry-after')) shed++;
    else others.push(String(response.status));
  };
  await Promise.all(
    Array.from({ length: sent }, (_, i) => one(i).catch((error) => others.push(String(error)))),
  );
  return { sent, answered: timesOf(answered), shed, others, seconds: (performance.now() - started) / 1_000 };
}
