/** The queue between bucket and on-upload, as SQS: at least once, in any order, and a dead-letter queue. */

import { QUEUE_LIMITS } from '../../pictures/ingest/limits.ts';

export interface QueuedMessage {
  readonly id: string;
  readonly body: string;
  /** Which change of the bucket it tells of; `undefined` for a backfill's. */
  readonly about?: { readonly key: string; readonly number: number; readonly eTag: string | undefined };
  visibleAt: number;
  receives: number;
}

export class Queue {
  #messages: QueuedMessage[] = [];
  #deadLetters: QueuedMessage[] = [];
  #sent = 0;

  get length(): number {
    return this.#messages.length;
  }

  send(body: string, visibleAt: number, about?: QueuedMessage['about']): void {
    this.#messages.push({ id: `m${this.#sent++}`, body, visibleAt, receives: 0, ...(about && { about }) });
  }

  /** Up to ten messages, which stay hidden until `hiddenUntil`. */
  receive(now: number, hiddenUntil: number): QueuedMessage[] {
    const batch = this.#messages.filter(({ visibleAt }) => visibleAt <= now).slice(0, QUEUE_LIMITS.batchSize);
    const received: QueuedMessage[] = [];
    for (const message of batch) {
      if (message.receives++ >= QUEUE_LIMITS.maxReceives) {
        this.delete(message.id);
        this.#deadLetters.push(message);
        continue;
      }
      message.visibleAt = hiddenUntil;
      received.push(message);
    }
    return received;
  }

  delete(id: string): void {
    this.#messages = this.#messages.filter((message) => message.id !== id);
  }

  /** What an operator does when the trouble is over. */
  redrive(): void {
    for (const message of this.#deadLetters) message.receives = 0;
    this.#messages.push(...this.#deadLetters);
    this.#deadLetters = [];
  }

  /** Shows all messages at once. */
  hurry(now: number): void {
    for (const message of this.#messages) message.visibleAt = Math.min(message.visibleAt, now);
  }
}
