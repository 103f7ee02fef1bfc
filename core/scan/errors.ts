/** What a scan refuses. */

import { LikenessError } from '../errors.ts';

/** The query is not 2,048 finite numbers. */
export class QueryInvalid extends LikenessError {
  readonly retryable = false;
}
