import { expect, it } from 'vitest';
import { listedObject, withoutQuotes } from '../../../../vectorlog/store/s3/listed.ts';

it('an entry of a list has what S3 says of it, and nothing is made up', () => {
  const LastModified = new Date('2026-06-01T12:00:00Z');
  expect(listedObject({ Key: 'a', Size: 3, ETag: '"e"', LastModified, StorageClass: 'STANDARD' })).toEqual({
    key: 'a',
    size: 3,
    eTag: 'e',
    lastModified: LastModified,
  });
  expect(listedObject({ Key: 'a' })).toEqual({ key: 'a', size: 0, eTag: '', lastModified: new Date(0) });
});

it.each([
  ['GLACIER', true],
  ['DEEP_ARCHIVE', true],
  ['GLACIER_IR', undefined],
  ['INTELLIGENT_TIERING', undefined],
])('an object of the class %s is archived: %s', (StorageClass, isArchived) => {
  expect(listedObject({ Key: 'a', StorageClass }).isArchived).toBe(isArchived);
});

it('an entity tag loses the quotes around it and no others', () => {
  expect(['"e"', 'e', '"e', 'e"', 'a"b', '""e""', '', undefined].map((each) => withoutQuotes(each))).toEqual([
    'e',
    'e',
    'e',
    'e',
    'a"b',
    '"e"',
    '',
    '',
  ]);
});
