/** What can stop a model from being built. */

import { LikenessError } from '../../vectorlog/errors.ts';

/** The file is not a state dict of torchvision's ResNet50, or not the one it should be. */
export class WeightsUnusable extends LikenessError {
  readonly retryable = false;
}

/** The weights could not be downloaded; the network or the server may be back later. */
export class DownloadFailed extends LikenessError {
  readonly retryable = true;
}

/** There are no pictures to learn an int8 model's ranges from. */
export class CalibrationImpossible extends LikenessError {
  readonly retryable = false;
}
