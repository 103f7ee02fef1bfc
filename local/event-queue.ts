/** A queue in memory that calls a function the way SQS does: in batches, and again when it failed. */

import { randomUUID } from 'node:crypto';
import type { SQSBatchResponse, SQSEvent } from 'aws-lambda';
import { QUEUE_LIMITS } from '../pictures/ingest/limits.ts';
import type { Clock } from '../vectorlog/clock.ts';
import type { Logger } from '../vectorlog/logger.ts';
import { sqsRecord } from './s3-event.ts';
import { Signal } from './signal.ts';

export interface EventQueueOptions {
  readonly handler: (event: SQSEvent) => Promise<SQSBatchResponse>;
  /** Pauses are by the clock that nobody sets; what messages say of their times, by the other. */
  readonly clock: Pick<Clock, 'now' | 'monotonic'>;
  readonly logger: Logger;
  /** How long a batch that is not full waits for more. @default 25: on one machine a call costs nothing, and what comes while it runs makes the next batch */
  readonly batchWindowMs?: number;
  /** How long a message stays out of sight after its first failure; twice as long after each further one. @default 5000 */
  readonly visibilityMs?: number;
  /** Messages that wait before `send` waits too: they are small, but a library may have a million pictures. */
  readonly maxWaiting?: number;
  /**
   * Tries of a message before it is given up.
   *
   * @default Infinity: a full disk is not the fault of the pictures, and nobody redrives a dead-letter queue at home
   */
  readonly maxReceives?: number;
  /** Called after each batch. */
  readonly onBatch?: (outcome: BatchOutcome) => void;
}

export interface BatchOutcome {
  readonly done: number;
  readonly failed: number;
  /** Messages that failed, in this batch or before, and are to be tried again. */
  readonly failing: number;
}

/** How far the work is that began when the queue was last empty. */
export interface Progress {
  readonly done: number;
  readonly total: number;
  /** Over the last half minute. */
  readonly perSecond: number;
}

/** What a message is about: one change that somebody waits for, or one of many found by a comparison. */
export type Urgency = 'now' | 'in-time';

/** What a message takes: a picture to embed, or next to nothing, as what was deleted or renamed does. */
export type Effort = 'embedding' | 'none';

interface Message {
  readonly id: string;
  readonly body: string;
  readonly urgency: Urgency;
  readonly effort: Effort;
  readonly sentAt: number;
  firstReceivedAt: number | undefined;
  receiveCount: number;
  visibleAt: number;
}

/** The longest a message that failed, and the whole queue when nothing succeeds, stays out of sight. */
const LONGEST_HIDDEN_MS = 5 * 60_000;
const LONGEST_PAUSE_MS = 60_000;

/** Messages of a batch where they take no embedding: each batch is one append, whatever is in it. 4 MiB of embeddings. */
const LARGEST_BATCH = 500;

/** The queue's first pause after a batch of which nothing succeeded. */
const FIRST_PAUSE_MS = 1_000;

const RATE_WINDOW_MS = 30_000;

export class EventQueue {
  readonly #options: Required<EventQueueOptions>;
  readonly #changed = new Signal();
  readonly #dead: string[] = [];
  /** In the order of sending. */
  readonly #waiting: Record<Urgency, Message[]> = { now: [], 'in-time': [] };
  /** Failed, and out of sight for a while. */
  #hidden: Message[] = [];
  #inFlight = 0;
  #stopping = false;
  #running: Promise<void> | undefined;
  /** Batches in a row of which nothing succeeded, and until when the queue rests because of them. */
  #allFailed = 0;
  #restUntil = 0;
  #done = 0;
  #total = 0;
  /** When how many were done, of the last half minute. */
  #samples: { readonly at: number; readonly done: number }[] = [];

