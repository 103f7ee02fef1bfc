/** What can be wrong with the index files. */

import { LikenessError } from '../errors.ts';

/** A file of the index is missing, damaged, or contradicts its manifest; see docs/recovery.md. */
export class IndexDamaged extends LikenessError {
  readonly retryable = false;
  constructor(
    /** The object, relative to the model's namespace. */
    readonly file: string,
    problem: string,
    options?: { cause?: unknown },
  ) {
    super(`${file}: ${problem}`, options);
  }
}
