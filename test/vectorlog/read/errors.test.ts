/** What stands between an index and an answer says so with its numbers, and whether to ask again. */

import { expect, test } from 'vitest';
import { LikenessError } from '../../../vectorlog/errors.ts';
import { CenteredTooLarge, IndexLoading, IndexTooLarge } from '../../../vectorlog/read/errors.ts';

test.each([
  [
    new IndexTooLarge(20, 1_000, 999),
    'IndexTooLarge',
    'an index of 20 rows needs 1000 bytes of memory, and 999 may be used',
    false,
    { rows: 20, neededBytes: 1_000, budgetBytes: 999 },
  ],
  [
    new CenteredTooLarge(7, 300, 200),
    'CenteredTooLarge',
    '7 rows with a centred copy need 300 bytes of memory, and 200 may be used',
    false,
    { rows: 7, neededBytes: 300, budgetBytes: 200 },
  ],
  [
    new IndexLoading(5, 80),
    'IndexLoading',
    '5 of 80 bytes of the index are in memory',
    true,
    { doneBytes: 5, totalBytes: 80 },
  ],
])('%s', (error, name, message, retryable, numbers) => {
  expect(error).toBeInstanceOf(LikenessError);
  expect(error).toMatchObject({ name, message, retryable, ...numbers });
});
