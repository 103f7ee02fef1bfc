/** Turns "this file may have changed" into the event that S3 would send, or into nothing when it has not. */

import type { Clock } from '../vectorlog/clock.ts';
import type { ObjectStore } from '../vectorlog/store/object-store.ts';
import { type ObjectChange, s3Event } from './s3-event.ts';
import type { Sequencer } from './sequencer.ts';

export interface FolderEventsOptions {
  readonly pictures: Pick<ObjectStore, 'head'>;
  readonly sequencer: Sequencer;
  readonly clock: Pick<Clock, 'now'>;
  /** Takes the body of a queue message. */
  readonly send: (body: string) => Promise<void>;
}

export class FolderEvents {
  /** The eTag of each picture as the last event, or the index, had it. */
  readonly #known = new Map<string, string>();
  #last: Promise<void> = Promise.resolve();

  constructor(private readonly options: FolderEventsOptions) {}

  /** Takes it that the picture is known with this eTag already. */
  remember(key: string, eTag: string): void {
    this.#known.set(key, eTag);
  }

  /**
   * Looks at the file and sends an event if it is not as it was at the last one. May be called at every suspicion.
   * One after the other, so that a later sequencer always goes with a later look.
   */
  look(key: string): Promise<void> {
    const looked = this.#last.then(() => this.#look(key));
    this.#last = looked.catch(() => {});
    return looked;
  }

  async #look(key: string): Promise<void> {
    const found = await this.options.pictures.head(key);
    if (found?.eTag === this.#known.get(key)) return;
    if (found) {
      await this.#send({ kind: 'ObjectCreated:Put', key, eTag: found.eTag, size: found.size });
      this.#known.set(key, found.eTag);
    } else {
      await this.#send({ kind: 'ObjectRemoved:Delete', key });
      this.#known.delete(key);
    }
  }

  #send(change: Omit<ObjectChange, 'sequencer' | 'at'>): Promise<void> {
    const { sequencer, clock, send } = this.options;
    return send(JSON.stringify(s3Event({ ...change, sequencer: sequencer.next(), at: clock.now() })));
  }
}
