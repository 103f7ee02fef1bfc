/**
 * Watches the folder of pictures and tells which files appeared, changed or went. One watch a folder, not one a file:
 * systems allow some 100,000 watches, and a library has more files than that.
 */

import type { BigIntStats } from 'node:fs';
import { lstat, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { Limiter } from '../vectorlog/parallel.ts';
import { codeOf, eTagOf, isOutOfReach, unlessAbsent } from '../vectorlog/store/files/file-access.ts';
import { FolderWatches } from './folder-watches.ts';
import { isPictureKey, keyOfPath } from './picture-names.ts';

export interface WatcherOptions {
  readonly folder: string;
  /** Whether a file, or a folder with a slash at its end, is no part of the library. */
  readonly isLeftAlone: (key: string) => boolean;
  /** Called with the key of a file that may have appeared, changed or gone, once it is written to its end. */
  readonly onChange: (key: string) => void;
  /** Called with the key of a folder, a slash at its end, that is gone with all that was in it. */
  readonly onFolderGone: (prefix: string) => void;
  /** Called when changes may go unseen from now on, or may just have; says why. */
  readonly onIncomplete: (reason: Incomplete) => void;
  /**
   * Called when the library's folder, or something in it, may be watched no more: it was moved or unmounted, has other permissions,
   * or a watch has failed.
   */
  readonly onLost: () => void;
  /** Whether the index has an older state of the file, which is worth keeping while a new one is written. */
  readonly isKnown: (key: string) => boolean;
  /** Whether the index has a file in this state under another name: then it is written to its end. */
  readonly isKnownState: (eTag: string) => boolean;
}

/** `limit`: the system watches no more folders. `flood`: so much happened at once that the system may have dropped some. */
export type Incomplete = 'limit' | 'flood';

/** A file counts as written when it has not changed for this long; one that is known under an older state has more time. */
const SETTLED_MS = 300;
const KNOWN_SETTLED_MS = 1_500;
const POLL_MS = 100;

/** Questions to the folder at once: each that is not answered holds one of the 16 threads that wait for file systems. */
const ASKED_AT_ONCE = 4;

/** Linux queues 16,384 events and drops the rest without a word that reaches us; so many within a second come near it. */
const FLOOD = 8_000;
const FLOOD_WINDOW_MS = 1_000;

/** Systems that watch a folder with all that is below it by themselves. */
const RECURSIVE = process.platform === 'darwin' || process.platform === 'win32';

interface Watched {
  /** Ends its watch. */
  readonly end: () => void;
  /** Tell the folder from another one that takes its place. */
  readonly ino: bigint;
  readonly dev: bigint;
}

export class PictureWatcher {
  readonly #options: WatcherOptions;
  /** By key, with a slash at the end; the library's own folder is `''`. */
  readonly #watched = new Map<string, Watched>();
  readonly #watches = new FolderWatches(RECURSIVE);
  /** Keys that something happened to and that are being looked at; `true` when something happened again since. */
  readonly #looking = new Map<string, boolean>();
  #closed = false;
  readonly #asking = new Limiter(ASKED_AT_ONCE);
  /** Folders that came and are being walked. */
  #walks = 0;
  #heard = 0;
  #windowEnds = 0;

  private constructor(options: WatcherOptions) {
    this.#options = options;
  }

  /** Starts to watch; resolves when every change from now on will be told. */
  static async open(options: WatcherOptions): Promise<PictureWatcher> {
    const watcher = new PictureWatcher(options);
    try {
      await watcher.#enter('', () => {});
      return watcher;
    } catch (error) {
      watcher.close();
      throw error;
    }
  }

  /** Whether folders are being walked whose files were not told of yet. */
  get isWalking(): boolean {
    return this.#walks > 0;
  }

  close(): void {
    this.#closed = true;
    this.#watches.stop();
    this.#watched.clear();
  }

  /** Watches a folder and those below it; tells of each picture that is there by then. */
  async #enter(key: string, tell: (key: string) => void): Promise<void> {
    // The slash keeps what happens to the folder itself apart from what happens to a file of its name in it.
    const path = join(this.#options.folder, key, '/');
    const stats = await this.#lstat(key).catch((error: unknown) => passOver(key, error));
    if (this.#closed || (!stats && key !== '')) return;
    await this.#watch(key, path, stats ?? { ino: 0n, dev: 0n });
    if (this.#closed) return;
    const entries = await this.#asking
      .run(() => unlessAbsent(readdir(path, { withFileTypes: true })))
      .catch((error: unknown) => passOver(key, error));
    for (const entry of entries ?? []) {
      const below = key + entry.name;
      if (entry.isDirectory() && !this.#isIgnored(`${below}/`)) await this.#enter(`${below}/`, tell);
      else if (entry.isFile() && this.#isWanted(below)) tell(below);
    }
  }

  async #watch(key: string, path: string, { ino, dev }: Pick<Watched, 'ino' | 'dev'>): Promise<void> {
    const before = this.#watched.get(key);
    if (isSame(before, { ino, dev }) || (RECURSIVE && key !== '')) return;
    before?.end();
    try {
      const end = await this.#watches.begin(path, {
        heard: (name) => {
          this.#count();
          if (name === '') this.#hearOfItself(key);
          else if (name !== null) this.#hear(key + keyOfPath(name));
        },
        failed: () => {
          if (!this.#closed) this.#options.onLost();
        },
      });
      // Two walks may have come here at once.
      this.#watched.get(key)?.end();
      this.#watched.set(key, { end, ino, dev });
    } catch (error) {
      if (['ENOSPC', 'EMFILE', 'ENFILE'].includes(codeOf(error) ?? '')) this.#options.onIncomplete('limit');
      else if (key === '') throw error;
    }
  }

  #isIgnored(key: string): boolean {
    return key.split('/').some((part) => part.startsWith('.')) || this.#options.isLeftAlone(key);
  }

  #isWanted(key: string): boolean {
    return isPictureKey(key) && !this.#options.isLeftAlone(key);
  }

  /** Looks at a folder that may be another by now, as when a disk was mounted there: of that, no system tells. */
  lookAt(key: string): void {
    if (!RECURSIVE) this.#hear(key.slice(0, -1));
  }

  /**
   * Something happened to a folder itself. Only at the top of a disk does that matter here: when it is unmounted, the watches of all of its
   * folders end, also where it is back already. Of what else becomes of a folder, the one around it tells.
   */
  #hearOfItself(key: string): void {
    const dev = this.#watched.get(key)?.dev;
    const around = this.#watched.get(key.slice(0, key.lastIndexOf('/', key.length - 2) + 1))?.dev;
    if (!this.#closed && dev !== undefined && (key === '' || dev !== around)) this.#options.onLost();
  }

  /** Counts what the system tells. */
  #count(): void {
    const now = Date.now();
    if (now > this.#windowEnds) this.#heard = 0;
    if (this.#heard++ === 0) this.#windowEnds = now + FLOOD_WINDOW_MS;
    if (this.#heard === FLOOD && !this.#closed) this.#options.onIncomplete('flood');
  }

  #hear(key: string): void {
    if (this.#closed || key === '' || key.split('/').some((part) => part.startsWith('.'))) return;
    if (this.#looking.has(key)) {
      this.#looking.set(key, true);
      return;
    }
    this.#looking.set(key, false);
    // What cannot be looked at now is found by the next comparison.
    void this.#look(key).catch(() => this.#looking.delete(key));
  }

  async #look(key: string): Promise<void> {
    const stats = await this.#lstat(key);
    if (stats?.isDirectory()) {
      this.#looking.delete(key);
      return this.#lookAtFolder(`${key}/`, stats);
    }
    if (!stats && this.#watched.has(`${key}/`)) this.#leave(`${key}/`);
    else if (!stats && RECURSIVE) this.#options.onFolderGone(`${key}/`);
    if (stats?.isFile() && this.#isWanted(key)) await this.#settled(key, stats);
    this.#looking.delete(key);
    if (!this.#closed && this.#isWanted(key)) this.#options.onChange(key);
  }

  async #lookAtFolder(key: string, stats: BigIntStats): Promise<void> {
    const watched = this.#watched.get(key);
    if (this.#isIgnored(key) || isSame(watched, stats)) return;
    // Another folder of this name: what was in the one before is gone, unless it is in this one too.
    if (watched) this.#leave(key);
    this.#walks++;
    try {
      await this.#enter(key, (below) => this.#hear(below));
    } finally {
      this.#walks--;
    }
  }

  /** Resolves when the file is as it was for a while, or gone. */
  async #settled(key: string, stats: BigIntStats): Promise<void> {
    const enough = this.#options.isKnown(key) ? KNOWN_SETTLED_MS : SETTLED_MS;
    let last = eTagOf(stats);
    if (this.#options.isKnownState(last)) return;
    for (let quietMs = 0; quietMs < enough && !this.#closed; quietMs += POLL_MS) {
      await new Promise((resolve) => setTimeout(resolve, POLL_MS));
      const now = await this.#lstat(key);
      if (!now) return;
      const again = this.#looking.get(key) === true;
      if (again || eTagOf(now) !== last) quietMs = -POLL_MS;
      this.#looking.set(key, false);
      last = eTagOf(now);
    }
  }

  /** Watches a folder and those below it no more. */
  #leave(prefix: string): void {
    for (const [key, { end }] of this.#watched) {
      if (!key.startsWith(prefix)) continue;
      end();
      this.#watched.delete(key);
    }
    this.#options.onFolderGone(prefix);
  }

  #lstat(key: string): Promise<BigIntStats | undefined> {
    return this.#asking.run(() => unlessAbsent(lstat(join(this.#options.folder, key), { bigint: true })));
  }
}

const isSame = (
  watched: Watched | undefined,
  { ino, dev }: { readonly ino: bigint; readonly dev: bigint },
): boolean => watched?.ino === ino && watched.dev === dev;

/** A folder that cannot be read keeps nobody from watching the others. */
function passOver(key: string, error: unknown): undefined {
  if (key === '' || !isOutOfReach(error)) throw error;
}
