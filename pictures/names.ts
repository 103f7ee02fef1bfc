/** Names in the index store of one model, besides those of the index itself. */

/** Pictures that are being embedded after a try that failed. */
export const IN_WORK_PREFIX = 'in-work/';
/** What duplicates are compared by. */
export const FINGERPRINTS_PREFIX = 'fingerprints/';
/** What became of pairs that were compared. */
export const VERDICTS_PREFIX = 'verdicts/';
/** What people decided about duplicates. */
export const DECISIONS_PREFIX = 'decisions/';
