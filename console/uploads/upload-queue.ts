/** Sends many files to the library a few at a time, tries again what failed by chance, and follows each until it is found. */

/** What became of one file, in this order; the last five are ends. */
export type UploadState =
  | { readonly step: 'waiting' }
  | { readonly step: 'sending'; readonly sent: number }
  /** It is in the bucket; the index follows. */
  | { readonly step: 'indexing' }
  | { readonly step: 'done' }
  /** A picture of that name is there already; nothing was sent. */
  | { readonly step: 'exists' }
  /** It can never become a search result; `reason` says why. */
  | { readonly step: 'refused'; readonly reason: string }
  /** Trying again may help; `reason` says what went wrong. */
  | { readonly step: 'failed'; readonly reason: string }
  /** Someone stopped it before it was sent. */
  | { readonly step: 'cancelled' };

export interface Upload {
  readonly id: number;
  readonly key: string;
  readonly file: File;
  readonly metadata: Readonly<Record<string, string>>;
  readonly state: UploadState;
}

/** What the library knows of a key. */
export interface Known {
  readonly state: 'absent' | 'pending' | 'indexed' | 'rejected';
  readonly reason?: string;
}

/** What the queue needs of the server. */
export interface UploadServer {
  /** What the library knows of some keys, 100 at the most, in their order. */
  statesOf(keys: readonly string[]): Promise<readonly Known[]>;
  /** Sends the bytes. @throws UploadRefused for what will never work, anything else for what may work later */
  send(upload: Upload, onSent: (bytes: number) => void, signal: AbortSignal): Promise<void>;
}

/** The server will not have this file, however often it is sent. */
export class UploadRefused extends Error {
  override readonly name = 'UploadRefused';
}

export interface QueueOptions {
  /** Files that are sent at the same time. */
  readonly concurrency?: number;
  /** Tries of one file before it counts as failed. */
  readonly tries?: number;
  readonly sleep?: (ms: number) => Promise<void>;
}

/** Files that are asked for in one request; the API takes no more. */
const ASKED_AT_ONCE = 100;
const WATCH_EVERY_MS = 300;
const WATCH_AT_MOST_EVERY_MS = 4_000;
const RETRY_AFTER_MS = 1_000;

const ENDS = new Set<UploadState['step']>(['done', 'exists', 'refused', 'failed', 'cancelled']);

export class UploadQueue {
  private readonly uploads = new Map<number, Upload>();
  /** Ids of the files whose turn is to come. */
  private waiting: number[] = [];
  /** Ids of the files that may be sent: their names are free, or someone said to replace what has them. */
  private readonly cleared = new Set<number>();
  /** What the library had under the names of files that wait, by id: asked for many at once, before their turn. */
  private readonly before = new Map<number, Promise<Known>>();
  /** Ends what is being sent, by id. */
  private readonly aborts = new Map<number, AbortController>();
  private readonly listeners = new Set<() => void>();
  private nextId = 1;
  private sending = 0;
  private watching = false;

  constructor(
    private readonly server: UploadServer,
    private readonly options: QueueOptions = {},
  ) {}

  /** All files of this visit in the order they were added. A new array after each change. */
  list(): readonly Upload[] {
    return [...this.uploads.values()];
  }

  /** Calls `listener` after each change; returns what ends that. */
  subscribe(listener: () => void): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  add(
    files: readonly { readonly key: string; readonly file: File }[],
    metadata: Upload['metadata'] = {},
  ): void {
    for (const { key, file } of files) {
      const id = this.nextId++;
      this.uploads.set(id, { id, key, file, metadata, state: { step: 'waiting' } });
      this.waiting.push(id);
    }
    this.changed();
    this.pump();
  }

  /** Notes a file that was never going to be a picture. */
  refuse(key: string, file: File, reason: string): void {
    const id = this.nextId++;
    this.uploads.set(id, { id, key, file, metadata: {}, state: { step: 'refused', reason } });
    this.changed();
  }

  /** Sends failed files again: all of them, or one. */
  retry(id?: number): void {
    for (const upload of this.uploads.values()) {
      if (upload.state.step === 'failed' && (id === undefined || id === upload.id)) {
        this.await(upload.id);
      }
    }
    this.pump();
  }

  /** Sends files although pictures of their names are there: all such files, or one. */
  replace(id?: number): void {
    for (const upload of this.uploads.values()) {
      if (upload.state.step === 'exists' && (id === undefined || id === upload.id)) {
        this.cleared.add(upload.id);
        this.await(upload.id);
      }
    }
    this.pump();
  }

  /** Stops what waits and what is being sent: all of it, or one. What has arrived stays. */
  cancel(id?: number): void {
    for (const upload of this.uploads.values()) {
      const { step } = upload.state;
      if ((step !== 'waiting' && step !== 'sending') || (id !== undefined && id !== upload.id)) continue;
      this.waiting = this.waiting.filter((each) => each !== upload.id);
      this.set(upload.id, { step: 'cancelled' });
      this.aborts.get(upload.id)?.abort();
    }
  }

