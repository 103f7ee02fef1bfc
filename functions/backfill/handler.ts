/** The steps of a backfill, a rebuild and a verification in the cloud, each short enough for Lambda; a state machine calls them. */

import type { Send } from '../../pictures/ingest/backfill.ts';
import { backfillBatch, backfillGone, type GonePlace } from '../../pictures/ingest/backfill-pieces.ts';
import { Known } from '../../pictures/ingest/known.ts';
import { emptyIndex } from '../../pictures/maintenance/rebuild.ts';
import { type VerifyReport, verify } from '../../pictures/maintenance/verify.ts';
import type { PictureFilter } from '../../pictures/picture-names.ts';
import type { Clock } from '../../vectorlog/clock.ts';
import { assertAppendable } from '../../vectorlog/commit/appendable.ts';
import type { Origin } from '../../vectorlog/commit/manifest.ts';
import { LikenessError } from '../../vectorlog/errors.ts';
import type { Logger } from '../../vectorlog/logger.ts';
import type { ObjectStore } from '../../vectorlog/store/object-store.ts';
import { listedObject } from '../../vectorlog/store/s3/listed.ts';

export interface BackfillDeps {
  readonly pictures: ObjectStore;
  /** The index store, in the model's namespace. */
  readonly index: ObjectStore;
  readonly origin: Origin;
  readonly send: Send;
  /** What of the bucket belongs to the index. */
  readonly filter: PictureFilter;
  /** Whether pictures are to have small copies. */
  readonly thumbnails: boolean;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** What somebody who starts the state machine can ask for. */
export interface Job {
  /** @default 'backfill' */
  readonly job?: 'backfill' | 'rebuild' | 'verify';
  /** Only keys that begin with it. @default the prefix of the index */
  readonly prefix?: string;
}

/** What is to be done, as the state machine hands it from step to step. */
export interface Plan {
  /** Tells this run from others. */
  readonly run: string;
  readonly prefix: string;
  /** Also what is indexed as it is. */
  readonly again: boolean;
  /** There is nothing to list, and so nothing to map over. */
  readonly isEmpty: boolean;
}

/** An object as Step Functions lists it. */
export interface ListItem {
  readonly Key: string;
  readonly Size?: number | string;
  /** In quotes; both spellings have been seen. */
  readonly Etag?: string;
  readonly ETag?: string;
  readonly StorageClass?: string;
}

export type Step =
  | { readonly step: 'begin'; readonly run: string; readonly job: Job }
  | { readonly step: 'compare'; readonly plan: Plan; readonly items: readonly ListItem[] }
  | { readonly step: 'gone'; readonly plan: Plan & { readonly next?: GonePlace; readonly gone?: number } }
  | { readonly step: 'verify'; readonly report: VerifyReport | Job };

/** The state machine was asked for what it does not do. */
export class JobInvalid extends LikenessError {
  readonly retryable = false;
}

/** How long what is known of the index is used by the batches of one run; what changed since costs a message for nothing. */
const KNOWN_FOR_MS = 10 * 60_000;
/** Problems of each code that a report lists: a step hands on 256 KiB at the most, and a key may have one. */
const MOST_PROBLEMS = 10;

/**
 * Makes the handler. One instance reads what the index knows once for many batches.
 *
 * @returns a function that does one step; `isOver` says when it has to come to its end
 */
export function createBackfill(deps: BackfillDeps): (step: Step, isOver: () => boolean) => Promise<object> {
  const { pictures, index, origin, send, filter, thumbnails, clock, logger } = deps;
  let cache: { readonly run: string; readonly at: number; readonly known: Promise<Known> } | undefined;
  const knownIn = ({ run }: Plan): Promise<Known> => {
    if (cache?.run !== run || clock.now() - cache.at > KNOWN_FOR_MS) {
      const read = { run, at: clock.now(), known: Known.read(index, thumbnails) };
      read.known.catch(() => {
        if (cache === read) cache = undefined;
      });
      cache = read;
    }
    return cache.known;
  };

  const begin = async (run: string, job: Job): Promise<Plan> => {
    const { kind, prefix } = checked(job, filter);
    await assertAppendable(index, clock, origin);
    const isWhole = prefix === filter.prefix;
    if (kind === 'rebuild' && isWhole) {
      const { modelId } = origin;
      await emptyIndex({ pictures, index, origin, modelId, clock }, filter);
    }
    const isEmpty = !(await hasAny(pictures, prefix));
    return { run, prefix, again: kind === 'rebuild' && !isWhole, isEmpty };
  };

  return async (step, isOver) => {
    switch (step.step) {
      case 'begin':
        return begin(step.run, step.job);
      case 'compare': {
        const { plan, items } = step;
        const known = await knownIn(plan);
        const objects = items.map(({ Key, Size, Etag, ETag = Etag, StorageClass }) =>
          listedObject({ Key, Size: Number(Size ?? 0), ETag, StorageClass }),
        );
        const scope = { prefix: plan.prefix, endings: filter.endings };
        const report = await backfillBatch({ known, send }, objects, { filter: scope, again: plan.again });
        logger.info('a batch was compared', { ...report });
        return report;
      }
      case 'gone': {
        const { next: from, gone: before = 0, ...plan } = step.plan;
        const isWhole = plan.prefix === filter.prefix;
        const known = await knownIn(plan);
        const { gone, next } = await backfillGone(
          { pictures, index, known, send, clock },
          { prefix: plan.prefix, from, isWhole, isOver },
        );
        return { ...plan, gone: before + gone, isDone: next === undefined, ...(next && { next }) };
      }
      case 'verify': {
        const from = 'problems' in step.report ? step.report : undefined;
        const { modelId } = origin;
        const report = await verify(
          { index, modelId, pictures },
          { isOver, most: MOST_PROBLEMS, filter, ...(from && { from }) },
        );
        return { ...report, isDone: report.next === undefined };
      }
      default:
        throw new JobInvalid(`there is no step ${JSON.stringify((step as Step).step)}`);
    }
  };
}

async function hasAny(store: ObjectStore, prefix: string): Promise<boolean> {
  for await (const page of store.list({ prefix })) if (page.length > 0) return true;
  return false;
}

/** @throws JobInvalid */
function checked({ job: kind = 'backfill', prefix }: Job, filter: PictureFilter) {
  if (kind !== 'backfill' && kind !== 'rebuild')
    throw new JobInvalid(`the job ${JSON.stringify(kind)} is none of backfill, rebuild and verify`);
  if (prefix !== undefined && (typeof prefix !== 'string' || !prefix.startsWith(filter.prefix)))
    throw new JobInvalid(`only keys under ${JSON.stringify(filter.prefix)} belong to the index`);
  return { kind, prefix: prefix ?? filter.prefix };
}
