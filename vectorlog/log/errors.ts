/** What can be wrong with the append log. */

import { LikenessError } from '../errors.ts';

/** An object of the log is not an append: damaged, cut, or not written by Likeness. */
export class AppendUnreadable extends LikenessError {
  readonly retryable = false;
}
