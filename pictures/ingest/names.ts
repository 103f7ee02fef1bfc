/** The names of what is written into the index's store while pictures are taken in. */

/** Where pictures are noted that are being embedded after a try that failed. */
export const IN_WORK_PREFIX = 'in-work/';
