/** Reading and writing whole stretches of open files. */

import type { FileHandle } from 'node:fs/promises';

/** Bytes of one step, far below what one call of the system takes, and steps at once: more threads bring no more. */
const STEP_BYTES = 16 * 1024 * 1024;
const STEPS_AT_ONCE = 4;

/** Writes all of `bytes` at `position`. */
export async function writeAll(handle: FileHandle, bytes: Uint8Array, position: number): Promise<void> {
  for (let done = 0; done < bytes.byteLength; ) {
    const length = Math.min(STEP_BYTES, bytes.byteLength - done);
    const { bytesWritten } = await handle.write(bytes, done, length, position + done);
    done += bytesWritten;
  }
}

/** Fills `target` from `position` on; `false` when the file ends before. */
export async function readAll(handle: FileHandle, target: Uint8Array, position: number): Promise<boolean> {
  let next = 0;
  const reader = async (): Promise<boolean> => {
    while (next < target.byteLength) {
      const start = next;
      next = Math.min(start + STEP_BYTES, target.byteLength);
      if (!(await readStep(handle, target.subarray(start, next), position + start))) return false;
    }
    return true;
  };
  // All of them have ended before the caller hears of a failure: nothing writes into `target` any more.
  const readers = await Promise.allSettled(Array.from({ length: STEPS_AT_ONCE }, reader));
  const failed = readers.find((outcome) => outcome.status === 'rejected');
  if (failed) throw failed.reason;
  return readers.every((outcome) => outcome.status === 'fulfilled' && outcome.value);
}

async function readStep(handle: FileHandle, target: Uint8Array, position: number): Promise<boolean> {
  for (let done = 0; done < target.byteLength; ) {
    const { bytesRead } = await handle.read(target, done, target.byteLength - done, position + done);
    if (bytesRead === 0) return false;
    done += bytesRead;
  }
  return true;
}
