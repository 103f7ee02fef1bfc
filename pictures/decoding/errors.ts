/** Why a picture could not be decoded: for good, or this time. */

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
  /** It ended the process that decoded it, more than once. */
  | 'crashed'
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

/** It took longer than it may. @param ms the limit */
export const decodeTimeout = (ms: number): PictureRejected =>
  new PictureRejected(
    'decode-timeout',
    `The picture takes more than ${ms / 1_000} seconds to decode. Upload a smaller version.`,
  );

/** Decoding failed for a reason that is not the picture's, such as memory that ran out; trying again may help. */
export class DecodingFailed extends LikenessError {
  readonly retryable = true;
}

/** What the messages of libvips and its decoders say when the machine is at fault. A file's own limits are not that. */
const MACHINE =
  /out of memory|memory allocation|allocation failed|unable to (m?alloc|allocate|create (temporary|thread))|too many open files|no space left|resource temporarily/i;
const FILES_OWN_LIMIT = /security limit|image dimension|pixel limit/i;

/** Whether a message says that the machine is at fault. */
export const isOfMachine = (message: string): boolean =>
  MACHINE.test(message) && !FILES_OWN_LIMIT.test(message);

/** The file may be whole, but is of a kind within its format that the decoders here do not know. */
const UNSUPPORTED =
  /not configured|not supported|no known route|not implemented|unsupported (feature|codec|jpeg process|data version|compression|bit depth)|bad labq|whole number of bytes|unknown compression|sorry, (can|requested)|can ?not handle|old-style jpeg|bad colou?rspace|no codec|unsupported (tiff|bitspersample)|inappropriate photometric/i;

/**
 * What the decoders say of files that are damaged, cut off or made up. Some of them say next to nothing: "load error" is all
 * that is left when the first word on it went to another thread.
 */
const DAMAGED =
  /corrupt|bogus|invalid|premature|unexpected|end of (file|data|image|input)|not enough|short|(read|load) error|unable to (parse|read)|unsupported image format|unsupported marker|unknown error|no frames|not defined|inconsistent|sampling factors|marker|not yet in table|not a jpeg|no image|bad |libpng|webp|out of (range|order|bounds)|bad seek|exceeds|too (large|many|short|small)|mismatch|decod/i;

/**
 * What a decoder's error means for its picture. Only messages that are known to speak of damage do; decoders do not always
 * say that they lacked memory, so whether there was enough is tried out.
 *
 * @param bytes What decoding the picture takes by its weight.
 */
export function meaningOf(error: unknown, bytes: number): PictureRejected | DecodingFailed {
  if (error instanceof PictureRejected || error instanceof DecodingFailed) return error;
  const message = error instanceof Error ? error.message : String(error);
  if (isOfMachine(message) || !(UNSUPPORTED.test(message) || DAMAGED.test(message)) || !isFree(bytes))
    return new DecodingFailed('The picture could not be decoded now', { cause: error });
  if (UNSUPPORTED.test(message))
    return new PictureRejected(
      'unsupported-format',
      'The file is of a kind within its format that is not read here. Save it again as a plain JPEG, PNG or TIFF.',
      { cause: error },
    );
  return new PictureRejected('corrupt', 'The file is damaged or cut off: it cannot be decoded whole.', {
    cause: error,
  });
}

function isFree(bytes: number): boolean {
  try {
    return Buffer.allocUnsafeSlow(bytes).length === bytes;
  } catch {
    return false;
  }
}
