/** Why the functions' packages could not be made. */

import { LikenessError } from '../../vectorlog/errors.ts';

/** A package with native code cannot be had for Lambda's platform. */
export class NativePackageMissing extends LikenessError {
  readonly retryable = true;
}

/** A native file is for another system or processor than the functions have. */
export class WrongProcessor extends LikenessError {
  readonly retryable = false;
}

/** A native file needs newer system libraries than Lambda has. */
export class TooNewForLambda extends LikenessError {
  readonly retryable = false;
}

/** A package is over its budget, or over what Lambda takes. */
export class PackageTooLarge extends LikenessError {
  readonly retryable = false;
}

/** The packages could not be made; the reason stands above, where the work was done. */
export class BundlingFailed extends LikenessError {
  readonly retryable = false;
}
