/** Versions for events on one machine: what S3's `sequencer` is on AWS. */

import { listRejections } from '../pictures/ingest/rejections.ts';
import type { Clock } from '../vectorlog/clock.ts';
import { knownKeys } from '../vectorlog/commit/key-states.ts';
import type { ObjectStore } from '../vectorlog/store/object-store.ts';

/** Wall clock milliseconds in the upper bits leave room for a million events in each of them. */
const COUNTER_BITS = 20n;

/** S3 writes sequencers as 18 upper-case hexadecimal digits. */
const DIGITS = 18;

export class Sequencer {
  #last = 0n;

  constructor(private readonly clock: Pick<Clock, 'now'>) {}

  /** A sequencer that sorts after every earlier one, even when the clock was set back in between. */
  next(): string {
    const now = BigInt(this.clock.now()) << COUNTER_BITS;
    this.#last = now > this.#last ? now : this.#last + 1n;
    return this.#last.toString(16).toUpperCase().padStart(DIGITS, '0');
  }

  /** Makes every later sequencer sort after `version`, which an earlier run or another machine gave out. */
  passOver(version: string): void {
    // Versions are aligned on the left; what is past our digits is passed over with the last of them.
    const passed = BigInt(`0x${version.slice(0, DIGITS).padEnd(DIGITS, '0')}`);
    if (passed > this.#last) this.#last = passed;
  }
}

/**
 * Passes over every version that an index knows, those of deleted and of rejected pictures included: after a clock was set
 * back, what is written now must still come after what was deleted, or rejected, then.
 *
 * @param onPicture called with each picture that the index has, and the eTag that it has it with
 */
export async function passOverAll(
  sequencer: Sequencer,
  index: ObjectStore,
  onPicture: (key: string, eTag: string) => void = () => {},
): Promise<void> {
  for await (const { key, state } of knownKeys(index)) {
    if (state.version !== undefined) sequencer.passOver(state.version);
    if (state.state === 'live') onPicture(key, state.eTag);
  }
  for await (const { version } of listRejections(index))
    if (version !== undefined) sequencer.passOver(version);
}
