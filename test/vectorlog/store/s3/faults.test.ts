/** Each error of the SDK: what it becomes, what it says to a person, and whether another try can help. */

import { describe, expect, it } from 'vitest';
import { ObjectNotFound } from '../../../../vectorlog/store/errors.ts';
import { statusOf, storeErrorOf, wasRepeated } from '../../../../vectorlog/store/s3/faults.ts';
import { sdkError } from './fake-client.ts';

const AT = '"k" in the bucket "b"';
const ACCESS = 'reading a missing object needs s3:ListBucket as well';

describe('an error about an object', () => {
  it.each<[number | undefined, string, string, string]>([
    [404, 'NoSuchBucket', 'StoreUnsuitable', 'there is no bucket "b"'],
    [undefined, 'CredentialsProviderError', 'StoreUnsuitable', `no credentials for ${AT}: m`],
    [undefined, 'TimeoutError', 'StoreUnavailable', `no good answer about ${AT} (TimeoutError: m)`],
    [200, 'Cut', 'StoreUnavailable', `no good answer about ${AT} (Cut: m)`],
    [299, 'Cut', 'StoreUnavailable', `no good answer about ${AT} (Cut: m)`],
    [300, 'Choices', 'StoreUnsuitable', `the store refuses the request about ${AT} (Choices: m)`],
    [301, 'Moved', 'StoreUnsuitable', `${AT} is in another region (Moved: m); set the region`],
    [302, 'Found', 'StoreUnsuitable', `the store refuses the request about ${AT} (Found: m)`],
    [307, 'Moved', 'StoreUnsuitable', `${AT} is in another region (Moved: m); set the region`],
    [401, 'Unknown', 'StoreUnsuitable', `no permission for ${AT} (Unknown: m); ${ACCESS}`],
    [403, 'AccessDenied', 'ObjectUnreadable', `no permission for ${AT} (AccessDenied: m); ${ACCESS}`],
    [404, 'NoSuchKey', 'ObjectNotFound', 'no object "k"'],
    [408, 'Late', 'StoreUnavailable', `no good answer about ${AT} (Late: m)`],
    [412, 'PreconditionFailed', 'PreconditionFailed', '"k" has changed'],
    [416, 'InvalidRange', 'RangeNotSatisfiable', '"k" is shorter than the range asked for'],
    [429, 'Slower', 'StoreUnavailable', `no good answer about ${AT} (Slower: m)`],
    [499, 'Closed', 'StoreUnsuitable', `the store refuses the request about ${AT} (Closed: m)`],
    [500, 'InternalError', 'StoreUnavailable', `no good answer about ${AT} (InternalError: m)`],
    [501, 'NotImplemented', 'StoreUnsuitable', `the store lacks what ${AT} needs (NotImplemented: m)`],
    [403, 'InvalidObjectState', 'ObjectUnreadable', `${AT} is archived (InvalidObjectState: m)`],
    [
      400,
      'KMS.DisabledException',
      'ObjectUnreadable',
      `no permission for ${AT} (KMS.DisabledException: m); ${ACCESS}`,
    ],
    [409, 'KMS.Other', 'StoreUnsuitable', `the store refuses the request about ${AT} (KMS.Other: m)`],
    [400, 'Of.KMS.', 'StoreUnsuitable', `the store refuses the request about ${AT} (Of.KMS.: m)`],
  ])('with %s %s is a %s that says what to do', (status, name, kind, message) => {
    const cause = sdkError(status, name, { message: 'm' });
    expect(storeErrorOf(cause, 'b', 'k')).toMatchObject({
      name: kind,
      message,
      cause,
      retryable: kind === 'StoreUnavailable',
    });
  });

  it.each([
    'RequestTimeout',
    'RequestTimeTooSkewed',
    'ExpiredToken',
    'SlowDown',
    'ThrottlingException',
    'KMS.ThrottlingException',
    'OperationAborted',
    'NoSuchUpload',
  ])('named %s may pass, though its status is that of a mistake', (name) => {
    expect(storeErrorOf(sdkError(400, name), 'b', 'k')).toMatchObject({ name: 'StoreUnavailable' });
  });

  it('says what keeps the object from being read', () => {
    const obstacleOf = (status: number, name: string, message = 'm') =>
      storeErrorOf(sdkError(status, name, { message }), 'b', 'k');
    expect(obstacleOf(403, 'InvalidObjectState')).toMatchObject({ key: 'k', obstacle: 'archived' });
    expect(obstacleOf(403, 'AccessDenied')).toMatchObject({ key: 'k', obstacle: 'forbidden' });
    for (const words of ['a form of Server Side Encryption.', 'of server side encryption'])
      expect(obstacleOf(400, 'InvalidRequest', words)).toMatchObject({
        name: 'ObjectUnreadable',
        obstacle: 'encrypted',
        message: `${AT} is encrypted (InvalidRequest: ${words})`,
      });
    expect(obstacleOf(403, 'AccessDenied', 'Server Side Encryption')).toMatchObject({
      obstacle: 'forbidden',
    });
    expect(obstacleOf(400, 'InvalidRequest')).not.toHaveProperty('obstacle');
  });
});

describe('an error about the bucket', () => {
  it.each([
    [404, 'X', 'm', 'the store refuses the request about the bucket "b" (X: m)'],
    [412, 'X', 'm', 'the store refuses the request about the bucket "b" (X: m)'],
    [416, 'X', 'm', 'the store refuses the request about the bucket "b" (X: m)'],
    [400, 'KMS.X', 'm', 'the store refuses the request about the bucket "b" (KMS.X: m)'],
    [
      400,
      'X',
      'Server Side Encryption',
      'the store refuses the request about the bucket "b" (X: Server Side Encryption)',
    ],
    [403, 'InvalidObjectState', 'm', `no permission for the bucket "b" (InvalidObjectState: m); ${ACCESS}`],
  ])('is of no one object: %i %s, %s', (status, name, message, said) => {
    const error = storeErrorOf(sdkError(status, name, { message }), 'b');
    expect(error).toMatchObject({ name: 'StoreUnsuitable', message: said });
    expect(error).not.toHaveProperty('obstacle');
  });
});

describe('an error that is not the SDK’s', () => {
  it('comes out as it is', () => {
    const own = Object.assign(new ObjectNotFound('other'), { $metadata: { httpStatusCode: 500 } });
    for (const error of [own, new Error('of a caller'), { $metadata: { httpStatusCode: 500 } }, 'text'])
      expect(storeErrorOf(error, 'b', 'k')).toBe(error);
  });

  it('has no status, and was not sent again', () => {
    expect(statusOf(new Error('of a caller'))).toBeUndefined();
    expect(statusOf({ $metadata: { httpStatusCode: 404 } })).toBeUndefined();
    expect(statusOf(sdkError(404, 'NoSuchKey'))).toBe(404);
    expect(wasRepeated(new Error('of a caller'))).toBe(false);
    expect(wasRepeated(sdkError(412, 'X'))).toBe(false);
    expect(wasRepeated(sdkError(412, 'X', { attempts: 1 }))).toBe(false);
    expect(wasRepeated(sdkError(412, 'X', { attempts: 2 }))).toBe(true);
  });
});