  /** Forgets what has ended. */
  clear(): void {
    for (const { id, state } of this.uploads.values()) if (ENDS.has(state.step)) this.uploads.delete(id);
    this.changed();
  }

  private await(id: number): void {
    this.waiting.push(id);
    this.set(id, { step: 'waiting' });
  }

  private pump(): void {
    const { concurrency = 4 } = this.options;
    while (this.sending < concurrency) {
      const id = this.waiting.shift();
      if (id === undefined) return;
      this.sending += 1;
      this.set(id, { step: 'sending', sent: 0 });
      this.transfer(id).finally(() => {
        this.sending -= 1;
        this.pump();
      });
    }
  }

  private async transfer(id: number): Promise<void> {
    const { tries = 3, sleep = pause } = this.options;
    const abort = new AbortController();
    this.aborts.set(id, abort);
    for (let attempt = 1; ; attempt += 1) {
      try {
        const state = await this.sendOnce(id, abort.signal);
        // What arrived before it could be stopped is there: saying otherwise would be wrong.
        this.set(id, state);
        this.watch();
        return;
      } catch (error) {
        if (abort.signal.aborted) return;
        const reason = error instanceof Error ? error.message : String(error);
        if (error instanceof UploadRefused) return this.set(id, { step: 'refused', reason });
        if (attempt >= tries) return this.set(id, { step: 'failed', reason });
        this.set(id, { step: 'sending', sent: 0 });
        await sleep(RETRY_AFTER_MS * 2 ** (attempt - 1));
        if (abort.signal.aborted) return;
      }
    }
  }

  private async sendOnce(id: number, signal: AbortSignal): Promise<UploadState> {
    const upload = this.uploads.get(id)!;
    if (!this.cleared.has(id)) {
      const { state } = await this.knownBefore(upload);
      signal.throwIfAborted();
      if (state === 'indexed' || state === 'pending') return { step: 'exists' };
      // Asked once: a second try may find what the first one sent before its connection broke.
      this.cleared.add(id);
    }
    await this.server.send(
      upload,
      (sent) => !signal.aborted && this.set(id, { step: 'sending', sent }),
      signal,
    );
    return { step: 'indexing' };
  }

  /** What the library had under the name of a file, and with the same request under those of the files behind it. */
  private async knownBefore(upload: Upload): Promise<Known> {
    if (!this.before.has(upload.id)) {
      const next = this.waiting.filter((id) => !this.cleared.has(id) && !this.before.has(id));
      const asked = [upload, ...next.slice(0, ASKED_AT_ONCE - 1).map((id) => this.uploads.get(id)!)];
      const answer = this.server.statesOf(asked.map(({ key }) => key));
      // Each is awaited when its turn comes; a failure before that must not count as unhandled.
      answer.catch(() => {});
      for (const [i, { id }] of asked.entries()) {
        const known = answer.then((states) => states[i]!);
        known.catch(() => {});
        this.before.set(id, known);
      }
    }
    try {
      return await this.before.get(upload.id)!;
    } finally {
      // Another try asks again.
      this.before.delete(upload.id);
    }
  }

  /**
   * Asks in turn for the files that are on their way until none is left; less often while nothing changes. One whose event
   * is lost keeps no other from being asked for.
   */
  private async watch(): Promise<void> {
    if (this.watching) return;
    this.watching = true;
    const { sleep = pause } = this.options;
    let every = WATCH_EVERY_MS;
    const askedLast = new Map<number, number>();
    for (let round = 1; ; round++) {
      const underway = this.list().filter(({ state }) => state.step === 'indexing');
      if (underway.length === 0) break;
      const inTurn = underway.sort((a, b) => (askedLast.get(a.id) ?? 0) - (askedLast.get(b.id) ?? 0));
      const asked = inTurn.slice(0, ASKED_AT_ONCE);
      for (const { id } of asked) askedLast.set(id, round);
      // A server that does not answer is asked again later.
      const states = await this.server.statesOf(asked.map(({ key }) => key)).catch(() => []);
      const arrived = asked.map(({ id }, i) => this.settle(id, states[i]));
      if (arrived.every(Boolean)) continue;
      every = arrived.some(Boolean) ? WATCH_EVERY_MS : Math.min(every * 1.5, WATCH_AT_MOST_EVERY_MS);
      await sleep(every);
    }
    this.watching = false;
  }

  /** Whether the file has arrived, for better or worse. */
  private settle(id: number, now: Known | undefined): boolean {
    if (now?.state === 'indexed') this.set(id, { step: 'done' });
    else if (now?.state === 'rejected')
      this.set(id, { step: 'refused', reason: now.reason ?? 'It cannot be indexed.' });
    else return false;
    return true;
  }

  private set(id: number, state: UploadState): void {
    const upload = this.uploads.get(id);
    if (!upload) return;
    this.uploads.set(id, { ...upload, state });
    this.changed();
  }

  private changed(): void {
    for (const listener of this.listeners) listener();
  }
}

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));
