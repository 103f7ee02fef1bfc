/** A queue in memory that calls a function the way SQS does: in batches, with retries and a dead-letter queue. */

import { randomUUID } from 'node:crypto';
import type { SQSBatchResponse, SQSEvent } from 'aws-lambda';
import { QUEUE_LIMITS } from '../pictures/ingest/limits.ts';
import type { Clock } from '../vectorlog/clock.ts';
import type { Logger } from '../vectorlog/logger.ts';
import { sqsRecord } from './s3-event.ts';
import { Signal } from './signal.ts';

export interface EventQueueOptions {
  readonly handler: (event: SQSEvent) => Promise<SQSBatchResponse>;
  readonly clock: Clock;
  readonly logger: Logger;
  /** How long a batch that is not full waits for more. @default 200, since on one machine a call costs nothing */
  readonly batchWindowMs?: number;
  /** How long a message that failed stays out of sight. @default 5000 */
  readonly visibilityMs?: number;
  /** Messages that wait before `send` waits too: they are small, but a library may have a million pictures. */
  readonly maxWaiting?: number;
}

interface Message {
  readonly id: string;
  readonly body: string;
  readonly sentAt: number;
  firstReceivedAt: number | undefined;
  receiveCount: number;
  visibleAt: number;
}

export class EventQueue {
  readonly #options: Required<EventQueueOptions>;
  readonly #changed = new Signal();
  readonly #dead: string[] = [];
  /** In the order of sending. */
  #waiting: Message[] = [];
  /** Failed, and out of sight for a while. */
  #hidden: Message[] = [];
  #inFlight = 0;
  #stopping = false;
  #running: Promise<void> | undefined;

  constructor(options: EventQueueOptions) {
    this.#options = { batchWindowMs: 200, visibilityMs: 5_000, maxWaiting: 10_000, ...options };
  }

  /** Begins to deliver. */
  start(): void {
    this.#running ??= this.#run();
  }

  /** Messages that are not done: waiting, out of sight, or in the function's hands. */
  get pending(): number {
    return this.#waiting.length + this.#hidden.length + this.#inFlight;
  }

  /** Bodies of the messages that failed for the last time. */
  get deadLetters(): readonly string[] {
    return this.#dead;
  }

  /** Takes a message; resolves when it is in the queue, which may be after a while when the queue is full. */
  async send(body: string): Promise<void> {
    while (this.#waiting.length >= this.#options.maxWaiting && !this.#stopping) await this.#changed.wait();
    const sentAt = this.#options.clock.now();
    this.#waiting.push({
      id: randomUUID(),
      body,
      sentAt,
      firstReceivedAt: undefined,
      receiveCount: 0,
      visibleAt: sentAt,
    });
    this.#changed.notify();
  }

  /** Resolves when every message sent so far is done or dead. */
  async drained(): Promise<void> {
    while (this.pending > 0 && !this.#stopping) await this.#changed.wait();
  }

  /** Lets the batch in hand end and takes up no other; what still waits is forgotten. */
  async stop(): Promise<void> {
    this.#stopping = true;
    this.#changed.notify();
    await this.#running;
  }

  async #run(): Promise<void> {
    while (!this.#stopping) {
      this.#reveal();
      const waitMs = this.#msUntilBatch();
      if (waitMs > 0) await this.#changed.wait(waitMs);
      else await this.#deliver(this.#waiting.splice(0, QUEUE_LIMITS.batchSize));
    }
  }

  /** Puts back what was out of sight long enough. */
  #reveal(): void {
    const now = this.#options.clock.now();
    this.#waiting.push(...this.#hidden.filter((message) => message.visibleAt <= now));
    this.#hidden = this.#hidden.filter((message) => message.visibleAt > now);
  }

  /** 0 when a batch is full or has waited for its window. */
  #msUntilBatch(): number {
    const now = this.#options.clock.now();
    const oldest = this.#waiting[0];
    if (this.#waiting.length >= QUEUE_LIMITS.batchSize) return 0;
    const moments = this.#hidden.map((message) => message.visibleAt);
    if (oldest) moments.push(oldest.visibleAt + this.#options.batchWindowMs);
    return Math.max(0, Math.min(...moments) - now);
  }

  async #deliver(batch: Message[]): Promise<void> {
    this.#inFlight = batch.length;
    const failed = await this.#call(batch);
    this.#inFlight = 0;
    for (const message of batch) {
      if (!failed(message.id)) continue;
      if (message.receiveCount >= QUEUE_LIMITS.maxReceives) this.#bury(message);
      else this.#hide(message);
    }
    this.#changed.notify();
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
    message.visibleAt = this.#options.clock.now() + this.#options.visibilityMs;
    this.#hidden.push(message);
  }

  #bury(message: Message): void {
    this.#dead.push(message.body);
    this.#options.logger.error('an event failed for the last time', { event: message.body });
  }
}