  constructor(options: EventQueueOptions) {
    this.#options = {
      batchWindowMs: 25,
      visibilityMs: 5_000,
      maxWaiting: 10_000,
      maxReceives: Number.POSITIVE_INFINITY,
      onBatch: () => {},
      ...options,
    };
  }

  /** Begins to deliver. */
  start(): void {
    this.#running ??= this.#run();
  }

  /** Messages that are not done: waiting, out of sight, or in the function's hands. */
  get pending(): number {
    const { now, 'in-time': inTime } = this.#waiting;
    return now.length + inTime.length + this.#hidden.length + this.#inFlight;
  }

  /** Messages that failed and are to be tried again. */
  get failing(): number {
    return this.#hidden.length;
  }

  /** Bodies of the messages that were given up. */
  get deadLetters(): readonly string[] {
    return this.#dead;
  }

  /** `undefined` when nothing waits. */
  get progress(): Progress | undefined {
    if (this.pending === 0) return undefined;
    const first = this.#samples.find(({ at }) => at >= this.#options.clock.monotonic() - RATE_WINDOW_MS);
    const seconds = first ? (this.#options.clock.monotonic() - first.at) / 1_000 : 0;
    const perSecond = first && seconds > 0 ? (this.#done - first.done) / seconds : 0;
    return { done: this.#done, total: this.#total, perSecond: Math.round(perSecond * 10) / 10 };
  }

  /**
   * Takes a message; resolves when it is in the queue, which may be after a while when the queue is full.
   *
   * @param urgency those that are to be done `now` pass those that may be done `in-time`
   * @param effort those that take no embedding go in large batches
   */
  async send(body: string, urgency: Urgency = 'now', effort: Effort = 'embedding'): Promise<void> {
    const line = this.#waiting[urgency];
    await this.room(urgency);
    const { clock } = this.#options;
    const now = clock.monotonic();
    if (this.pending === 0) this.#begin(now);
    this.#total++;
    line.push({
      id: randomUUID(),
      body,
      urgency,
      effort,
      sentAt: clock.now(),
      firstReceivedAt: undefined,
      receiveCount: 0,
      visibleAt: now,
    });
    // A new message may fare better than those that failed, and nobody is to wait a minute to learn it.
    if (urgency === 'now') this.#restUntil = Math.min(this.#restUntil, now + FIRST_PAUSE_MS);
    this.#changed.notify();
  }

  /** Resolves when there is room for so many messages, or none is taken any more. */
  async room(urgency: Urgency, places = 1): Promise<void> {
    const line = this.#waiting[urgency];
    while (line.length + places > this.#options.maxWaiting && !this.#stopping) await this.#changed.wait();
  }

  /** Messages that wait to be done now. */
  get urgent(): number {
    return this.#waiting.now.length;
  }

  /** Resolves when every message sent so far is done or given up. */
  async drained(): Promise<void> {
    while (this.pending > 0 && !this.#stopping) await this.#changed.wait();
  }

  /** Tries at once what failed before: whoever calls this knows that something is different now. */
  retryNow(): void {
    this.#restUntil = 0;
    for (const message of this.#hidden) message.visibleAt = 0;
    this.#changed.notify();
  }

  /** Lets the batch in hand end and takes up no other; what still waits is forgotten. */
  async stop(): Promise<void> {
    this.#stopping = true;
    this.#changed.notify();
    await this.#running;
  }

  #begin(now: number): void {
    this.#done = 0;
    this.#total = 0;
    this.#samples = [{ at: now, done: 0 }];
  }

  async #run(): Promise<void> {
    while (!this.#stopping) {
      this.#reveal();
      const waitMs = this.#msUntilBatch();
      if (waitMs > 0) await this.#changed.wait(waitMs);
      else await this.#deliver(this.#nextBatch());
    }
  }

  #nextBatch(): Message[] {
    const batch: Message[] = [];
    let toEmbed = 0;
    for (const line of [this.#waiting.now, this.#waiting['in-time']]) {
      let taken = 0;
      for (const message of line) {
        const embeds = message.effort === 'embedding';
        if (batch.length === LARGEST_BATCH || (embeds && toEmbed === QUEUE_LIMITS.batchSize)) break;
        if (embeds) toEmbed++;
        batch.push(message);
        taken++;
      }
      line.splice(0, taken);
    }
    return batch;
  }

  /** Puts back what was out of sight long enough. */
  #reveal(): void {
    const now = this.#options.clock.monotonic();
    for (const message of this.#hidden)
      if (message.visibleAt <= now) this.#waiting[message.urgency].push(message);
    this.#hidden = this.#hidden.filter((message) => message.visibleAt > now);
  }

  /** 0 when a batch is full or has waited for its window, and the queue does not rest. */
  #msUntilBatch(): number {
    const now = this.#options.clock.monotonic();
    const { now: urgent, 'in-time': inTime } = this.#waiting;
    const waiting = urgent.length + inTime.length;
    const rest = waiting > 0 ? Math.max(0, this.#restUntil - now) : 0;
    if (waiting >= QUEUE_LIMITS.batchSize) return rest;
    const oldest = [urgent[0], inTime[0]].filter((message) => message !== undefined);
    const moments = oldest.map((message) => message.visibleAt + this.#options.batchWindowMs);
    moments.push(...this.#hidden.map((message) => message.visibleAt));
    const next = moments.reduce((least, moment) => Math.min(least, moment), Number.POSITIVE_INFINITY);
    return Math.max(rest, next - now);
  }

  async #deliver(batch: Message[]): Promise<void> {
    this.#inFlight = batch.length;
    const isFailed = await this.#call(batch);
    this.#inFlight = 0;
    const failed = batch.filter((message) => isFailed(message.id));
    for (const message of failed) {
      if (message.receiveCount >= this.#options.maxReceives) this.#bury(message);
      else this.#hide(message);
    }
    const done = batch.length - failed.length;
    this.#count(done);
    if (done > 0) this.#succeeded();
    else this.#rest();
    this.#options.onBatch({ done, failed: failed.length, failing: this.#hidden.length });
    this.#changed.notify();
  }

  #count(done: number): void {
    const now = this.#options.clock.monotonic();
    this.#done += done;
    this.#samples = this.#samples.filter(({ at }) => at >= now - RATE_WINDOW_MS);
    this.#samples.push({ at: now, done: this.#done });
  }

  /** When nothing succeeded before, what failed then is worth a try at once. */
  #succeeded(): void {
    if (this.#allFailed > 1) this.retryNow();
    this.#allFailed = 0;
  }

  /** Where nothing succeeds, the store is at fault: no other picture is embedded in vain for a while. */
  #rest(): void {
    const pause = Math.min(LONGEST_PAUSE_MS, FIRST_PAUSE_MS * 2 ** this.#allFailed++);
    this.#restUntil = this.#options.clock.monotonic() + pause;
  }

  /** Calls the function; tells which messages it did not acknowledge: all of them when it threw. */
  async #call(batch: readonly Message[]): Promise<(id: string) => boolean> {
    const records = batch.map((message) => {
      message.receiveCount += 1;
      message.firstReceivedAt ??= this.#options.clock.now();
      return sqsRecord({ ...message, firstReceivedAt: message.firstReceivedAt });
    });
    try {
      const { batchItemFailures } = await this.#options.handler({ Records: records });
      const failed = new Set(batchItemFailures.map((failure) => failure.itemIdentifier));
      return (id) => failed.has(id);
    } catch (error) {
      this.#options.logger.error('a batch of events failed', { error });
      return () => true;
    }
  }

  #hide(message: Message): void {
    const { clock, visibilityMs } = this.#options;
    const hidden = Math.min(LONGEST_HIDDEN_MS, visibilityMs * 2 ** (message.receiveCount - 1));
    message.visibleAt = clock.monotonic() + hidden;
    this.#hidden.push(message);
  }

  #bury(message: Message): void {
    this.#dead.push(message.body);
    this.#options.logger.error('an event failed for the last time', { event: message.body });
  }
}
