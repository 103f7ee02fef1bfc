/** What AWS does between the bucket and on-upload: a queue, batches of ten, as many at once as the mapping says, tries, dead letters. */

import type { Account } from './account.ts';
import type { Deployment } from './deployment.ts';

/** Of the deployed queue and its mapping. */
const BATCH = 10;
const AT_ONCE = 5;
const TRIES = 5;

interface Message {
  readonly body: string;
  readonly received: number;
}

export class UploadEvents {
  /** What all tries could not index. */
  readonly deadLetters: string[] = [];
  /** Batches that were refused for want of an execution. */
  refused = 0;
  #waiting: Message[] = [];
  #running = 0;
  #tellDrained = () => {};

  constructor(
    private readonly deployment: Deployment,
    private readonly account: Account,
  ) {}

  /** Takes in a message, as S3 sends it. */
  send(body: string): void {
    this.#waiting.push({ body, received: 0 });
    this.#work();
  }

  /** Resolves when nothing waits and nothing is at work. */
  async drained(): Promise<void> {
    if (this.#waiting.length === 0 && this.#running === 0) return;
    await new Promise<void>((resolve) => {
      this.#tellDrained = resolve;
    });
  }

  #work(): void {
    while (this.#waiting.length > 0 && this.#running < AT_ONCE) {
      const batch = this.#waiting.splice(0, BATCH);
      this.#running++;
      void this.#hand(batch).finally(() => {
        this.#running--;
        this.#work();
      });
    }
    if (this.#running === 0) this.#tellDrained();
  }

  async #hand(batch: readonly Message[]): Promise<void> {
    const received = Math.max(...batch.map((message) => message.received)) + 1;
    let failed: readonly number[];
    try {
      failed = await this.deployment.consume(
        batch.map(({ body }) => body),
        received,
      );
    } catch {
      this.refused++;
      failed = batch.map((_, i) => i);
      // In place of the minutes after which the queue hands them over again.
      await this.account.freed();
    }
    for (const i of failed) {
      const message = { ...batch[i]!, received: batch[i]!.received + 1 };
      if (message.received >= TRIES) this.deadLetters.push(message.body);
      else this.#waiting.push(message);
    }
  }
}
