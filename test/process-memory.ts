/** The resident memory of a process, by Linux's own count. */

import { readFileSync } from 'node:fs';

export interface ProcessMemory {
  /** Bytes. */
  readonly now: number;
  /** Bytes that it had at most, since it began or since its peak was set back. */
  readonly most: number;
}

/** `undefined` where there is no such process, and on other systems than Linux. */
export function processMemory(pid: number | 'self'): ProcessMemory | undefined {
  let status: string;
  try {
    status = readFileSync(`/proc/${pid}/status`, 'latin1');
  } catch {
    return undefined;
  }
  const [now, most] = [/^VmRSS:\s+(\d+) kB/m, /^VmHWM:\s+(\d+) kB/m].map((line) => line.exec(status)?.[1]);
  return now === undefined || most === undefined
    ? undefined
    : { now: Number(now) * 1024, most: Number(most) * 1024 };
}
