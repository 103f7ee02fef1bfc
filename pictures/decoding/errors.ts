/** Why a picture can never become a vector. */

import { LikenessError } from '../../vectorlog/errors.ts';

/** Stable codes for what can be wrong with a picture; they appear in `rejected/` and in the API's problems. */
export type RejectionCode =
  | 'empty'
  | 'not-an-image'
  | 'unsupported-format'
  | 'corrupt'
  | 'too-many-bytes'
  | 'too-many-pixels'
  | 'too-many-frames'
  | 'decode-timeout'
  /** In an archive: a restore brings an event that tries again. */
  | 'archived'
  /** The store lets us read other pictures, and not this one; the next backfill tries again. */
  | 'not-readable';

/** This picture can never become a vector; `message` tells its owner why and what to do. */
export class PictureRejected extends LikenessError {
  readonly retryable = false;
  constructor(
    readonly code: RejectionCode,
    message: string,
    options?: { cause?: unknown },
  ) {
    super(message, options);
  }
}
