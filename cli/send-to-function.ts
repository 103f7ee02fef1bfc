/** Has on-upload on AWS do the work of a backfill where there is no queue (`intake: 'direct'`): calls it as a queue would. */

import { randomUUID } from 'node:crypto';
import { InvokeCommand, LambdaClient } from '@aws-sdk/client-lambda';
import type { SQSBatchResponse } from 'aws-lambda';
import { sqsRecord } from '../local/s3-event.ts';
import type { Sender } from './sender.ts';

/** Calls for one batch; the last of them with the pictures that all before it could not do. */
const TRIES = 3;

/** A new account has ten executions: what it throttles is asked for again for half a minute. */
const ATTEMPTS = 8;

export function sendToFunction(
  FunctionName: string,
  client = new LambdaClient({ maxAttempts: ATTEMPTS }),
): Sender {
  let failed = 0;
  const call = async (bodies: readonly string[], receiveCount: number): Promise<string[]> => {
    const now = Date.now();
    const Records = bodies.map((body) =>
      sqsRecord({ id: randomUUID(), body, sentAt: now, firstReceivedAt: now, receiveCount }),
    );
    const { FunctionError, Payload } = await client.send(
      new InvokeCommand({ FunctionName, Payload: JSON.stringify({ Records }) }),
    );
    if (FunctionError || !Payload) return [...bodies];
    const { batchItemFailures } = JSON.parse(Payload.transformToString()) as SQSBatchResponse;
    const back = new Set(batchItemFailures.map(({ itemIdentifier }) => itemIdentifier));
    return Records.filter(({ messageId }) => back.has(messageId)).map(({ body }) => body);
  };
  return {
    send: async (bodies) => {
      let left: readonly string[] = bodies;
      for (let tries = 1; tries <= TRIES && left.length > 0; tries++) left = await call(left, tries);
      failed += left.length;
    },
    finish: async () => ({ failed }),
  };
}
