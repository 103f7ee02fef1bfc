/** Turns "this file may have changed" into the event that S3 would send, or into nothing when it has not. */

import type { Clock } from '../vectorlog/clock.ts';
import type { ObjectStore } from '../vectorlog/store/object-store.ts';
import type { Urgency } from './event-queue.ts';
import { type ObjectChange, s3Event } from './s3-event.ts';
import type { Sequencer } from './sequencer.ts';
import { Signal } from './signal.ts';

export interface FolderEventsOptions {
  /** `head` throws when it cannot tell whether a picture is there. */
  readonly pictures: Pick<ObjectStore, 'head'>;
  readonly sequencer: Sequencer;
  readonly clock: Pick<Clock, 'now'>;
  /** Takes the body of a queue message. */
  readonly send: (body: string, urgency: Urgency) => Promise<void>;
  /** Resolves when the sequencer has passed over all that the index knows. @default at once */
  readonly ready?: Promise<void>;
  /** Resolves when `send` takes a message at once. */
  readonly room?: (urgency: Urgency) => Promise<void>;
  /** How long a picture has to be missed before it is forgotten. @default 1000 */
  readonly secondLookMs?: number;
  /** As long, where many are missed at once. @default 60000 */
  readonly manySecondLookMs?: number;
  /** Called with how many are missed when these are many, and with 0 when they no longer are. */
  readonly onMany?: (missed: number) => void;
}

/** So many missed at once may be a disk that went, or a hand that slipped: this many, or this part of all that are known. */
const MANY = 1_000;
const MANY_PART = 0.2;
/** A part of a few pictures is not many. */
const FEW = 20;

/** Whether an eTag's time is finer than a second: two files of one length can well be of the same second. */
function isFine(eTag: string): boolean {
  const time = /-([0-9a-f]+)$/.exec(eTag)?.[1];
  return time !== undefined && BigInt(`0x${time}`) % 1_000_000_000n !== 0n;
}

export class FolderEvents {
  readonly #options: Required<FolderEventsOptions>;
  /** The eTag of each picture as the last event, or the index, had it. */
  readonly #known = new Map<string, string>();
  /** Pictures that a first look missed, and when. */
  /** By eTag, a picture that was known with it last. */
  readonly #byTag = new Map<string, string>();
  /** Of pictures whose events are on their way: under which key the same file was known. */
  readonly #origins = new Map<string, { readonly eTag: string; readonly key: string }>();
  readonly #missed = new Map<string, { readonly at: number; readonly urgency: Urgency }>();
  readonly #changed = new Signal();
  #last: Promise<void> = Promise.resolve();
  #settling: Promise<void> | undefined;
  #stopping = false;
  #toldMany = false;
  /** When pictures were forgotten, of the last minute. */
  #forgottenAt: number[] = [];
  /** While set, many that are missed at once are forgotten like few. */
  insisted = false;

