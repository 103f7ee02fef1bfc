/** Memory for decoding: how much there is, and who may take how much of it now. */

import { totalmem } from 'node:os';
import { PICTURE_LIMITS } from './limits.ts';

const MiB = 1024 * 1024;

/** What else lives in a process that decodes: the runtime, the model and its work, the bytes of files. */
const BESIDE_DECODING_BYTES = 512 * MiB;

/** Less would refuse the pictures of ordinary cameras; a process with so little memory is on its own. */
const LEAST_BYTES = 192 * MiB;

/**
 * The bytes that decoding may take in a process that does nothing else that is large: at most what `PICTURE_LIMITS` says.
 *
 * @param total Bytes that the process may use; what the machine or its container has when not given.
 */
export const decodeBytesOf = (
  total: number = Math.min(totalmem(), process.constrainedMemory() || Number.POSITIVE_INFINITY),
): number => Math.max(LEAST_BYTES, Math.min(PICTURE_LIMITS.maxMemoryBytes, total - BESIDE_DECODING_BYTES));

/** Lets only so many bytes be used at once; who comes later waits in line. */
export class MemoryBudget {
  private readonly line: { readonly bytes: number; readonly start: () => void }[] = [];
  private free: number;

  constructor(private readonly total: number) {
    this.free = total;
  }

  /** Runs `work` when `bytes` are free, or all are when it needs more; frees them whatever came of it. */
  async run<Result>(bytes: number, work: () => Promise<Result>): Promise<Result> {
    const share = Math.min(bytes, this.total);
    await new Promise<void>((start) => {
      this.line.push({ bytes: share, start });
      this.admit();
    });
    try {
      return await work();
    } finally {
      this.free += share;
      this.admit();
    }
  }

  /** In the order in which they came: a large picture is not overtaken by ever more small ones. */
  private admit(): void {
    for (let next = this.line[0]; next && next.bytes <= this.free; next = this.line[0]) {
      this.line.shift();
      this.free -= next.bytes;
      next.start();
    }
  }
}
