/** The judge of the deployed roles is itself judged: what it lets through, and what it refuses. */

import { describe, expect, test } from 'vitest';
import { requiredAccess, type S3Request } from './s3-guard/required-access.ts';
import { resolveIntrinsics } from './template/intrinsics.ts';
import { allows, permissionsOf } from './template/policy.ts';

const request = (method: string, url: string, rest: Partial<S3Request> = {}) =>
  requiredAccess({ method, url, headers: {}, body: new Uint8Array(), ...rest });

describe('permissions', () => {
  const permission = { action: 's3:GetObject', resource: 'arn:aws:s3:::index/model/log/*' };

  test('reach as far as their wildcard', () => {
    const inside = 'arn:aws:s3:::index/model/log/a/b.safetensors';
    expect(allows(permission, { action: 's3:GetObject', resource: inside })).toBe(true);
    expect(allows(permission, { action: 's3:PutObject', resource: inside })).toBe(false);
    expect(allows(permission, { action: 's3:GetObject', resource: 'arn:aws:s3:::index/other/log/a' })).toBe(
      false,
    );
  });

  test('take dots for dots', () => {
    const dotted = { action: 's3:GetObject', resource: 'arn:aws:s3:::a.b/*' };
    expect(allows(dotted, { action: 's3:GetObject', resource: 'arn:aws:s3:::aXb/key' })).toBe(false);
  });

  test('are read from statements of one or many', () => {
    const statement = { Effect: 'Allow', Action: ['a', 'b'], Resource: ['x', 'y'] } as const;
    expect(permissionsOf([statement])).toHaveLength(4);
    expect(() => permissionsOf([{ ...statement, Condition: {} }])).toThrow();
  });
});

describe('an S3 request needs', () => {
  const object = 'arn:aws:s3:::bucket/a b';

  test.each([
    ['GET', '/bucket?list-type=2&prefix=log/', 's3:ListBucket', 'arn:aws:s3:::bucket'],
    ['GET', '/bucket/a%20b', 's3:GetObject', object],
    ['HEAD', '/bucket/a%20b', 's3:GetObject', object],
    ['PUT', '/bucket/a%20b', 's3:PutObject', object],
    ['POST', '/bucket/a%20b?uploads', 's3:PutObject', object],
    ['DELETE', '/bucket/a%20b?uploadId=1', 's3:AbortMultipartUpload', object],
    ['DELETE', '/bucket/a%20b', 's3:DeleteObject', object],
  ])('%s %s: %s', (method, url, action, resource) => {
    expect(request(method, url)).toEqual([{ action, resource }]);
  });

  test('to copy: to write here and to read there', () => {
    const headers = { 'x-amz-copy-source': 'bucket/from%2Bthere' };
    expect(request('PUT', '/bucket/here?partNumber=1&uploadId=1', { headers })).toEqual([
      { action: 's3:PutObject', resource: 'arn:aws:s3:::bucket/here' },
      { action: 's3:GetObject', resource: 'arn:aws:s3:::bucket/from+there' },
    ]);
  });

  test('to delete many: to delete each', () => {
    const body = Buffer.from(
      '<Delete><Object><Key>a&amp;b</Key></Object><Object><Key>c</Key></Object></Delete>',
    );
    expect(request('POST', '/bucket?delete', { body }).map(({ resource }) => resource)).toEqual([
      'arn:aws:s3:::bucket/a&b',
      'arn:aws:s3:::bucket/c',
    ]);
  });

  test('to be known: anything else is an error, not a permission', () => {
    expect(() => request('PUT', '/bucket?acl')).toThrow();
  });
});

test('intrinsic functions give what a deployed stack would have, and unknown ones an error', () => {
  const references = (name: string) => `<${name}>`;
  const value = {
    arn: { 'Fn::Join': ['', [{ 'Fn::GetAtt': ['Bucket', 'Arn'] }, '/*']] },
    ref: { Ref: 'Queue' },
    part: { 'Fn::Select': [1, { 'Fn::Split': [':', { 'Fn::Join': [':', ['a', { Ref: 'B' }]] }] }] },
  };
  expect(resolveIntrinsics(value, references)).toEqual({
    arn: '<Bucket.Arn>/*',
    ref: '<Queue>',
    part: '<B>',
  });
  expect(() => resolveIntrinsics({ 'Fn::Select': [1, ['a']] }, references)).toThrow();
  expect(() => resolveIntrinsics({ 'Fn::Cidr': [] }, references)).toThrow();
});
