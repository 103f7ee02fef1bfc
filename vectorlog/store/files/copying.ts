/** A file made of pieces, as `compose` needs it. */

import { constants } from 'node:fs';
import { copyFile, type FileHandle, open, rm } from 'node:fs/promises';
import { mapInParallel } from '../../parallel.ts';
import { RangeNotSatisfiable } from '../errors.ts';
import { type ByteRange, rangeLength } from '../object-store.ts';
import { readAll, writeAll } from './file-access.ts';
import { draftPath } from './writing.ts';

/** Bytes of one copying step, and steps at once: what a disk and two cores keep busy with. */
const STEP_BYTES = 1024 * 1024;
const STEPS_AT_ONCE = 4;

/** A clone is worth its fixed cost from here on, and only when this much at most has to be written again into it. */
const MIN_CLONE_BYTES = 16 * 1024 * 1024;
const MAX_REWRITTEN_BYTES = 8 * 1024 * 1024;

/** A draft that grows piece by piece. */
export class Draft {
  #size = 0;

  private constructor(
    readonly folder: string,
    public path: string,
    public handle: FileHandle,
  ) {}

  static async create(folder: string): Promise<Draft> {
    const path = draftPath(folder);
    return new Draft(folder, path, await open(path, 'wx+'));
  }

  get size(): number {
    return this.#size;
  }

  async append(bytes: Uint8Array): Promise<void> {
    await writeAll(this.handle, bytes, this.#size);
    this.#size += bytes.byteLength;
  }

  /**
   * Appends a range of the file at `path`. Node has no in-kernel copy of a range, only of a whole file. So where the
   * range keeps its offset, as it does when an index file grows, and the file system shares blocks (XFS, Btrfs, APFS),
   * the draft becomes a clone of the source and nothing is copied at all; elsewhere the bytes pass through a buffer.
   */
  async appendRange(key: string, path: string, range: ByteRange): Promise<void> {
    if (!(await this.#clone(path, range))) await this.#copy(key, path, range);
    this.#size += rangeLength(range);
  }

  /** Closes the draft and removes its file if it still has this name. */
  async discard(): Promise<void> {
    await this.handle.close();
    await rm(this.path, { force: true });
  }

  async #clone(source: string, range: ByteRange): Promise<boolean> {
    const fits = range.start === this.#size && this.#size <= MAX_REWRITTEN_BYTES;
    if (!fits || rangeLength(range) < MIN_CLONE_BYTES) return false;
    const path = draftPath(this.folder);
    try {
      await copyFile(source, path, constants.COPYFILE_FICLONE_FORCE | constants.COPYFILE_EXCL);
    } catch {
      // This file system shares no blocks, or the source is gone, as the copy will find out.
      await rm(path, { force: true });
      return false;
    }
    let clone: FileHandle | undefined;
    try {
      clone = await open(path, 'r+');
      if (await this.#becomes(clone, range)) {
        await this.discard();
        this.path = path;
        this.handle = clone;
        return true;
      }
    } catch (error) {
      await clone?.close();
      await rm(path, { force: true });
      throw error;
    }
    await clone.close();
    await rm(path, { force: true });
    return false;
  }

  /** Makes of a copy of the whole source what this draft has to be; `false` when it is shorter than it was. */
  async #becomes(clone: FileHandle, range: ByteRange): Promise<boolean> {
    const before = new Uint8Array(this.#size);
    if ((await clone.stat()).size < range.end || !(await readAll(this.handle, before, 0))) return false;
    await writeAll(clone, before, 0);
    await clone.truncate(range.end);
    return true;
  }

  async #copy(key: string, path: string, range: ByteRange): Promise<void> {
    const source = await open(path, 'r');
    try {
      const length = rangeLength(range);
      const starts = Array.from({ length: Math.ceil(length / STEP_BYTES) }, (_, step) => step * STEP_BYTES);
      const buffers: Buffer[] = [];
      await mapInParallel(STEPS_AT_ONCE, starts, async (start) => {
        const buffer = buffers.pop() ?? Buffer.allocUnsafe(Math.min(STEP_BYTES, length));
        const step = buffer.subarray(0, Math.min(STEP_BYTES, length - start));
        if (!(await readAll(source, step, range.start + start))) throw new RangeNotSatisfiable(key);
        await writeAll(this.handle, step, this.#size + start);
        buffers.push(buffer);
      });
    } finally {
      await source.close();
    }
  }
}
