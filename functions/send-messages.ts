/** Puts messages into the queue of on-upload. */

import { SendMessageBatchCommand, type SQSClient } from '@aws-sdk/client-sqs';
import { LikenessError } from '../vectorlog/errors.ts';

/** The queue did not take some messages. */
export class QueueRefused extends LikenessError {
  readonly retryable = true;
}

/** Makes what sends at most 10 bodies at a time; it resolves when the queue has them. @throws QueueRefused */
export const sendMessages =
  (client: SQSClient, QueueUrl: string) =>
  async (bodies: readonly string[]): Promise<void> => {
    const Entries = bodies.map((MessageBody, i) => ({ Id: String(i), MessageBody }));
    const { Failed = [] } = await client.send(new SendMessageBatchCommand({ QueueUrl, Entries }));
    if (Failed[0])
      throw new QueueRefused(`the queue refused messages: ${Failed[0].Message ?? Failed[0].Code}`);
  };
