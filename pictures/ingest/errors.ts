/** What keeps a picture from being taken in this time. */

import { LikenessError } from '../../vectorlog/errors.ts';

/** The run ends before the picture is embedded; its message comes again, to a run that has time. */
export class OutOfTime extends LikenessError {
  readonly retryable = true;
}
