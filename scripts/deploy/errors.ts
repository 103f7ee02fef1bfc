/** How a deployment stops. */

import { LikenessError } from '../../vectorlog/errors.ts';

/** Nothing was changed; the message has a sentence for each thing that has to be said. */
export class DeploymentRefused extends LikenessError {
  readonly retryable = false;
}

/** The CDK has printed what went wrong. */
export class DeploymentFailed extends LikenessError {
  readonly retryable = false;
}
