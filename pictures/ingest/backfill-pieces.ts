/** A backfill in pieces, for a bucket that no single run gets through: batches of a list, and then what is gone. */

import type { Clock } from '../../vectorlog/clock.ts';
import { mapInParallel } from '../../vectorlog/parallel.ts';
import type { ObjectInfo, ObjectStore } from '../../vectorlog/store/object-store.ts';
import type { PictureFilter } from '../picture-names.ts';
import { orphanedThumbnails } from '../thumbnails/kept.ts';
import { expect, isToBeAsked, messageOf, SENDS_AT_ONCE, type Send } from './backfill.ts';
import type { Comparison, Known } from './known.ts';
import { QUEUE_LIMITS } from './limits.ts';
import { reconcile } from './reconcile.ts';
import { removeOutdatedRejections } from './rejections.ts';

export interface BatchReport {
  /** Objects of the batch that belong to the index. */
  readonly compared: number;
  /** Those that are not in it, and those that are in it with another content: both were asked for. */
  readonly missing: number;
  readonly changed: number;
  /** Those that are in it without the small copy that they should have: it was asked for. */
  readonly bare: number;
  /** Those that are not in it, and in an archive: nothing was asked for them. */
  readonly archived: number;
}

/**
 * Compares some objects of a list with what is known, and asks on-upload for what differs. It may be repeated, in full
 * or in part, and the list may be hours old: what is asked for applies only where the index is still as it was known,
 * and to the content that was listed.
 *
 * @param options.again also asks for what is indexed as it is; counted as missing
 */
export async function backfillBatch(
  { known, send }: { readonly known: Known; readonly send: Send },
  objects: readonly ObjectInfo[],
  { filter, again = false }: { readonly filter: PictureFilter; readonly again?: boolean },
): Promise<BatchReport> {
  const counts = { compared: 0, missing: 0, changed: 0, bare: 0, archived: 0 };
  const asked: Comparison[] = [];
  for (const object of objects) {
    const comparison = await known.compare(object, filter);
    if (!comparison) continue;
    counts.compared++;
    const { verdict } = comparison;
    if (verdict === 'archived') counts.archived++;
    if (!isToBeAsked(comparison, again)) continue;
    counts[verdict === 'changed' || verdict === 'bare' ? verdict : 'missing']++;
    asked.push(comparison);
  }
  await enqueue(send, asked);
  return counts;
}

/** How far the second half of a backfill came: pictures after a key, then rejections after an entry. */
export interface GonePlace {
  readonly of: 'pictures' | 'rejections';
  readonly after: string;
}

export interface GoneReport {
  readonly gone: number;
  /** Where to go on; `undefined` when all is done. */
  readonly next: GonePlace | undefined;
}

/**
 * Asks on-upload to take out what is indexed and not in the bucket, and removes the reasons why pictures were rejected
 * that are not there any more, and small copies of what is not: these only where one run gets through. Stops at a place to go on from once `isOver` says so.
 *
 * @param options.isWhole whether all of the index is looked at, so that its rejections can be
 */
export async function backfillGone(
  deps: {
    readonly pictures: ObjectStore;
    readonly index: ObjectStore;
    readonly known: Known;
    readonly send: Send;
    readonly clock: Clock;
  },
  { prefix, from, isWhole, isOver }: GoneOptions,
): Promise<GoneReport> {
  const { index, known, clock } = deps;
  let gone = 0;
  if (from?.of !== 'rejections') {
    const asked: Comparison[] = [];
    const expected = from === undefined && isWhole ? known.expected() : undefined;
    let after = from?.after;
    for await (const comparison of reconcile(deps, {
      prefix,
      ...(after !== undefined && { startAfter: after }),
    })) {
      after = comparison.key;
      if (expected) expect(expected, comparison);
      if (comparison.verdict === 'gone') asked.push(comparison);
      if (!isOver()) continue;
      await enqueue(deps.send, asked);
      return { gone: asked.length, next: { of: 'pictures', after } };
    }
    await enqueue(deps.send, asked);
    gone = asked.length;
    if (expected) await orphanedThumbnails(index, expected, clock.now(), (names) => index.delete(names));
  }
  if (!isWhole) return { gone, next: undefined };
  const after = await removeOutdatedRejections(index, deps.pictures, {
    ...(from?.of === 'rejections' && { startAfter: from.after }),
    isOver,
  });
  return { gone, next: after === undefined ? undefined : { of: 'rejections', after } };
}

export interface GoneOptions {
  /** Only keys that begin with it. */
  readonly prefix: string;
  readonly from: GonePlace | undefined;
  readonly isWhole: boolean;
  readonly isOver: () => boolean;
}

async function enqueue(send: Send, asked: readonly Comparison[]): Promise<void> {
  const batches: string[][] = [];
  for (let i = 0; i < asked.length; i += QUEUE_LIMITS.batchSize)
    batches.push(asked.slice(i, i + QUEUE_LIMITS.batchSize).map(messageOf));
  await mapInParallel(SENDS_AT_ONCE, batches, send);
}
