/** What a scan refuses, and how it can fail. */

import { LikenessError } from '../errors.ts';

/** The query has other dimensions than the rows, or is not finite numbers of a usable size. */
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

/** The rows were closed before or while they were searched. */
export class MatrixClosed extends LikenessError {
  readonly retryable = false;
}
