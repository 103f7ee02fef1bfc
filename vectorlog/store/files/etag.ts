/** The entity tag of a file: its length and the time of its last change, so that no listing has to read files. */

import type { BigIntStats } from 'node:fs';

/** Differs between two writes of a key, and is the same for a copy of the folder that kept the times. */
export const eTagOf = (stats: BigIntStats): string =>
  `${stats.size.toString(16)}-${stats.mtimeNs.toString(16)}`;
