/** The bucket of the simulation: pictures come, change and go, and events tell of it, late, twice or not at all. */

import { ObjectNotFound, PreconditionFailed } from '../../vectorlog/store/errors.ts';
import type { ObjectStore } from '../../vectorlog/store/object-store.ts';
import { ObservedStore } from '../../vectorlog/testing/observed-store.ts';
import type { Random } from '../../vectorlog/testing/random.ts';
import type { Scheduler } from '../../vectorlog/testing/scheduler.ts';
import type { Truth } from '../../vectorlog/testing/truth.ts';
import { s3Event } from '../factories/s3-events.ts';
import { contentOf, isBad } from './pictures.ts';
import type { Queue } from './queue.ts';

const SECOND = 1_000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;

/** What an event of a deletion is called, of a key or of a version of it. */
const REMOVED = 'ObjectRemoved:Delete';

/** The eTag of an event that says only that there was a change: what is found then is what it is about. */
const WHATEVER = 'whatever';

export interface BucketOptions {
  readonly scheduler: Scheduler;
  readonly random: Random;
  readonly truth: Truth;
  readonly queue: Queue;
  readonly keepsVersions: boolean;
  readonly losesEvents: () => boolean;
}

export class Bucket {
  readonly store: ObservedStore;
  /** What a picture is of, by its eTag. */
  readonly contents = new Map<string, number>();
  /** The contents of the versions of each key, the oldest first, where they are kept. */
  readonly #versions: Map<string, number[]> | undefined;

  constructor(private readonly options: BucketOptions) {
    this.store = new ObservedStore({ now: () => options.scheduler.now }, () => {});
    this.#versions = options.keepsVersions ? new Map() : undefined;
  }

  get keepsVersions(): boolean {
    return this.#versions !== undefined;
  }

  /** Someone who uploads, replaces and deletes pictures. */
  async change(): Promise<void> {
    const random = this.options.random;
    const keys = Array.from({ length: 3 + random.int(8) }, (_, i) => `picture ${i}`);
    const pause = random.pick([20, 60, 120]) * SECOND;
    for (let i = 20 + random.int(50); i > 0; i--) {
      await this.options.scheduler.sleep(
        random.chance(0.02) ? random.between(0, 3 * HOUR) : random.between(0, 2 * pause),
      );
      const key = random.pick(keys);
      const isThere = this.store.objects.has(key);
      if (this.#versions && random.chance(0.3) && (await this.#endVersion(key, isThere))) continue;
      if (isThere && random.chance(0.4)) await this.#delete(key);
      else await this.put(key, random.chance(0.1) ? -1 - random.int(3) : random.int(12));
    }
  }

  async put(key: string, content: number): Promise<void> {
    const { eTag } = await this.store.put(key, contentOf(content));
    this.contents.set(eTag, content);
    this.#versions?.set(key, [...(this.#versions.get(key) ?? []), content]);
    const number = this.options.truth.happened(key, isBad(content) ? undefined : eTag, isBad(content));
    this.#notify({ eventName: 'ObjectCreated:Put', key, number, eTag });
  }

  async #delete(key: string): Promise<void> {
    await this.store.delete([key]);
    const number = this.options.truth.happened(key, undefined, false);
    const eventName = this.#versions ? 'ObjectRemoved:DeleteMarkerCreated' : REMOVED;
    this.#notify({ eventName, key, number, eTag: undefined });
  }

  /**
   * A version is deleted for good: an old one of a picture that is there, which changes nothing, the newest one, which brings
   * the one before it back, or the marker of a deletion, which brings the picture back. The events of all look alike, and tell
   * none; those of a bucket that has stopped keeping versions do not even say that there are any.
   *
   * @returns `false` when the key has no such version
   */
  async #endVersion(key: string, isThere: boolean): Promise<boolean> {
    const { random, truth } = this.options;
    const versions = this.#versions?.get(key) ?? [];
    if (versions.length < (isThere ? 2 : 1)) return false;
    const newest = versions.at(-1)!;
    if (isThere) versions.splice(random.int(versions.length), 1);
    const content = versions.at(-1)!;
    if (!isThere || content !== newest) await this.store.put(key, contentOf(content));
    const { eTag } = (await this.store.head(key))!;
    const number = truth.happened(key, isBad(content) ? undefined : eTag, isBad(content));
    const versionId = random.chance(0.5) ? { versionId: 'a version' } : {};
    this.#notify({ eventName: REMOVED, key, number, eTag: undefined, ...versionId });
    return true;
  }

  /** Tells of a change: sometimes late, sometimes twice, and in bad times not at all. */
  #notify({
    eventName,
    key,
    number,
    eTag,
    versionId,
  }: {
    eventName: string;
    key: string;
    number: number;
    eTag: string | undefined;
    versionId?: string;
  }): void {
    const random = this.options.random;
    if (this.options.losesEvents() && random.chance(0.03)) return;
    // Aligned on the left and of any length, as those of S3 are.
    const sequencer = (number * 37).toString(16).toUpperCase().padStart(6, '0').replace(/0+$/, '');
    const event = {
      eventName,
      key,
      sequencer,
      ...(eTag && { eTag, size: 2 }),
      ...(versionId && { versionId }),
    };
    const body = JSON.stringify(s3Event(event));
    const about = { key, number, eTag: eventName === REMOVED ? WHATEVER : eTag };
    do {
      const longest = random.pick([5 * SECOND, 5 * SECOND, 5 * SECOND, 10 * MINUTE, 3 * HOUR]);
      this.options.queue.send(body, this.options.scheduler.now + random.between(0, longest), about);
    } while (random.chance(0.15));
  }

  /** The bucket, noting which pictures were asked for and not there. */
  noting(gone: Set<string>): ObjectStore {
    const pictures = this.store;
    return Object.assign(Object.create(pictures) as ObjectStore, {
      get: async (key: string, options: { ifMatch?: string } = {}) => {
        try {
          return await pictures.get(key, options);
        } catch (error) {
          if (error instanceof ObjectNotFound || error instanceof PreconditionFailed)
            for (const eTag of [options.ifMatch, WHATEVER]) gone.add(`${eTag} ${key}`);
          throw error;
        }
      },
      list: pictures.list,
    });
  }
}
