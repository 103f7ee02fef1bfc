/** How far the index is with what waits: numbers that mean what remains, and a time that holds. */

import { useEffect, useRef } from 'preact/hooks';
import type { Stats } from '../../client/index.ts';
import { about, count } from '../parts/format.ts';

export interface Progress {
  readonly done: number;
  readonly total: number;
  /** Seconds that are left; `undefined` while nobody can tell. */
  readonly left: number | undefined;
}

/** `undefined` when nothing waits. A server that counts nothing says at least how much waits. */
export function progressOf(stats: Stats | undefined): Progress | undefined {
  const { indexing, queue } = stats ?? {};
  if (indexing && indexing.done < indexing.total) {
    const { done, total, perSecond } = indexing;
    return { done, total, left: perSecond > 0 ? (total - done) / perSecond : undefined };
  }
  if (!queue || queue.waiting === 0) return undefined;
  return { done: 0, total: queue.waiting, left: undefined };
}

/** How much of a new estimate counts: one slow picture must not make the time jump. */
const WEIGHT = 0.3;

/** Progress whose time goes down evenly: each estimate is laid over the one before. */
export function useSteady(progress: Progress | undefined): Progress | undefined {
  const before = useRef<{ left: number; at: number }>();
  const left = progress?.left;
  const expected =
    before.current && Math.max(0, before.current.left - (Date.now() - before.current.at) / 1_000);
  const steady =
    left === undefined ? undefined : expected === undefined ? left : expected + WEIGHT * (left - expected);
  useEffect(() => {
    before.current = steady === undefined ? undefined : { left: steady, at: Date.now() };
  }, [progress?.done, progress?.total, left]);
  return progress && { ...progress, left: steady };
}

/** `1,240 of 3,991, about 3 minutes left` */
export function inWords({ done, total, left }: Progress): string {
  const figures = done > 0 ? `${count(done)} of ${count(total)}` : `${count(total)} to index`;
  return left === undefined ? figures : `${figures}, about ${about(left)} left`;
}
