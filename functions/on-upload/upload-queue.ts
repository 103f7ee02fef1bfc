/** What on-upload asks of the queue that its messages come from, beyond what Lambda does by itself. */

import { ChangeMessageVisibilityCommand, SendMessageCommand, type SQSClient } from '@aws-sdk/client-sqs';

export interface UploadQueue {
  /** Has a message come back so many seconds from now, instead of after the whole time of its visibility. */
  postpone(receiptHandle: string, seconds: number): Promise<void>;
  /** Puts a message that no try can mend where someone looks at it. */
  bury(body: string): Promise<void>;
}

export function uploadQueue(options: {
  readonly client: SQSClient;
  readonly queueUrl: string;
  readonly deadLettersUrl: string;
}): UploadQueue {
  const { client, queueUrl, deadLettersUrl } = options;
  return {
    async postpone(ReceiptHandle, VisibilityTimeout) {
      const input = { QueueUrl: queueUrl, ReceiptHandle, VisibilityTimeout };
      await client.send(new ChangeMessageVisibilityCommand(input));
    },
    async bury(MessageBody) {
      await client.send(new SendMessageCommand({ QueueUrl: deadLettersUrl, MessageBody }));
    },
  };
}
