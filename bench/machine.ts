/** What a figure was measured on; no benchmark prints one without it. */

import { availableParallelism, cpus, totalmem } from 'node:os';
import { processMemory } from '../test/process-memory.ts';

export interface Machine {
  readonly cpu: string;
  readonly cores: number;
  readonly memoryGiB: number;
  readonly node: string;
}

export const machine = (): Machine => ({
  cpu: cpus()[0]?.model.trim() ?? 'unknown',
  cores: availableParallelism(),
  memoryGiB: Math.round(totalmem() / 2 ** 30),
  node: process.version,
});

export const describeMachine = ({ cpu, cores, memoryGiB, node }: Machine): string =>
  `${cpu}, ${cores} cores, ${memoryGiB} GiB, Node ${node}`;

/**
 * The most memory that this process had since it began, MiB. On Linux `resourceUsage` of a process begins with what its parent
 * had when it was started, so the kernel's own line is read there.
 */
export function peakMb(): number {
  const bytes = processMemory('self')?.most ?? 1024 * process.resourceUsage().maxRSS;
  return Math.round(bytes / 2 ** 20);
}
