/** Where a page ended, in a form that nobody takes for a key. */

import { ApiProblem } from './problems.ts';

export const cursorAfter = (last: string): string => Buffer.from(last).toString('base64url');

/**
 * What stood last on the page before.
 *
 * @param isOne whether it can have stood in this list
 * @throws ApiProblem when the text was never a cursor of it
 */
export function afterCursor(
  cursor: string | undefined,
  isOne: (last: string) => boolean = (last) => last !== '',
): string | undefined {
  if (cursor === undefined) return undefined;
  const last = Buffer.from(cursor, 'base64url').toString();
  if (isOne(last) && cursorAfter(last) === cursor) return last;
  throw notACursor();
}

/** The problem of a text that is no cursor of this list. */
export const notACursor = (): ApiProblem =>
  new ApiProblem('invalid-request', 'Take the cursor from the page before, as it is, or leave it out.');
