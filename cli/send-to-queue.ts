/** Puts messages into the queue of on-upload on AWS. */

import { SendMessageBatchCommand, SQSClient } from '@aws-sdk/client-sqs';
import { CommandFailed } from './errors.ts';
import type { Sender } from './sender.ts';

export function sendToQueue(queueUrl: string): Sender {
  const client = new SQSClient({});
  return {
    send: async (bodies) => {
      const Entries = bodies.map((MessageBody, i) => ({ Id: String(i), MessageBody }));
      const { Failed = [] } = await client.send(new SendMessageBatchCommand({ QueueUrl: queueUrl, Entries }));
      if (Failed[0])
        throw new CommandFailed(`the queue refused messages: ${Failed[0].Message ?? Failed[0].Code}`);
    },
    finish: async () => ({ failed: 0 }),
  };
}