  constructor(options: FolderEventsOptions) {
    this.#options = {
      secondLookMs: 1_000,
      manySecondLookMs: 60_000,
      onMany: () => {},
      room: async () => {},
      ready: Promise.resolve(),
      ...options,
    };
  }

  /** Takes it that the picture is known with this eTag already. */
  remember(key: string, eTag: string): void {
    this.#known.set(key, eTag);
    this.#byTag.set(eTag, key);
  }

  /**
   * The key that a file of this length and time was known by, when it is not there any more: it was renamed. Both are
   * to the nanosecond; where a file system keeps times in whole seconds, the picture is taken for another one.
   */
  async movedFrom(key: string, eTag: string): Promise<string | undefined> {
    const origin = this.#origins.get(key);
    this.#origins.delete(key);
    if (origin?.eTag !== eTag || !isFine(eTag)) return undefined;
    return (await this.#options.pictures.head(origin.key)) ? undefined : origin.key;
  }

  /** Takes it that the picture is not known. */
  forget(key: string): void {
    const eTag = this.#known.get(key);
    this.#known.delete(key);
    if (eTag !== undefined && this.#byTag.get(eTag) === key) this.#byTag.delete(eTag);
  }

  /** Whether a picture is known whose key begins with `prefix`. */
  knowsAny(prefix: string): boolean {
    if (prefix === '') return this.#known.size > 0;
    for (const key of this.#known.keys()) if (key.startsWith(prefix)) return true;
    return false;
  }

  /**
   * Looks at the file and sends an event if it is not as it was at the last one. May be called at every suspicion. A
   * picture that is not there is looked for once more, after a while, before an event says that it is gone.
   *
   * One after the other, so that a later sequencer always goes with a later look.
   */
  async look(key: string, urgency: Urgency = 'now'): Promise<void> {
    // Out of turn: what may wait for room keeps nobody from looking.
    await this.#options.room(urgency);
    return this.#inTurn(async () => {
      const found = await this.#options.pictures.head(key);
      if (found) return this.#tellFound(key, found, urgency);
      if (!this.#known.has(key) || this.#missed.has(key)) return;
      this.#missed.set(key, { at: this.#options.clock.now(), urgency });
      this.#settling ??= this.#settle();
      this.#changed.notify();
    });
  }

  /** Looks at every picture that is known below a folder. */
  async lookBelow(prefix: string): Promise<void> {
    for (const key of [...this.#known.keys()]) if (key.startsWith(prefix)) await this.look(key);
  }

  /** Whether the picture is known in this state. */
  knows(key: string, eTag?: string): boolean {
    const known = this.#known.get(key);
    return known !== undefined && (eTag === undefined || known === eTag);
  }

  /** Sends the event of a picture that was deleted on purpose, through this server. */
  deleted(key: string): Promise<void> {
    return this.#inTurn(() => this.#tellGone(key, 'now'));
  }

  /** Resolves when no picture waits for its second look. */
  async settled(): Promise<void> {
    await this.#last;
    while (this.#missed.size > 0 && !this.#stopping) await this.#changed.wait();
    await this.#last;
  }

  /** Looks no more; what was missed is found missing at the next start. */
  async stop(): Promise<void> {
    this.#stopping = true;
    this.#changed.notify();
    await this.#settling;
    await this.#last;
  }

  #inTurn(look: () => Promise<void>): Promise<void> {
    const looked = this.#last.then(look);
    this.#last = looked.catch(() => {});
    return looked;
  }

  async #tellFound(key: string, { eTag, size }: { eTag: string; size: number }, urgency: Urgency) {
    if (this.#missed.delete(key)) this.#changed.notify();
    if (eTag === this.#known.get(key)) return;
    const origin = this.#byTag.get(eTag);
    if (origin !== undefined && origin !== key) this.#origins.set(key, { eTag, key: origin });
    else this.#origins.delete(key);
    await this.#send({ kind: 'ObjectCreated:Put', key, eTag, size }, urgency);
    this.remember(key, eTag);
  }

  async #tellGone(key: string, urgency: Urgency): Promise<void> {
    this.#missed.delete(key);
    if (!this.#known.has(key)) return;
    await this.#send({ kind: 'ObjectRemoved:Delete', key }, urgency);
    this.forget(key);
  }

  async #send(change: Omit<ObjectChange, 'sequencer' | 'at'>, urgency: Urgency): Promise<void> {
    const { sequencer, clock, send, ready } = this.#options;
    await ready;
    const event = s3Event({ ...change, sequencer: sequencer.next(), at: clock.now() });
    return send(JSON.stringify(event), urgency);
  }

  /** Looks again at what was missed, when its time has come, until nothing is. */
  async #settle(): Promise<void> {
    while (this.#missed.size > 0 && !this.#stopping) {
      const patience = this.#patienceMs();
      const now = this.#options.clock.now();
      const due = [...this.#missed].filter(([, { at }]) => at + patience <= now || at > now);
      for (const [key, { urgency }] of due) {
        await this.#options.room(urgency);
        if (this.#stopping) break;
        await this.#inTurn(() => this.#lookAgain(key, urgency));
      }
      if (due.length > 0) continue;
      const first = Math.min(...Array.from(this.#missed.values(), ({ at }) => at).slice(0, 1));
      await this.#changed.wait(Math.max(1, first + patience - now));
    }
    this.#settling = undefined;
    this.#tellMany(0);
    this.#changed.notify();
  }

  #patienceMs(): number {
    const { secondLookMs, manySecondLookMs, clock } = this.#options;
    // Those that were forgotten just now count as well: files are missed one after the other.
    this.#forgottenAt = this.#forgottenAt.filter((at) => at > clock.now() - manySecondLookMs);
    const missed = this.#missed.size + this.#forgottenAt.length;
    const many = missed >= MANY || (missed >= FEW && missed >= MANY_PART * this.#known.size);
    const held = many && !this.insisted;
    this.#tellMany(held ? this.#missed.size : 0);
    return held ? manySecondLookMs : secondLookMs;
  }

  #tellMany(missed: number): void {
    if (missed > 0 || this.#toldMany) this.#options.onMany(missed);
    this.#toldMany = missed > 0;
  }

  async #lookAgain(key: string, urgency: Urgency): Promise<void> {
    const missed = this.#missed.get(key);
    if (!missed) return;
    try {
      const found = await this.#options.pictures.head(key);
      if (found) await this.#tellFound(key, found, urgency);
      else {
        await this.#tellGone(key, urgency);
        this.#forgottenAt.push(this.#options.clock.now());
      }
    } catch {
      // Whether it is there cannot be told now: nothing is forgotten, and the next comparison misses it again.
      this.#missed.delete(key);
    }
  }
}
