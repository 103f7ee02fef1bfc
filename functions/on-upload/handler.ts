/** S3 events in SQS messages in; embeddings in the append log out. */

import type { SQSBatchResponse, SQSEvent } from 'aws-lambda';
import { type IngestDeps, type IngestReport, ingest } from '../../core/ingest/ingest.ts';

export interface OnUploadDeps extends IngestDeps {
  /** Is told what became of each batch; counts metrics. */
  readonly onReport?: (report: IngestReport) => void;
}

/** Makes the handler; messages that it reports as failed go back to the queue one by one. */
export function createOnUpload(deps: OnUploadDeps): (event: SQSEvent) => Promise<SQSBatchResponse> {
  return async ({ Records }) => {
    const messages = Records.map(({ messageId, body }) => ({ id: messageId, body }));
    const report = await ingest(deps, messages);
    deps.onReport?.(report);
    return { batchItemFailures: [...report.failed].map((itemIdentifier) => ({ itemIdentifier })) };
  };
}
