/** Settings that contradict each other, or mean nothing. */

import { LikenessError } from '../vectorlog/errors.ts';

export class ConfigurationInvalid extends LikenessError {
  readonly retryable = false;
}
