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

/** The index belongs to another model, another store or another source of entries; it is not mixed with this one. */
export class IndexForeign extends LikenessError {
  readonly retryable = false;
}

/** A commit may need more space than is free; nothing was written. Searches take in what waits in the log meanwhile. */
export class SpaceLacking extends LikenessError {
  readonly retryable = true;
  constructor(
    /** Bytes of the files that the commit would write, were none of them shared with those before. */
    readonly neededBytes: number,
    readonly freeBytes: number,
  ) {
    super(
      `folding the log may write ${mebibytes(neededBytes)} MiB and ${mebibytes(freeBytes)} MiB are free; searches go on, free some space`,
    );
  }
}

const mebibytes = (bytes: number): number => Math.ceil(bytes / 1024 ** 2);

/** Nothing may be appended to the index as it is. Somebody has to mend that; until then what waits goes on waiting. */
export class IndexRefused extends LikenessError {
  readonly retryable = true;
}
