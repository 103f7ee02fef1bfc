/**
 * Watches of folders, in a thread of their own: beginning one asks the file system and waits for it, and one that does not answer
 * must not hold up who searches meanwhile.
 */

import { Worker } from 'node:worker_threads';

/** Hears of one folder. */
export interface WatchListener {
  /**
   * Called with what something happened to, where the system tells: a name in the folder, or a path below it; `''` is the folder itself,
   * whose watch may have ended with the disk that it is on.
   */
  heard(name: string | null): void;
  /** Called when the watch has failed, and hears no more. */
  failed(): void;
}

/** What is asked of the thread; an answer follows to `path`. */
type Asked = { readonly id: number; readonly path?: string };

/** What is left of an error between threads. */
interface Refusal {
  readonly message: string;
  readonly code: string | undefined;
}

type Told =
  | { readonly id: number; readonly heard: string | null }
  | { readonly id: number; readonly failed: true }
  | { readonly id: number; readonly began: true; readonly error?: Refusal };

/** A complete CommonJS program, so that the thread starts the same from source and from a bundle. */
const PROGRAM = `
const { watch } = require('node:fs');
const { parentPort, workerData: { recursive } } = require('node:worker_threads');
const watchers = new Map();
parentPort.on('message', ({ id, path }) => {
  if (path === undefined) {
    watchers.get(id)?.close();
    watchers.delete(id);
    return;
  }
  try {
    const watcher = watch(path, { recursive }, (_, name) => parentPort.postMessage({ id, heard: name }));
    watcher.on('error', () => parentPort.postMessage({ id, failed: true }));
    watchers.set(id, watcher);
    parentPort.postMessage({ id, began: true });
  } catch ({ message, code }) {
    parentPort.postMessage({ id, began: true, error: { message, code } });
  }
});
`;

export class FolderWatches {
  readonly #worker: Worker;
  readonly #listeners = new Map<number, WatchListener>();
  readonly #beginning = new Map<number, { resolve(): void; reject(error: Error): void }>();
  #last = 0;
  #ended: Error | undefined;

  /** @param recursive whether a watch hears of all that is below its folder, for systems that can */
  constructor(recursive: boolean) {
    // Flags of this process, such as a loader's, are not for the thread: its program is complete.
    this.#worker = new Worker(PROGRAM, { eval: true, execArgv: [], workerData: { recursive } });
    this.#worker.on('message', (told: Told) => {
      if ('heard' in told) this.#listeners.get(told.id)?.heard(told.heard);
      else if ('failed' in told) this.#listeners.get(told.id)?.failed();
      else this.#began(told.id, told.error && Object.assign(new Error(told.error.message), told.error));
    });
    this.#worker.on('error', (error) => this.#end(error));
    this.#worker.on('exit', () => this.#end(new Error('the thread that watches has ended')));
  }

  /**
   * Begins to watch a folder, its path with a slash at the end; resolves with what ends that, when every change from now on is told.
   *
   * @throws what `watch` of node:fs throws: ENOSPC and EMFILE where the system watches no more
   */
  async begin(path: string, listener: WatchListener): Promise<() => void> {
    if (this.#ended) throw this.#ended;
    const id = ++this.#last;
    this.#listeners.set(id, listener);
    const began = new Promise<void>((resolve, reject) => this.#beginning.set(id, { resolve, reject }));
    this.#ask({ id, path });
    await began;
    return () => {
      this.#listeners.delete(id);
      this.#ask({ id });
    };
  }

  /** Ends all; does not wait for a file system that hangs. */
  stop(): void {
    this.#listeners.clear();
    this.#end(new Error('nothing is watched any more'));
    void this.#worker.terminate();
  }

  #ask(asked: Asked): void {
    this.#worker.postMessage(asked);
  }

  #began(id: number, error: Error | undefined): void {
    const waiting = this.#beginning.get(id);
    this.#beginning.delete(id);
    if (error) this.#listeners.delete(id);
    if (error) waiting?.reject(error);
    else waiting?.resolve();
  }

  /** Whatever it ended of: those who wait hear of it, and so does whoever relies on a watch. */
  #end(error: Error): void {
    this.#ended ??= error;
    for (const id of [...this.#beginning.keys()]) this.#began(id, error);
    for (const listener of this.#listeners.values()) listener.failed();
    this.#listeners.clear();
  }
}
