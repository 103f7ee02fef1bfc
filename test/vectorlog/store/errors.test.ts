/** What the errors of a store say to a person, and whether another try can help. */

import { expect, it } from 'vitest';
import {
  KeyInvalid,
  ObjectNotFound,
  ObjectOutOfReach,
  ObjectTooLarge,
  ObjectUnreadable,
  PreconditionFailed,
  RangeNotSatisfiable,
  StoreUnavailable,
  StoreUnsuitable,
} from '../../../vectorlog/store/errors.ts';

const cause = new Error('the cause');

it.each([
  [new ObjectNotFound('k', { cause }), 'ObjectNotFound', 'no object "k"', false],
  [new ObjectOutOfReach('k', { cause }), 'ObjectOutOfReach', 'whether "k" is there cannot be told now', true],
  [new PreconditionFailed('k', { cause }), 'PreconditionFailed', '"k" has changed', false],
  [
    new RangeNotSatisfiable('k', { cause }),
    'RangeNotSatisfiable',
    '"k" is shorter than the range asked for',
    false,
  ],
  [new StoreUnavailable('words', { cause }), 'StoreUnavailable', 'words', true],
  [new StoreUnsuitable('words', { cause }), 'StoreUnsuitable', 'words', false],
  [new ObjectUnreadable('k', 'archived', 'words', { cause }), 'ObjectUnreadable', 'words', false],
])('%s', (error, name, message, retryable) => {
  expect(error).toMatchObject({ name, message, retryable, cause });
  if ('key' in error) expect(error.key).toBe('k');
});

it('an object that is too large says how large it is', () => {
  expect(new ObjectTooLarge('k', 12)).toMatchObject({
    key: 'k',
    size: 12,
    retryable: false,
    message: '"k" has 12 bytes, more than were to be read',
  });
});

it('a key that can be none says why, and of a long one the beginning', () => {
  expect(new KeyInvalid('a\0', 'so')).toMatchObject({
    key: 'a\0',
    retryable: false,
    message: '"a\0" cannot be an object key: so',
  });
  const long = 'k'.repeat(81);
  expect(new KeyInvalid(long, 'so')).toMatchObject({
    key: long,
    message: `"${'k'.repeat(80)}" cannot be an object key: so`,
  });
});
