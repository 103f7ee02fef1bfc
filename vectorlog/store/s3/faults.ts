/** What the errors of the AWS SDK mean for an object store. */

import { LikenessError } from '../../errors.ts';
import {
  ObjectNotFound,
  ObjectUnreadable,
  PreconditionFailed,
  RangeNotSatisfiable,
  StoreUnavailable,
  StoreUnsuitable,
} from '../errors.ts';

/** The parts of an SDK error that matter here. */
interface SdkError extends Error {
  readonly $metadata: { readonly httpStatusCode?: number; readonly attempts?: number };
}

const isSdkError = (error: unknown): error is SdkError => error instanceof Error && '$metadata' in error;

/** Names of errors that a new try may mend although their status is that of a client's mistake. */
const PASSING = new Set([
  'RequestTimeout',
  'RequestTimeTooSkewed',
  'ExpiredToken',
  'SlowDown',
  'ThrottlingException',
  'KMS.ThrottlingException',
  'OperationAborted',
  // Someone else aborted it, or it was completed by a try that got no answer; the next begins anew.
  'NoSuchUpload',
]);

/** The HTTP status that an error came with; `undefined` when there was no answer at all. */
export const statusOf = (error: unknown): number | undefined =>
  isSdkError(error) ? error.$metadata.httpStatusCode : undefined;

/** Whether the SDK sent the request more than once, so that an earlier try may have done what the last was refused. */
export const wasRepeated = (error: unknown): boolean =>
  isSdkError(error) && (error.$metadata.attempts ?? 1) > 1;

/**
 * The error that a caller of the store gets for one of the SDK's.
 *
 * @param key the object that the request was about, or `undefined` for the bucket
 */
export function storeErrorOf(error: unknown, bucket: string, key?: string): unknown {
  // The SDK marks whatever comes out of a request; other errors are a caller's own, and none of ours to translate.
  if (error instanceof LikenessError || !isSdkError(error)) return error;
  const cause = { cause: error };
  const status = statusOf(error);
  const said = `${error.name}: ${error.message}`;
  const at = key === undefined ? `the bucket "${bucket}"` : `"${key}" in the bucket "${bucket}"`;

  if (error.name === 'NoSuchBucket') return new StoreUnsuitable(`there is no bucket "${bucket}"`, cause);
  if (error.name === 'CredentialsProviderError')
    return new StoreUnsuitable(`no credentials for ${at}: ${error.message}`, cause);
  // An answer that was cut off says nothing, whatever its status was.
  const isCut = status !== undefined && status < 300;
  if (
    isCut ||
    status === undefined ||
    status >= 500 ||
    status === 429 ||
    status === 408 ||
    PASSING.has(error.name)
  )
    return status === 501
      ? new StoreUnsuitable(`the store lacks what ${at} needs (${said})`, cause)
      : new StoreUnavailable(`no good answer about ${at} (${said})`, cause);
  if (key !== undefined && status === 404) return new ObjectNotFound(key, cause);
  if (key !== undefined && status === 412) return new PreconditionFailed(key, cause);
  if (key !== undefined && status === 416) return new RangeNotSatisfiable(key, cause);
  if (key !== undefined && error.name === 'InvalidObjectState')
    return new ObjectUnreadable(key, 'archived', `${at} is archived (${said})`, cause);
  // Of SSE-C: the request would have to bring the key. A HEAD of it has no body, and so no words.
  if (key !== undefined && status === 400 && /Server Side Encryption/i.test(error.message))
    return new ObjectUnreadable(key, 'encrypted', `${at} is encrypted (${said})`, cause);
  // Of the key of KMS that it is encrypted with: disabled, to be deleted, gone. That of the bucket is known by all failing.
  const isOfKey = key !== undefined && status === 400 && error.name.startsWith('KMS.');
  if (status === 401 || status === 403 || isOfKey) {
    const words = `no permission for ${at} (${said}); reading a missing object needs s3:ListBucket as well`;
    return key === undefined || status === 401
      ? new StoreUnsuitable(words, cause)
      : new ObjectUnreadable(key, 'forbidden', words, cause);
  }
  if (status === 301 || status === 307)
    return new StoreUnsuitable(`${at} is in another region (${said}); set the region`, cause);
  return new StoreUnsuitable(`the store refuses the request about ${at} (${said})`, cause);
}
