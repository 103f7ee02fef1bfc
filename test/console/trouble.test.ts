/** Tests that errors become sentences, and that only passing ones are tried again. */

import { describe, expect, it } from 'vitest';
import { ProblemError } from '../../client/index.ts';
import { troubleOf } from '../../console/api/trouble.ts';

const problem = (status: number, more: object = {}) =>
  new ProblemError({ type: 'urn:likeness:problem:x', title: 'Title', status, detail: 'Do this.', ...more });

describe('an error', () => {
  it('is told in the words of the server', () => {
    expect(troubleOf(problem(400))).toEqual({
      title: 'Title',
      detail: 'Do this.',
      passing: false,
      needsToken: false,
    });
  });

  it.each([
    ['a server that is busy', problem(503), true],
    ['too many requests', problem(429), true],
    ['a picture that is being indexed', problem(409, { state: 'pending' }), true],
    ['a picture that was rejected', problem(409, { state: 'rejected' }), false],
    ['no answer at all', new TypeError('Failed to fetch'), true],
    ['a fault of the page', new RangeError('oops'), false],
  ])('passes by itself or not: %s', (_name, error, passing) => {
    expect(troubleOf(error).passing).toBe(passing);
  });

  it('is final where what was sent is the reason, and only there', () => {
    expect([413, 415, 422].map((status) => troubleOf(problem(status)).final)).toEqual([true, true, true]);
    expect([400, 401, 404, 409, 429, 503].map((status) => troubleOf(problem(status)).final)).toEqual(
      Array.from({ length: 6 }, () => undefined),
    );
  });

  it.each([401, 403])('of status %i asks for a token', (status) => {
    expect(troubleOf(problem(status)).needsToken).toBe(true);
  });
});
