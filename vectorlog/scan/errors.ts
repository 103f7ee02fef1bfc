/** What a scan refuses, and how it can fail. */

import { LikenessError } from '../errors.ts';

/** The query is not 2,048 finite numbers. */
export class QueryInvalid extends LikenessError {
  readonly retryable = false;
}

/** There is no memory for more rows. */
export class RowMemoryExhausted extends LikenessError {
  readonly retryable = false;
}

/** A thread of the scan died; new ones take over. */
export class ScanFailed extends LikenessError {
  readonly retryable = true;
}

/** The matrix was closed before or while it was searched. */
export class MatrixClosed extends LikenessError {
  readonly retryable = false;
}
