/** Where duplicates keep what they know, in the index store of one model. */

/** What pictures are compared by. */
export const FINGERPRINTS_PREFIX = 'fingerprints/';
/** What became of pairs that were compared. */
export const VERDICTS_PREFIX = 'verdicts/';
/** What people decided. */
export const DECISIONS_PREFIX = 'decisions/';
