/** The limits of one scan. */

export const SCAN_LIMITS = {
  /** Results of one search. */
  maxK: 1_000,
} as const;
