/**
 * Keeps watching and comparing for as long as a server runs, whatever happens to the folder meanwhile: looks for it
 * when it is away, watches it anew when it is back, compares every so often, and again after whatever went wrong.
 */

import type { Clock } from '../vectorlog/clock.ts';
import type { Differences } from './differences.ts';
import type { PassedOver } from './picture-folder.ts';
import type { FolderAway, Presence } from './presence.ts';
import { Signal } from './signal.ts';
import type { Troubles } from './troubles.ts';

export interface KeeperOptions {
  readonly presence: Pick<Presence, 'missing'>;
  /** Starts to watch; resolves with what ends it, when changes from now on are told. Says itself when that is not all of them. */
  readonly watch: () => Promise<() => Promise<void>>;
  readonly compare: (signal: AbortSignal) => Promise<Differences>;
  /** What the comparison could not look at. */
  readonly passedOver: () => PassedOver;
  readonly troubles: Troubles;
  readonly clock: Pick<Clock, 'monotonic'>;
  /** How often it is looked for the folder. @default 5000 */
  readonly lookEveryMs?: number;
  /** How often folder and index are compared when nothing asks for it. @default 900000 */
  readonly compareEveryMs?: number;
}

/** Pauses between comparisons that fail. */
const FIRST_RETRY_MS = 5_000;
const LONGEST_RETRY_MS = 5 * 60_000;

/** A folder that does not answer for so long is as good as away. */
const ANSWER_MS = 20_000;
const HANGS = 'the folder does not answer; nothing is forgotten, and it is asked again every few seconds';

/** How long stopping waits for what is at work. */
const GRACE_MS = 5_000;

type Away = Pick<FolderAway, 'place' | 'message'>;

export class Keeper {
  readonly #options: Required<KeeperOptions>;
  readonly #changed = new Signal();
  readonly #stopped = new AbortController();
  readonly #firstCompared: Promise<Differences>;
  #tellFirst: (differences: Differences) => void = () => {};
  #running: Promise<void> | undefined;
  #unwatch: (() => Promise<void>) | undefined;
  /** Places that are away, as of the last look; `undefined` before the first. */
  #away: string | undefined;
  #watchIsLost = false;
  #looking: Promise<readonly Away[]> | undefined;
  #compareAt = 0;
  #failures = 0;
  #toldUnnameable = 0;

  constructor(options: KeeperOptions) {
    this.#options = { lookEveryMs: 5_000, compareEveryMs: 15 * 60_000, ...options };
    this.#firstCompared = new Promise((resolve) => {
      this.#tellFirst = resolve;
    });
  }

  start(): void {
    this.#running ??= this.#run();
  }

  /** Settles when folder and index were compared for the first time, or the keeper stopped before. Never rejects. */
  get compared(): Promise<Differences> {
    return this.#firstCompared;
  }

  /** Folder and index are compared as soon as they can be: something may have been missed. */
  compareSoon(): void {
    this.#compareAt = 0;
    this.#changed.notify();
  }

  /** The folder is looked for, watched anew and compared at once: the watches may have ended, and it may be back already. */
  watchAnew(): void {
    this.#watchIsLost = true;
    this.#changed.notify();
  }

  /** Ends what is at work, but does not wait for a file system that hangs. */
  async stop(): Promise<void> {
    this.#stopped.abort();
    this.#changed.notify();
    if (this.#running) await within(this.#running, GRACE_MS);
    await this.#unwatch?.();
    this.#tellFirst({ toIndex: 0, toForget: 0 });
  }

  async #run(): Promise<void> {
    const { clock, lookEveryMs } = this.#options;
    while (!this.#stopped.signal.aborted) {
      await this.#look();
      if (this.#unwatch && this.#compareAt <= clock.monotonic()) await this.#compare();
      if (this.#stopped.signal.aborted) break;
      await this.#changed.wait(Math.max(1, Math.min(lookEveryMs, this.#compareAt - clock.monotonic())));
    }
  }

  /** Finds out what is away; when that is not what it was, watches anew and has all compared. */
  async #look(): Promise<void> {
    const { presence, troubles } = this.#options;
    // One look at a time: each that hangs holds a thread.
    this.#looking ??= presence
      .missing()
      .catch((error: Error) => [{ place: '', message: error.message }])
      .finally(() => {
        this.#looking = undefined;
      });
    const missing = (await within(this.#looking, ANSWER_MS)) ?? [{ place: '', message: HANGS }];
    if (this.#stopped.signal.aborted) return;
    const away = JSON.stringify(missing.map(({ place }) => place));
    if (missing.length > 0) troubles.begin('folder-away', missing.map(({ message }) => message).join('; '));
    else troubles.end('folder-away', 'the folder is there again; it is compared with the index');
    const changed = (this.#away !== undefined && away !== this.#away) || this.#watchIsLost;
    this.#away = away;
    this.#watchIsLost = false;
    if (changed) await this.#endWatch();
    const rootAway = missing.some(({ place }) => place === '');
    if (rootAway || this.#unwatch) return;
    try {
      this.#unwatch = await this.#options.watch();
      this.#compareAt = 0;
    } catch (error) {
      troubles.begin('watching-incomplete', `the folder cannot be watched: ${(error as Error).message}`);
    }
  }

  async #endWatch(): Promise<void> {
    const unwatch = this.#unwatch;
    this.#unwatch = undefined;
    // Watching what is gone may fail to end, and nothing is lost by that.
    await unwatch?.().catch(() => {});
  }

  async #compare(): Promise<void> {
    const { clock, compareEveryMs, troubles } = this.#options;
    this.#compareAt = clock.monotonic() + compareEveryMs;
    try {
      const differences = await this.#options.compare(this.#stopped.signal);
      this.#failures = 0;
      this.#tellFirst(differences);
      troubles.end('comparison-failing', 'folder and index could be compared again');
      this.#tellPassedOver();
    } catch (error) {
      if (this.#stopped.signal.aborted) return;
      const pause = Math.min(LONGEST_RETRY_MS, FIRST_RETRY_MS * 2 ** this.#failures++);
      this.#compareAt = clock.monotonic() + pause;
      const { message } = error as Error;
      // What is away is said already.
      if (!troubles.has('folder-away'))
        troubles.begin('comparison-failing', `folder and index could not be compared: ${message}`);
    }
  }

  #tellPassedOver(): void {
    const { passedOver, troubles } = this.#options;
    const { unreadable, unnameable } = passedOver();
    if (unreadable.length === 0) troubles.end('folder-unreadable', 'every folder can be read now');
    else {
      const named = unreadable.slice(0, 3).join(', ');
      const more = unreadable.length > 3 ? ` and ${unreadable.length - 3} more` : '';
      troubles.begin(
        'folder-unreadable',
        `${named}${more} cannot be read: what is in there is passed over, and what is indexed of it stays`,
      );
    }
    if (unnameable.length > 0 && unnameable.length !== this.#toldUnnameable) {
      troubles.note(
        `${unnameable.length} files or folders are passed over, such as ${JSON.stringify(unnameable[0])}: their names ` +
          'are not UTF-8 or have a backslash; "convmv -f latin1 -t utf8" renames the former',
      );
    }
    this.#toldUnnameable = unnameable.length;
  }
}

/** What a promise resolves with, or `undefined` when that takes longer. */
export async function within<T>(promise: Promise<T>, ms: number): Promise<T | undefined> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<undefined>((resolve) => {
    timer = setTimeout(() => resolve(undefined), ms);
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}
