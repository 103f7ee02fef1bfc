/** S3 events in; embeddings in the append log out. The events come in messages of a queue, or from S3 itself. */

import type { Context, S3Event, SQSBatchResponse, SQSEvent } from 'aws-lambda';
import { type Deadlines, inTime } from '../../pictures/ingest/in-time.ts';
import { type IngestDeps, type IngestReport, ingest, type Message } from '../../pictures/ingest/ingest.ts';
import { INGEST_LIMITS, QUEUE_LIMITS } from '../../pictures/ingest/limits.ts';
import { LikenessError } from '../../vectorlog/errors.ts';
import type { UploadQueue } from './upload-queue.ts';

export interface OnUploadDeps extends IngestDeps {
  /** Is told what became of each batch; counts metrics. */
  readonly onReport?: (report: IngestReport) => void;
  /** Is called after an append was written. */
  readonly wakeCompaction?: () => Promise<void>;
  /** The queue that messages come from, where it takes more than being told which failed. */
  readonly queue?: UploadQueue;
}

/** An event that S3 brought itself could not be handled; Lambda brings it twice more, then to the dead letters. */
export class EventFailed extends LikenessError {
  readonly retryable = true;
}

/** On Lambda, how long the run may still take. */
type Remaining = Pick<Context, 'getRemainingTimeInMillis'>;

/**
 * Makes the handler; messages that it reports as failed go back to the queue one by one. Pictures that take so long that
 * the run would be cut off are among them, so that they cost their neighbours nothing.
 *
 * The handler throws `EventFailed` for an event of S3's own (`intake: 'direct'`) that must come again: Lambda knows no
 * other way.
 */
export function createOnUpload(
  deps: OnUploadDeps,
): (event: SQSEvent | S3Event, context?: Remaining) => Promise<SQSBatchResponse> {
  return async (event, context) => {
    const deadlines = context && deadlinesOf(context);
    const report = await ingest(deps, messagesOf(event), deadlines);
    deps.onReport?.(report);
    // What is in the log is done, whoever does not answer any more.
    if (report.appended && deps.wakeCompaction)
      await inTime(deps.wakeCompaction, deadlines?.writing).catch((error) =>
        deps.logger.warn('compact may not have been woken; its schedule will do it', { error }),
      );
    if (isFromS3(event) && report.failed.size > 0)
      throw new EventFailed('the pictures of the event could not be indexed; the log says why');
    const back = isFromS3(event) ? new Set<string>() : await settle(deps, event, report, context);
    return { batchItemFailures: [...back].map((itemIdentifier) => ({ itemIdentifier })) };
  };
}

/**
 * Sends what failed where it belongs: what no try can mend to the dead letters at once, the rest back soon. Where that
 * cannot be done the queue's own rules hold, which are slower and come to the same.
 *
 * @returns the ids of messages that must go back to the queue
 */
async function settle(
  { queue, logger }: OnUploadDeps,
  { Records }: SQSEvent,
  { failed, hopeless }: IngestReport,
  context: Remaining | undefined,
): Promise<Set<string>> {
  const back = new Set(failed);
  if (!queue) return back;
  const over = context && timeUntil(context, INGEST_LIMITS.timeToReportMs / 2);
  const settleOne = async ({ messageId, body, receiptHandle, attributes }: SQSEvent['Records'][number]) => {
    try {
      if (hopeless.has(messageId)) {
        await inTime(() => queue.bury(body), over);
        back.delete(messageId);
      } else {
        const tries = Number(attributes.ApproximateReceiveCount);
        await inTime(() => queue.postpone(receiptHandle, (QUEUE_LIMITS.retryMs / 1_000) * tries), over);
      }
    } catch (error) {
      logger.warn('a failed message stays as it is in the queue', { messageId, error });
    }
  };
  await Promise.all(Records.filter(({ messageId }) => failed.has(messageId)).map(settleOne));
  return back;
}

const isFromS3 = (event: SQSEvent | S3Event): event is S3Event => event.Records[0]?.eventSource === 'aws:s3';

const messagesOf = (event: SQSEvent | S3Event): Message[] =>
  isFromS3(event)
    ? [{ id: 'event', body: JSON.stringify(event) }]
    : event.Records.map(({ messageId, body, attributes }) => ({
        id: messageId,
        body,
        receives: Number(attributes.ApproximateReceiveCount),
      }));

const deadlinesOf = (context: Remaining): Deadlines => ({
  taking: timeUntil(context, INGEST_LIMITS.timeToFinishMs),
  beforeAppend: timeUntil(context, INGEST_LIMITS.timeToAppendMs),
  writing: timeUntil(context, INGEST_LIMITS.timeToReportMs),
});

/** Aborts when the run has so much of its time left. */
const timeUntil = (context: Remaining, leftMs: number): AbortSignal =>
  AbortSignal.timeout(Math.max(0, context.getRemainingTimeInMillis() - leftMs));
