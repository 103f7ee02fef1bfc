/** Turns "this file may have changed" into the event that S3 would send, or into nothing when it has not. */

import type { Clock } from '../vectorlog/clock.ts';
import { Limiter, mapInParallel } from '../vectorlog/parallel.ts';
import type { ObjectStore } from '../vectorlog/store/object-store.ts';
import type { Effort, Urgency } from './event-queue.ts';
import { type ObjectChange, s3Event } from './s3-event.ts';
import type { Sequencer } from './sequencer.ts';
import { Signal } from './signal.ts';

export interface FolderEventsOptions {
  /** `head` throws when it cannot tell whether a picture is there. */
  readonly pictures: Pick<ObjectStore, 'head'>;
  readonly sequencer: Sequencer;
  readonly clock: Pick<Clock, 'now' | 'monotonic'>;
  /** Takes the body of a queue message. */
  readonly send: (body: string, urgency: Urgency, effort: Effort) => Promise<void>;
  /** Resolves when the sequencer has passed over all that the index knows, and that is remembered here. @default at once */
  readonly ready?: Promise<void>;
  /** Resolves when `send` takes so many messages at once. */
  readonly room?: (urgency: Urgency, places: number) => Promise<void>;
  /** How long a picture has to be missed before it is forgotten. @default 1000 */
  readonly secondLookMs?: number;
  /** As long, where many are missed at once. @default 60000 */
  readonly manySecondLookMs?: number;
  /** Called with how many are missed when these are many, and with 0 when they no longer are. */
  readonly onMany?: (missed: number) => void;
  /** Whether folders are being walked that may have what is missed under another name. @default none are */
  readonly isSearching?: () => boolean;
}

/** A picture that a look did not find. */
interface Missed {
  readonly at: number;
  urgency: Urgency;
  /** It is there under another name: that is no disk that went. */
  moved: boolean;
}

/** One that is to be looked at. */
interface Asked {
  readonly key: string;
  readonly urgency: Urgency;
  readonly done: () => void;
  readonly failed: (error: unknown) => void;
}

type Seen = { readonly eTag: string; readonly size: number } | undefined;

/** Pictures that are looked at side by side, and before the next ones have their turn. */
const LOOKS_AT_ONCE = 16;
const LOOKS_IN_TURN = 256;

/** So many missed at once may be a disk that went, or a hand that slipped: this many, or this part of all that are known. */
const MANY = 1_000;
const MANY_PART = 0.2;
/** A part of a few pictures is not many. */
const FEW = 20;

const SEVERAL = Symbol('several pictures');

/** Whether an eTag's time is finer than a second: two files of one length can well be of the same second. */
function isFine(eTag: string): boolean {
  const time = /-([0-9a-f]+)$/.exec(eTag)?.[1];
  return time !== undefined && BigInt(`0x${time}`) % 1_000_000_000n !== 0n;
}

