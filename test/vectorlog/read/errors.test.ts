/** What stands between an index and an answer says so with its numbers, and whether to ask again. */

import { expect, test } from 'vitest';
import { LikenessError } from '../../../vectorlog/errors.ts';
import { CenteredTooLarge, IndexLoading, IndexTooLarge } from '../../../vectorlog/read/errors.ts';

// Made within the test: what stands outside of it is made before any mutant is.
test.each([
  [
    'IndexTooLarge',
    () => new IndexTooLarge(20, 1_000, 999),
    'an index of 20 rows needs 1000 bytes of memory, and 999 may be used',
    false,
    { rows: 20, neededBytes: 1_000, budgetBytes: 999 },
  ],
  [
    'CenteredTooLarge',
    () => new CenteredTooLarge(7, 300, 200),
    '7 rows with a centred copy need 300 bytes of memory, and 200 may be used',
    false,
    { rows: 7, neededBytes: 300, budgetBytes: 200 },
  ],
  [
    'IndexLoading',
    () => new IndexLoading(5, 80),
    '5 of 80 bytes of the index are in memory',
    true,
    { doneBytes: 5, totalBytes: 80 },
  ],
])('%s', (name, make, message, retryable, numbers) => {
  const error = make();
  expect(error).toBeInstanceOf(LikenessError);
  expect(error).toMatchObject({ name, message, retryable, ...numbers });
});
