/** The part of the log that one commit folds: as much as fits in memory, the oldest first. */

import { type AppendInfo, readAppend } from '../log/append-log.ts';
import { AppendUnreadable } from '../log/errors.ts';
import type { Append } from '../log/record.ts';
import { ObjectNotFound } from '../store/errors.ts';
import type { ObjectStore } from '../store/object-store.ts';
import type { LogLimits } from './limits.ts';

export interface Portion {
  /** By name, in the order of names. */
  readonly appends: ReadonlyMap<string, Append>;
  /** Names of those that cannot be read. */
  readonly unreadable: readonly string[];
  /** How many did not fit. */
  readonly pending: number;
}

/** Reads the first of `waiting`, which is in the order of names. */
export async function readPortion(
  store: ObjectStore,
  waiting: readonly AppendInfo[],
  dimensions: number,
  limits: LogLimits,
): Promise<Portion> {
  const taken = waiting.slice(0, countThatFits(waiting, limits));
  const appends = new Map<string, Append>();
  const unreadable: string[] = [];
  for (let i = 0; i < taken.length; i += limits.readsAtOnce) {
    const some = taken.slice(i, i + limits.readsAtOnce);
    const read = await Promise.all(some.map(({ name }) => readOrReason(store, name, dimensions)));
    for (const [j, append] of read.entries()) {
      if (append === 'unreadable') unreadable.push(some[j]!.name);
      else if (append !== 'gone') appends.set(some[j]!.name, append);
    }
  }
  return { appends, unreadable, pending: waiting.length - taken.length };
}

function countThatFits(waiting: readonly AppendInfo[], limits: LogLimits): number {
  let bytes = 0;
  let count = 0;
  for (const { size } of waiting.slice(0, limits.maxAppendsPerCompaction)) {
    bytes += size;
    if (count > 0 && bytes > limits.maxBytesPerCompaction) break;
    count++;
  }
  return count;
}

/** An append that is gone was folded and cleaned away by another run, and this one will lose; or someone deleted it. */
async function readOrReason(
  store: ObjectStore,
  name: string,
  dimensions: number,
): Promise<Append | 'unreadable' | 'gone'> {
  try {
    return await readAppend(store, name, dimensions);
  } catch (error) {
    if (error instanceof AppendUnreadable) return 'unreadable';
    if (error instanceof ObjectNotFound) return 'gone';
    throw error;
  }
}
