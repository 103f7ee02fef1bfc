/** Create-if-absent on S3, and what its answers mean. */

import { setTimeout as sleep } from 'node:timers/promises';
import { PutObjectCommand, type PutObjectCommandInput, type S3Client } from '@aws-sdk/client-s3';
import { StoreUnavailable } from '../errors.ts';
import { STORE_LIMITS } from '../limits.ts';
import { statusOf, wasRepeated } from './faults.ts';

/**
 * Sends a PutObject that must not replace anything.
 *
 * 412 means that another was first, unless a try before it got no answer or a bad one: then the object may be our own,
 * and `isOwn` reads back who wrote it. 409 means that another write was under way and nothing was decided: try again.
 *
 * @param isOwn whether the object that stands there is this write's; `undefined` when none stands there
 * @returns whether this call created the object
 */
export async function createObject(
  client: S3Client,
  input: PutObjectCommandInput,
  isOwn: () => Promise<boolean | undefined>,
): Promise<boolean> {
  let mayHaveWritten = false;
  for (let attempt = 1; attempt <= STORE_LIMITS.maxConflicts; attempt++) {
    try {
      await client.send(new PutObjectCommand({ ...input, IfNoneMatch: '*' }));
      return true;
    } catch (error) {
      const status = statusOf(error);
      if (status !== 409 && status !== 412) throw error;
      mayHaveWritten ||= wasRepeated(error);
      if (status === 412) {
        if (!mayHaveWritten) return false;
        const own = await isOwn();
        if (own !== undefined) return own;
      }
      // A conflict, or the object that was in the way is gone again: nothing is decided.
      await sleep(STORE_LIMITS.conflictPauseMs * attempt * (0.5 + Math.random()));
    }
  }
  throw new StoreUnavailable(`writes to "${input.Key}" keep colliding`);
}
