/** Puts messages into the queue of on-upload on AWS. */

import { SQSClient } from '@aws-sdk/client-sqs';
import { sendMessages } from '../functions/send-messages.ts';
import type { Sender } from './sender.ts';

export const sendToQueue = (queueUrl: string): Sender => ({
  send: sendMessages(new SQSClient({}), queueUrl),
  finish: async () => ({ failed: 0 }),
});
