/**
 * Files that grow where they are. An object that is composed of another one and of more can be that other one's file,
 * under a second name and with more at its end: nothing is copied.
 *
 * A process grows only files that it has made itself, or that the one which made them has handed over when it ended, so no
 * two processes ever write into one, however long one of them sleeps and whatever a lock says; what a process that was
 * killed leaves behind the end of an object is never built on.
 */

import type { BigIntStats } from 'node:fs';
import { type FileHandle, link, open, readFile, rename, rm, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { ByteRange, ComposePart } from '../object-store.ts';
import { eTagOf, saysAbsent, unlessAbsent, writeAll } from './file-access.ts';
import { draftPath, finish, syncFolder } from './writing.ts';

/** Names that are remembered; only the newest of an index are ever grown. */
const MOST_REMEMBERED = 64;

/** A file that this process has made, as it was when it was last written. */
interface Made {
  readonly path: string;
  readonly ino: bigint;
  readonly dev: bigint;
  readonly eTag: string;
}

/** A file that a process has made and will never write to again, as it stood then. */
interface HandedOver {
  readonly key: string;
  readonly ino: string;
  readonly eTag: string;
}

/** An object that is another one with a new head and with more at its end. */
export interface Growth {
  /** Takes the place of the first bytes of the other; as many. */
  readonly head: Uint8Array;
  /** All of the other, but for its head. */
  readonly from: { readonly copyFrom: string; readonly range: ByteRange };
}

/** What has grown: its length, out of which object, and the entity tags of the file before and after. */
export interface Grown {
  readonly size: number;
  readonly from: string;
  readonly before: string;
  readonly after: string;
}

/** The parts of an object, of which the first ones tell whether it is a growth of another. */
export class Parts {
  readonly #parts: AsyncIterator<ComposePart> | Iterator<ComposePart>;
  readonly #drawn: ComposePart[] = [];

  constructor(parts: Iterable<ComposePart> | AsyncIterable<ComposePart>) {
    this.#parts = Symbol.asyncIterator in parts ? parts[Symbol.asyncIterator]() : parts[Symbol.iterator]();
  }

  /** The growth that the parts describe, and then only what comes at its end is still to be drawn; else nothing is lost. */
  async growth(): Promise<Growth | undefined> {
    let head: Uint8Array = new Uint8Array(0);
    let from = await this.#look();
    if (from instanceof Uint8Array) {
      // Its owner may use the buffer again once the next part is drawn.
      head = from.slice();
      this.#drawn[0] = head;
      from = await this.#look();
    }
    if (!from || from instanceof Uint8Array || from.range.start !== head.byteLength) return undefined;
    const next = await this.#look();
    return next === undefined || next instanceof Uint8Array ? { head, from } : undefined;
  }

  /** Passes over the head and the other object, which are there already. */
  skip({ from }: Growth): void {
    this.#drawn.splice(0, this.#drawn.indexOf(from) + 1);
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<ComposePart, void, void> {
    yield* this.#drawn.splice(0);
    for (let next = await this.#parts.next(); !next.done; next = await this.#parts.next()) yield next.value;
  }

  async #look(): Promise<ComposePart | undefined> {
    const next = await this.#parts.next();
    if (next.done) return undefined;
    this.#drawn.push(next.value);
    return next.value;
  }
}

export class GrowingFiles {
  readonly #made = new Map<string, Made>();
  #growing = 0;
  #isOver = false;

  /** Grows nothing any more, and writes down for the next process what this one has made, unless something grows still. */
  async handOver(path: string): Promise<void> {
    this.#isOver = true;
    const files = Array.from(
      this.#made,
      ([key, { ino, eTag }]): HandedOver => ({ key, ino: `${ino}`, eTag }),
    );
    this.#made.clear();
    if (this.#growing > 0 || files.length === 0) return;
    const draft = draftPath(dirname(path));
    const handle = await open(draft, 'wx');
    try {
      await writeAll(handle, Buffer.from(JSON.stringify(files)), 0);
      await handle.sync();
    } finally {
      await handle.close();
    }
    await rename(draft, path);
  }

  /**
   * Takes what another process has handed over, as far as it is as it was then. Of several that try, one gets it.
   *
   * @param pathOf the path of an object's file
   */
  async takeOver(path: string, pathOf: (key: string) => string | undefined): Promise<void> {
    const mine = draftPath(dirname(path));
    try {
      await rename(path, mine);
    } catch (error) {
      if (saysAbsent(error)) return;
      throw error;
    }
    // Handed over once, also when the power goes now.
    await syncFolder(dirname(path));
    const files = parse(await readFile(mine, 'utf8'));
    await rm(mine, { force: true });
    for (const { key, ino, eTag } of files) {
      const file = pathOf(key);
      const stats = file && (await unlessAbsent(stat(file, { bigint: true })));
      if (file && stats && `${stats.ino}` === ino && eTagOf(stats) === eTag) this.#remember(key, file, stats);
    }
  }

  /** Takes down that this process has made the file that is an object. */
  async remember(key: string, path: string): Promise<void> {
    const stats = await unlessAbsent(stat(path, { bigint: true }));
    if (stats) this.#remember(key, path, stats);
  }

  forget(key: string): void {
    this.#made.delete(key);
  }

  /** Whether the file of an object may grow from `length` bytes on: made by us, that long, and known by no other name. */
  async mayGrow(key: string, length: number): Promise<boolean> {
    const made = this.#made.get(key);
    if (!made) return false;
    const stats = await unlessAbsent(stat(made.path, { bigint: true }));
    if (!stats || Number(stats.size) !== length) return false;
    if (stats.ino !== made.ino || stats.dev !== made.dev || eTagOf(stats) !== made.eTag) return false;
    // A copy that someone made by hard links, as backups do, must stay as it is.
    const names = [...this.#made.values()].filter(({ ino, dev }) => ino === made.ino && dev === made.dev);
    return Number(stats.nlink) <= names.length;
  }

  /**
   * Grows the file of one object into another, at `path`, by what is left of the parts. What is new is durable before
   * anything says that it is there: first the bytes, then the name, then the head.
   *
   * @returns `undefined` when the file may not grow; nothing happened then
   */
  async grow(parts: Parts, key: string, path: string): Promise<Grown | undefined> {
    const growth = await parts.growth();
    if (!growth || !(await this.mayGrow(growth.from.copyFrom, growth.from.range.end))) return undefined;
    const { from } = growth;
    const made = this.#isOver ? undefined : this.#made.get(from.copyFrom);
    // Of two calls at once the second one copies; as does the next one, should this fail half-way.
    if (!made || !this.#made.delete(from.copyFrom)) return undefined;
    parts.skip(growth);
    this.#growing++;
    try {
      return await this.#growAt(made, growth, parts, key, path);
    } finally {
      this.#growing--;
    }
  }

  async #growAt(made: Made, { head, from }: Growth, parts: Parts, key: string, path: string): Promise<Grown> {
    const handle = await open(made.path, 'r+');
    try {
      let size = from.range.end;
      try {
        for await (const part of parts) {
          if (!(part instanceof Uint8Array)) throw new TypeError('a growth copies one object');
          await writeAll(handle, part, size);
          size += part.byteLength;
        }
        await handle.sync();
        await link(made.path, path);
      } catch (error) {
        await this.#undo(from.copyFrom, made, handle, from.range.end);
        throw error;
      }
      await syncFolder(dirname(path));
      await writeAll(handle, head, 0);
      await finish(handle);
      const stats = await handle.stat({ bigint: true });
      this.#remember(from.copyFrom, made.path, stats);
      this.#remember(key, path, stats);
      return { size, from: from.copyFrom, before: made.eTag, after: eTagOf(stats) };
    } finally {
      await handle.close();
    }
  }

  /** A disk that is full now may have room later, and then there may be none for a copy. */
  async #undo(key: string, made: Made, handle: FileHandle, length: number): Promise<void> {
    try {
      await handle.truncate(length);
      this.#remember(key, made.path, await handle.stat({ bigint: true }));
    } catch {
      // It is copied the next time.
    }
  }

  #remember(key: string, path: string, stats: BigIntStats): void {
    if (this.#isOver) return;
    const { ino, dev } = stats;
    const eTag = eTagOf(stats);
    // A name that was given before has the same file, and so the same state.
    for (const [other, made] of this.#made)
      if (made.ino === ino && made.dev === dev) this.#made.set(other, { ...made, eTag });
    this.#made.delete(key);
    this.#made.set(key, { path, ino, dev, eTag });
    for (const [oldest] of this.#made) {
      if (this.#made.size <= MOST_REMEMBERED) break;
      this.#made.delete(oldest);
    }
  }
}

/** What was handed over; nothing where it cannot be read. */
function parse(text: string): readonly HandedOver[] {
  try {
    const files = JSON.parse(text) as unknown;
    return Array.isArray(files) ? (files as HandedOver[]) : [];
  } catch {
    return [];
  }
}
