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

// Each is made in its test: what happens as a module is loaded belongs to none.
it.each([
  ['ObjectNotFound', () => new ObjectNotFound('k', { cause }), 'no object "k"', false],
  [
    'ObjectOutOfReach',
    () => new ObjectOutOfReach('k', { cause }),
    'whether "k" is there cannot be told now',
    true,
  ],
  ['PreconditionFailed', () => new PreconditionFailed('k', { cause }), '"k" has changed', false],
  [
    'RangeNotSatisfiable',
    () => new RangeNotSatisfiable('k', { cause }),
    '"k" is shorter than the range asked for',
    false,
  ],
  ['StoreUnavailable', () => new StoreUnavailable('words', { cause }), 'words', true],
  ['StoreUnsuitable', () => new StoreUnsuitable('words', { cause }), 'words', false],
  ['ObjectUnreadable', () => new ObjectUnreadable('k', 'archived', 'words', { cause }), 'words', false],
])('%s', (name, make, message, retryable) => {
  const error = make();
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