export class FolderEvents {
  readonly #options: Required<FolderEventsOptions>;
  /** The eTag of each picture as the last event, or the index, had it. */
  readonly #known = new Map<string, string>();
  /**
   * By eTag, the picture that is known with it. Several may be: clocks of file systems tick some hundred times a second,
   * and what is written within a tick has one time. Then nobody can tell which of them a file was that has it.
   */
  readonly #byTag = new Map<string, string | typeof SEVERAL>();
  /** Of pictures that were renamed: under which key the same file was known. */
  readonly #origins = new Map<string, { readonly eTag: string; readonly key: string }>();
  /** Pictures that a first look missed. */
  readonly #missed = new Map<string, Missed>();
  #asked: Asked[] = [];
  /** What may wait is asked for in portions, so that what may not is never behind much of it. */
  readonly #inTime = new Limiter(LOOKS_IN_TURN);
  readonly #changed = new Signal();
  #last: Promise<void>;
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
      isSearching: () => false,
      ...options,
    };
    this.#last = this.#options.ready;
  }

  /** Takes it that the picture is known with this eTag already. */
  remember(key: string, eTag: string): void {
    this.#known.set(key, eTag);
    const before = this.#byTag.get(eTag);
    // Of a file that was renamed, the name before is on its way out.
    const isOne = before === undefined || before === key || this.movedFrom(key, eTag) === before;
    this.#byTag.set(eTag, isOne ? key : SEVERAL);
  }

  /** Whether some picture is known in this state, under whatever name. */
  knowsState(eTag: string): boolean {
    return this.#byTag.has(eTag) && isFine(eTag);
  }

  /**
   * The key that a file of this length and time was known by before it was renamed. Both are to the nanosecond; where a
   * file system keeps times in whole seconds, the picture is taken for another one.
   */
  movedFrom(key: string, eTag: string): string | undefined {
    const origin = this.#origins.get(key);
    return origin?.eTag === eTag ? origin.key : undefined;
  }

  /** Takes it that the picture is not known. */
  forget(key: string): void {
    const eTag = this.#known.get(key);
    this.#known.delete(key);
    this.#origins.delete(key);
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
  look(key: string, urgency: Urgency = 'now'): Promise<void> {
    const look = async () => {
      // Out of turn: what may wait for room keeps nobody from looking.
      await this.#options.room(urgency, LOOKS_IN_TURN);
      await new Promise<void>((done, failed) => {
        this.#asked.push({ key, urgency, done, failed });
        if (this.#asked.length === 1) void this.#inTurn(() => this.#lookAtAsked());
      });
    };
    return urgency === 'now' ? look() : this.#inTime.run(look);
  }

  /** Looks at every picture that is known below a folder. */
  async lookBelow(prefix: string): Promise<void> {
    const below = [...this.#known.keys()].filter((key) => key.startsWith(prefix));
    await Promise.all(below.map((key) => this.look(key)));
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

  /** Looks at those that were asked for by now, side by side, and tells of them in their order. */
  async #lookAtAsked(): Promise<void> {
    const asked = this.#asked.splice(0, LOOKS_IN_TURN);
    if (this.#asked.length > 0) void this.#inTurn(() => this.#lookAtAsked());
    const seen = await this.#lookAt(asked.map(({ key }) => key));
    for (const [i, { key, urgency, done, failed }] of asked.entries()) {
      try {
        const found = seen[i]!();
        if (found) await this.#tellFound(key, found, urgency);
        else if (this.#known.has(key)) this.#miss(key, urgency, false);
        done();
      } catch (error) {
        failed(error);
      }
    }
  }

  /** What is there of each, or the error of looking. */
  #lookAt(keys: readonly string[]): Promise<(() => Seen)[]> {
    return mapInParallel(LOOKS_AT_ONCE, keys, async (key) => {
      try {
        const found = await this.#options.pictures.head(key);
        return () => found;
      } catch (error) {
        return () => {
          throw error;
        };
      }
    });
  }

  #miss(key: string, urgency: Urgency, moved: boolean): void {
    const missed = this.#missed.get(key);
    if (!missed) this.#missed.set(key, { at: this.#options.clock.monotonic(), urgency, moved });
    else if (moved) {
      missed.moved = true;
      // Not before its new name is taken in, which needs the embedding of this one.
      missed.urgency = urgency;
    }
    this.#settling ??= this.#settle();
    this.#changed.notify();
  }

  async #tellFound(key: string, { eTag, size }: NonNullable<Seen>, urgency: Urgency): Promise<void> {
    if (this.#missed.delete(key)) this.#changed.notify();
    if (eTag === this.#known.get(key)) return;
    const origin = await this.#originOf(key, eTag);
    if (origin === undefined) this.#origins.delete(key);
    else this.#origins.set(key, { eTag, key: origin });
    const effort = origin === undefined ? 'embedding' : 'none';
    await this.#send({ kind: 'ObjectCreated:Put', key, eTag, size }, urgency, effort);
    this.remember(key, eTag);
    if (origin !== undefined) this.#miss(origin, urgency, true);
  }

  /** The name that a file had before, when it has that no longer. */
  async #originOf(key: string, eTag: string): Promise<string | undefined> {
    const origin = this.#byTag.get(eTag);
    if (origin === undefined || origin === SEVERAL || origin === key || !isFine(eTag)) return undefined;
    return this.#missed.has(origin) || !(await this.#options.pictures.head(origin)) ? origin : undefined;
  }

  async #tellGone(key: string, urgency: Urgency): Promise<void> {
    this.#missed.delete(key);
    if (!this.#known.has(key)) return;
    await this.#send({ kind: 'ObjectRemoved:Delete', key }, urgency, 'none');
    this.forget(key);
  }

  async #send(
    change: Omit<ObjectChange, 'sequencer' | 'at'>,
    urgency: Urgency,
    effort: Effort,
  ): Promise<void> {
    const { sequencer, clock, send } = this.#options;
    const event = s3Event({ ...change, sequencer: sequencer.next(), at: clock.now() });
    return send(JSON.stringify(event), urgency, effort);
  }

  /** Looks again at what was missed, when its time has come, until nothing is. */
  async #settle(): Promise<void> {
    const { clock, secondLookMs, isSearching, room } = this.#options;
    while (this.#missed.size > 0 && !this.#stopping) {
      const patience = this.#patienceMs();
      const now = clock.monotonic();
      const due: string[] = [];
      // While folders are searched, it is known only then when that is over.
      let next = now + (isSearching() ? secondLookMs : Number.POSITIVE_INFINITY);
      for (const [key, { at, moved }] of this.#missed) {
        const end = at + (moved ? secondLookMs : patience);
        if (end <= now) due.push(key);
        else next = Math.min(next, at + secondLookMs > now ? at + secondLookMs : end);
      }
      for (let from = 0; from < due.length && !this.#stopping; from += LOOKS_IN_TURN) {
        const keys = due.slice(from, from + LOOKS_IN_TURN);
        await room(this.#missed.get(keys[0]!)?.urgency ?? 'now', LOOKS_IN_TURN);
        if (!this.#stopping) await this.#inTurn(() => this.#lookAgain(keys));
      }
      if (due.length === 0) await this.#changed.wait(Math.max(1, next - now));
    }
    this.#settling = undefined;
    this.#tellMany(0);
    this.#changed.notify();
  }

  /** How long a picture is missed before it is forgotten, unless it was renamed. */
  #patienceMs(): number {
    const { secondLookMs, manySecondLookMs, clock, isSearching } = this.#options;
    // Those that were forgotten just now count as well: files are missed one after the other.
    this.#forgottenAt = this.#forgottenAt.filter((at) => at > clock.monotonic() - manySecondLookMs);
    let missed = 0;
    // What was renamed is missed for a moment, too.
    let longSince = false;
    for (const { moved, at } of this.#missed.values()) {
      if (moved) continue;
      missed++;
      longSince ||= at + secondLookMs <= clock.monotonic();
    }
    const counted = missed + this.#forgottenAt.length;
    const many = counted >= MANY || (counted >= FEW && counted >= MANY_PART * this.#known.size);
    const held = many && missed > 0 && !this.insisted;
    this.#tellMany(held && longSince ? missed : 0);
    return held || isSearching() ? manySecondLookMs : secondLookMs;
  }

  #tellMany(missed: number): void {
    if (missed > 0 || this.#toldMany) this.#options.onMany(missed);
    this.#toldMany = missed > 0;
  }

  async #lookAgain(keys: readonly string[]): Promise<void> {
    const seen = await this.#lookAt(keys);
    for (const [i, key] of keys.entries()) {
      const missed = this.#missed.get(key);
      if (!missed) continue;
      try {
        const found = seen[i]!();
        if (found) await this.#tellFound(key, found, missed.urgency);
        else {
          await this.#tellGone(key, missed.urgency);
          if (!missed.moved) this.#forgottenAt.push(this.#options.clock.monotonic());
        }
      } catch {
        // Whether it is there cannot be told now: nothing is forgotten, and the next comparison misses it again.
        this.#missed.delete(key);
      }
    }
  }
}
