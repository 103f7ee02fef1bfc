/** What was measured of the functions, as a table. */

import { cpus } from 'node:os';
import type { RunningFunction } from './running-function.ts';

const MiB = 1024 * 1024;

/** One line a function: how long its cold starts took, and how much of its memory it needed. */
export function report(functions: readonly RunningFunction[]): string {
  const lines = functions.map(({ name, coldStarts, peakBytes, limitedBy, deployed }) => {
    const starts = coldStarts.map((ms) => `${Math.round(ms)} ms`).join(', ');
    const memory = `${Math.round(peakBytes / MiB)} of ${deployed.memoryMegabytes} MiB`;
    return `${name.padEnd(10)}cold start ${starts.padEnd(20)}peak memory ${memory} (held by ${limitedBy})`;
  });
  return [`On ${cpus()[0]?.model}, ${cpus().length} cores, shared with the S3 server:`, ...lines].join('\n');
}
