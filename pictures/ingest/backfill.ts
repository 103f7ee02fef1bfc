/** Asks on-upload for everything in which a bucket and its index differ: pictures that no event ever told of. */

import { type Clock, systemClock } from '../../vectorlog/clock.ts';
import { assertAppendable } from '../../vectorlog/commit/appendable.ts';
import type { Origin } from '../../vectorlog/commit/manifest.ts';
import { versionOf } from '../../vectorlog/log/record.ts';
import { InFlight } from '../../vectorlog/parallel.ts';
import type { ObjectStore } from '../../vectorlog/store/object-store.ts';
import { orphanedThumbnails, type ThumbnailSet } from '../thumbnails/kept.ts';
import { thumbnailName } from '../thumbnails/thumbnails.ts';
import { type Comparison, Known } from './known.ts';
import { QUEUE_LIMITS } from './limits.ts';
import { encodeBackfillMessage } from './messages.ts';
import { type CompareOptions, reconcile } from './reconcile.ts';
import { removeOutdatedRejections } from './rejections.ts';

/** Puts message bodies into on-upload's queue, at most 10 at a time; resolves when the queue has them. */
export type Send = (bodies: readonly string[]) => Promise<void>;

export interface BackfillDeps {
  readonly pictures: ObjectStore;
  /** The index store, in the model's namespace. */
  readonly index: ObjectStore;
  /** Of the index; one of another origin is refused, and changed by nothing. @default - not compared */
  readonly origin?: Origin;
  readonly send: Send;
  /** @default systemClock */
  readonly clock?: Clock;
}

/** What was found so far. */
export interface BackfillReport {
  /** Keys that were compared. */
  readonly compared: number;
  /** Pictures in the bucket and not in the index. */
  readonly missing: number;
  /** Pictures that are indexed with another content. */
  readonly changed: number;
  /** Pictures that are indexed as they are, without the small copy that they should have. */
  readonly bare: number;
  /** Pictures in the index and not in the bucket. */
  readonly gone: number;
  /** Pictures that are not in the index, and in an archive: nothing is asked for them until they are restored. */
  readonly archived: number;
  /** All keys up to here are done: give it as `startAfter` to go on from here. `undefined` before the first. */
  readonly cursor: string | undefined;
}

export interface BackfillOptions extends CompareOptions {
  /** Called now and then, and once at the end. */
  readonly onProgress?: (report: BackfillReport) => void;
  /** Also has embedded again what is indexed as it is; counted as missing. @default false */
  readonly again?: boolean;
  /**
   * Whether pictures are to have small copies.
   *
   * @default - where there are any
   */
  readonly thumbnails?: boolean;
  /** Count only, ask for nothing. */
  readonly dryRun?: boolean;
}

/** Keys between two calls of `onProgress`. */
const PROGRESS_KEYS = 1_000;
/** Batches of messages that are on their way to the queue at the same time. */
export const SENDS_AT_ONCE = 8;

/**
 * Compares bucket and index, and enqueues what differs. Safe while uploads go on and when run twice: what it asks for
 * applies only where the index is still as it was compared, so that an event always has the last word.
 *
 * A run without a prefix also removes entries under `rejected/` whose pictures are not there any more.
 *
 * Should it be interrupted, `cursor` of the last progress says from where to go on.
 *
 * @throws IndexRefused
 */
export async function backfill(
  { pictures, index, send, origin, clock = systemClock }: BackfillDeps,
  { onProgress, dryRun = false, again = false, thumbnails, ...scope }: BackfillOptions = {},
): Promise<BackfillReport> {
  if (origin && !dryRun) await assertAppendable(index, systemClock, origin);
  const now = clock.now();
  const known = await Known.read(index, thumbnails ?? 'where-any');
  const expected = known.expected();
  const counts = { same: 0, missing: 0, changed: 0, bare: 0, gone: 0, archived: 0 };
  let compared = 0;
  let cursor = scope.startAfter;
  let last = scope.startAfter;
  let bodies: string[] = [];
  /** Batches on their way, in the order of keys; the cursor passes over one when it and all before it have arrived. */
  const batches: { readonly last: string | undefined; isSent: boolean }[] = [];
  const sending = new InFlight(SENDS_AT_ONCE);
  const flush = async () => {
    const batch = { last, isSent: false };
    const asked = dryRun ? [] : bodies;
    bodies = [];
    batches.push(batch);
    await sending.begin(async () => {
      if (asked.length > 0) await send(asked);
      batch.isSent = true;
      while (batches[0]?.isSent) cursor = batches.shift()!.last;
    });
  };
  const report = (): BackfillReport => {
    const { same: _, ...different } = counts;
    return { compared, ...different, cursor };
  };

  for await (const comparison of reconcile({ pictures, index, known }, scope)) {
    compared++;
    expect(expected, comparison);
    const isAsked = isToBeAsked(comparison, again);
    counts[isAsked && comparison.verdict === 'same' ? 'missing' : comparison.verdict]++;
    last = comparison.key;
    if (isAsked) bodies.push(messageOf(comparison));
    const isProgress = compared % PROGRESS_KEYS === 0;
    if (bodies.length === QUEUE_LIMITS.batchSize || isProgress) await flush();
    if (isProgress) onProgress?.(report());
  }
  await flush();
  await sending.done();
  // What is left over where on-upload or compact was cut short, or a write was slow to arrive.
  if (!dryRun && scope.prefix === undefined) {
    await removeOutdatedRejections(index, pictures);
    if (scope.startAfter === undefined)
      await orphanedThumbnails(index, expected, now, (names) => index.delete(names));
  }
  onProgress?.(report());
  return report();
}

/** Whether on-upload is asked for a picture; `again` for what is indexed as it is, too, unless it can be read no more. */
export const isToBeAsked = ({ verdict, picture }: Comparison, again: boolean): boolean =>
  verdict === 'same' ? again && !picture?.isArchived : verdict !== 'archived';

/** The message that asks on-upload for what is different. */
export function messageOf({ key, verdict, known: basis, picture }: Comparison): string {
  if (verdict === 'bare' && basis.state === 'live' && picture) {
    const { version, eTag } = basis;
    return encodeBackfillMessage({ op: 'thumbnail', key, version, eTag, size: picture.size });
  }
  const about = { key, version: undefined, basis };
  return encodeBackfillMessage(
    picture ? { op: 'put', ...about, eTag: picture.eTag, size: picture.size } : { op: 'delete', ...about },
  );
}

/**
 * Adds the small copy of a picture as it is in the bucket: what a backfill asks for, this one or one before it, may be on its
 * way.
 */
export function expect(expected: ThumbnailSet, { key, known, picture }: Comparison): void {
  if (picture) expected.add(thumbnailName({ key, eTag: picture.eTag, version: versionOf(known) }));
}
