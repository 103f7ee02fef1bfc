/** S3 events in; embeddings in the append log out. The events come in messages of a queue, or from S3 itself. */

import type { Context, S3Event, SQSBatchResponse, SQSEvent } from 'aws-lambda';
import { type IngestDeps, type IngestReport, ingest, type Message } from '../../pictures/ingest/ingest.ts';
import { INGEST_LIMITS } from '../../pictures/ingest/limits.ts';
import { LikenessError } from '../../vectorlog/errors.ts';

export interface OnUploadDeps extends IngestDeps {
  /** Is told what became of each batch; counts metrics. */
  readonly onReport?: (report: IngestReport) => void;
  /** Is called after an append was written. */
  readonly wakeCompaction?: () => Promise<void>;
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
    const report = await ingest(deps, messagesOf(event), context && almostOver(context));
    deps.onReport?.(report);
    if (report.appended) await deps.wakeCompaction?.();
    if (isFromS3(event) && report.failed.size > 0)
      throw new EventFailed('the pictures of the event could not be indexed; the log says why');
    return { batchItemFailures: [...report.failed].map((itemIdentifier) => ({ itemIdentifier })) };
  };
}

const isFromS3 = (event: SQSEvent | S3Event): event is S3Event => event.Records[0]?.eventSource === 'aws:s3';

const messagesOf = (event: SQSEvent | S3Event): Message[] =>
  isFromS3(event)
    ? [{ id: 'event', body: JSON.stringify(event) }]
    : event.Records.map(({ messageId, body }) => ({ id: messageId, body }));

const almostOver = (context: Remaining): AbortSignal =>
  AbortSignal.timeout(Math.max(0, context.getRemainingTimeInMillis() - INGEST_LIMITS.timeToFinishMs));
