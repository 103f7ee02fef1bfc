/** What can stand between an index in the store and an answer from it. */

import { LikenessError } from '../errors.ts';

/** The index needs more memory than this process may use for it; decided before any of it is loaded. */
export class IndexTooLarge extends LikenessError {
  readonly retryable = false;
  constructor(
    readonly rows: number,
    readonly neededBytes: number,
    readonly budgetBytes: number,
  ) {
    super(`an index of ${rows} rows needs ${neededBytes} bytes of memory, and ${budgetBytes} may be used`);
  }
}

/** A centred copy of the vectors does not fit beside the index; decided before any of it is made. */
export class CenteredTooLarge extends LikenessError {
  readonly retryable = false;
  constructor(
    readonly rows: number,
    readonly neededBytes: number,
    readonly budgetBytes: number,
  ) {
    super(
      `${rows} rows with a centred copy need ${neededBytes} bytes of memory, and ${budgetBytes} may be used`,
    );
  }
}

/** The index is still on its way into memory. It goes on coming, and what came is kept: ask again in a moment. */
export class IndexLoading extends LikenessError {
  readonly retryable = true;
  constructor(
    readonly doneBytes: number,
    readonly totalBytes: number,
  ) {
    super(`${doneBytes} of ${totalBytes} bytes of the index are in memory`);
  }
}
