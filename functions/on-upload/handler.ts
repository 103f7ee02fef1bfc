/** S3 events in SQS messages in; embeddings in the append log out. */

import type { Context, SQSBatchResponse, SQSEvent } from 'aws-lambda';
import { type IngestDeps, type IngestReport, ingest } from '../../pictures/ingest/ingest.ts';
import { INGEST_LIMITS } from '../../pictures/ingest/limits.ts';

export interface OnUploadDeps extends IngestDeps {
  /** Is told what became of each batch; counts metrics. */
  readonly onReport?: (report: IngestReport) => void;
}

/** On Lambda, how long the run may still take. */
type Remaining = Pick<Context, 'getRemainingTimeInMillis'>;

/**
 * Makes the handler; messages that it reports as failed go back to the queue one by one. Pictures that take so long that
 * the run would be cut off are among them, so that they cost their neighbours nothing.
 */
export function createOnUpload(
  deps: OnUploadDeps,
): (event: SQSEvent, context?: Remaining) => Promise<SQSBatchResponse> {
  return async ({ Records }, context) => {
    const messages = Records.map(({ messageId, body }) => ({ id: messageId, body }));
    const report = await ingest(deps, messages, context && almostOver(context));
    deps.onReport?.(report);
    return { batchItemFailures: [...report.failed].map((itemIdentifier) => ({ itemIdentifier })) };
  };
}

const almostOver = (context: Remaining): AbortSignal =>
  AbortSignal.timeout(Math.max(0, context.getRemainingTimeInMillis() - INGEST_LIMITS.timeToFinishMs));
