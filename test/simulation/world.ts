/** One run of the simulation: a bucket that changes, and many instances of the three functions on a bad network. */

import { createCompact } from '../../functions/compact/handler.ts';
import { createOnUpload } from '../../functions/on-upload/handler.ts';
import { DIMENSIONS } from '../../pictures/dimensions.ts';
import { backfill } from '../../pictures/ingest/backfill.ts';
import { listRejections } from '../../pictures/ingest/rejections.ts';
import { NothingToRebuildFrom, rebuild } from '../../pictures/maintenance/rebuild.ts';
import { dropThumbnails, THUMBNAILS_PREFIX, thumbnailName } from '../../pictures/thumbnails/thumbnails.ts';
import { IndexDamaged } from '../../vectorlog/commit/errors.ts';
import { listManifests } from '../../vectorlog/commit/manifest.ts';
import { newestManifest } from '../../vectorlog/commit/newest-manifest.ts';
import { isRetryable } from '../../vectorlog/errors.ts';
import { silentLogger } from '../../vectorlog/logger.ts';
import {
  INDEX_PREFIX,
  LOG_PREFIX,
  MANIFEST_PREFIX,
  manifestName,
  REJECTED_PREFIX,
} from '../../vectorlog/names.ts';
import { IndexTooLarge } from '../../vectorlog/read/errors.ts';
import type { Consistency } from '../../vectorlog/read/follower.ts';
import { LiveIndex } from '../../vectorlog/read/live-index.ts';
import type { View } from '../../vectorlog/read/view.ts';
import { exactScores } from '../../vectorlog/scan/code-matrix.ts';
import type { ObjectStore } from '../../vectorlog/store/object-store.ts';
import { Checker, Violation } from '../../vectorlog/testing/checker.ts';
import { type Faults, FaultyStore, NO_FAULTS } from '../../vectorlog/testing/faulty-store.ts';
import { GrowingStore } from '../../vectorlog/testing/growing-store.ts';
import { Instance } from '../../vectorlog/testing/instance.ts';
import { ObservedStore } from '../../vectorlog/testing/observed-store.ts';
import { Random } from '../../vectorlog/testing/random.ts';
import { Scheduler } from '../../vectorlog/testing/scheduler.ts';
import { Truth } from '../../vectorlog/testing/truth.ts';
import { sqsRecord } from '../factories/s3-events.ts';
import { Bucket } from './bucket.ts';
import { isEmbeddingOf, MODEL_ID, simulatedEmbedder, simulatedThumbnail } from './pictures.ts';
import { Queue } from './queue.ts';

const SECOND = 1_000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;

/** A function of AWS is killed after this. */
const TIMEOUT_MS = 15 * MINUTE;

export interface WorldOptions {
  /** Is told of every change in the index store. */
  readonly onTrace?: ((line: string) => void) | undefined;
}

export class World {
  readonly #random: Random;
  readonly #scheduler = new Scheduler();
  readonly #truth = new Truth();
  readonly #queue = new Queue();
  readonly #bucket: Bucket;
  readonly #index: ObservedStore;
  readonly #checker: Checker;
  readonly #limits: {
    readonly manifestsKept: number;
    readonly maxDeadShare: number;
    readonly maxAppendsPerCompaction: number;
    readonly tombstonesInManifest: number;
  };
  /** Whether the index is on one machine, where its files grow while they are read. */
  readonly #growsInPlace: boolean;
  #faults: Faults;
  /** Everything stands still, as while somebody restores the index. */
  #isStopped = false;
  readonly #instances = new Set<Instance>();
  #failure: unknown;
  #isOver = false;
  /** Each is done when its last instance has ended, after all is over. */
  readonly #lives: Promise<void>[] = [];
  /** Changes of the index store. */
  changes = 0;

  constructor(
    readonly seed: number,
    { onTrace }: WorldOptions = {},
  ) {
    const random = new Random(seed);
    this.#random = random;
    this.#growsInPlace = seed % 4 === 0;
    this.#bucket = new Bucket({
      ...{ scheduler: this.#scheduler, random, truth: this.#truth, queue: this.#queue },
      keepsVersions: seed % 3 === 0,
      losesEvents: () => this.#faults !== NO_FAULTS,
    });
    this.#index = new ObservedStore(this.#clock, (key, change) => {
      this.changes++;
      if (this.#isStopped) return;
      onTrace?.(`${new Date(this.#scheduler.now).toISOString()} ${change} ${key}`);
      this.#guard(() => this.#checker.check());
      if (key.startsWith(THUMBNAILS_PREFIX)) this.#guard(() => this.#checkThumbnail(key));
    });
    this.#checker = new Checker({
      objects: this.#index.objects,
      truth: this.#truth,
      dimensions: DIMENSIONS,
      isVectorOf: (eTag, vector) => isEmbeddingOf(this.#bucket.contents.get(eTag)!, vector),
      growsInPlace: this.#growsInPlace,
    });
    const level = random.pick([0, 0.3, 1, 1, 2]);
    this.#faults = {
      refused: 0.01 * level,
      answerLost: 0.01 * level,
      late: 0.01 * level,
      twice: 0.02 * level,
      crash: 0.004 * level,
      sleep: 0.003 * level * random.pick([1, 1, 5]),
    };
    this.#limits = {
      manifestsKept: random.pick([1, 3, 10]),
      maxDeadShare: random.pick([0.2, 0.5, 0.8]),
      maxAppendsPerCompaction: random.pick([2, 10, 5_000]),
      tombstonesInManifest: random.pick([0, 1, 2, 1_000]),
    };
  }

  /** @throws Violation, or what else came up that must not */
  async run(): Promise<void> {
    const clients = this.#bucket.change();
    for (let i = 0; i < 2; i++) this.#work(() => this.#onUpload());
    for (let i = 0; i < 3; i++) this.#work(() => this.#compact());
    for (let i = 0; i < 2; i++) this.#work(() => this.#search());
    this.#work(() => this.#backfill());
    if (this.#random.chance(0.2)) this.#work(() => this.#rebuild());
    if (this.seed % 5 === 0) this.#lives.push(this.#restore().catch((error) => this.#fail(error)));
    if (this.#random.chance(0.3)) this.#work(() => this.#damage());

    let isDone = false;
    clients
      .then(() => this.#calmDown())
      .then(() => this.#checkEnd())
      .catch((error) => this.#fail(error))
      .finally(() => {
        isDone = true;
      });
    await this.#scheduler.run(() => isDone || this.#failure !== undefined);
    if (this.#failure) throw this.#failure;
    if (!isDone) throw new Violation('everything waits and nothing comes');
  }

  get #clock() {
    return { now: () => this.#scheduler.now };
  }

  /** Begins again and again what ends or dies. */
  #work(life: () => Promise<void>): void {
    const live = async () => {
      while (!this.#isOver) {
        await this.#pause(SECOND, 30 * SECOND);
        await life();
      }
    };
    this.#lives.push(live().catch((error) => this.#fail(error)));
  }

  /** Between two pieces of work; when all is calm there is little to do. */
  #pause(low: number, high: number): Promise<void> {
    return this.#scheduler.sleep(this.#random.between(low, high) * (this.#faults === NO_FAULTS ? 8 : 1));
  }

  #instance(): Instance {
    const skew = this.#random.chance(0.3) ? this.#random.between(-5 * MINUTE, 5 * MINUTE) : 0;
    const instance = new Instance(this.#scheduler, this.#random, skew);
    this.#instances.add(instance);
    if (this.#isStopped) instance.kill();
    if (this.#random.chance(0.1))
      this.#scheduler.at(this.#random.between(0, 30 * MINUTE), () =>
        instance.jump(this.#random.between(-2 * HOUR, 2 * HOUR)),
      );
    return instance;
  }

  #storeOf(instance: Instance, store: ObjectStore): FaultyStore {
    return new FaultyStore(store, instance, () => this.#faults);
  }

  /** What an instance does, unless it dies first. Errors that may come again are those of the network. */
  async #result<T>(instance: Instance, work: Promise<T>, timeoutMs?: number): Promise<T | undefined> {
    if (timeoutMs !== undefined) this.#scheduler.at(timeoutMs, () => instance.kill());
    try {
      const result = await Promise.race([work, instance.died]);
      return result === 'died' ? undefined : (result as T);
    } catch (error) {
      if (error instanceof Violation || error instanceof IndexDamaged || !isRetryable(error)) throw error;
      if (error instanceof TypeError || error instanceof RangeError) throw error;
      return undefined;
    }
  }

  async #onUpload(): Promise<void> {
    const instance = this.#instance();
    const gone = new Set<string>();
    const pictures = this.#storeOf(instance, this.#bucket.noting(gone));
    const index = this.#storeOf(instance, this.#index);
    const embedder = simulatedEmbedder(instance, () => (this.#faults.refused > 0 ? 0.03 : 0));
    const { clock } = instance;
    const thumbnail = simulatedThumbnail(instance);
    // On one machine an event of a deletion is of a file.
    const versions = !this.#growsInPlace || this.#bucket.keepsVersions;
    const deps = { pictures, index, embedder, thumbnail, versions, clock, logger: silentLogger };
    const handle = createOnUpload(deps);
    for (let batches = this.#random.int(20); batches >= 0 && instance.alive; batches--) {
      await this.#pause(SECOND, 10 * SECOND);
      const { now } = this.#scheduler;
      const messages = this.#queue.receive(now, now + TIMEOUT_MS + MINUTE);
      if (messages.length === 0) continue;
      gone.clear();
      const event = { Records: messages.map(({ id, body }) => sqsRecord(id, body)) };
      const answer = await this.#result(instance, handle(event), this.#scheduler.now - now + TIMEOUT_MS);
      if (!answer) return instance.kill();
      const failed = new Set(answer.batchItemFailures.map(({ itemIdentifier }) => itemIdentifier));
      for (const { id, about } of messages) {
        if (failed.has(id)) continue;
        // One that found another picture than its own has nothing to promise.
        if (about && !gone.has(`${about.eTag} ${about.key}`))
          this.#truth.acknowledged(about.key, about.number);
        if (!this.#random.chance(0.05)) this.#queue.delete(id);
      }
      this.#guard(() => this.#checker.check());
      if (this.#random.chance(0.1)) return instance.kill();
    }
    instance.kill();
  }

  async #compact(): Promise<void> {
    const instance = this.#instance();
    const compact = this.#compactor(instance);
    // On one machine nobody kills a compaction that sleeps for hours.
    const timeout = this.#random.chance(0.5) ? TIMEOUT_MS : undefined;
    for (let runs = this.#random.int(30); runs >= 0 && instance.alive && !this.#isOver; runs--) {
      await this.#pause(5 * SECOND, 3 * MINUTE);
      await this.#result(instance, compact(), timeout);
    }
    instance.kill();
  }

  #compactor(instance: Instance) {
    const faulty = this.#storeOf(instance, this.#index);
    const index = this.#growsInPlace ? new GrowingStore(faulty, this.#index, instance) : faulty;
    const { clock } = instance;
    const onDropped = dropThumbnails(index, silentLogger);
    const deps = { index, modelId: MODEL_ID, clock, logger: silentLogger, limits: this.#limits };
    return createCompact({ ...deps, onDropped });
  }

  async #search(): Promise<void> {
    const instance = this.#instance();
    const store = this.#storeOf(instance, this.#index);
    const { clock } = instance;
    const live = new LiveIndex({
      dimensions: DIMENSIONS,
      store,
      clock,
      logger: silentLogger,
      // Some have too little for the tail, or for the index.
      budgetBytes: this.#random.pick([2 ** 30, 2 ** 30, 2 ** 30, 6_000, 3_000]),
    });
    for (let reads = this.#random.int(40); reads >= 0 && instance.alive && !this.#isOver; reads--) {
      await this.#pause(SECOND, 2 * MINUTE);
      const together = Array.from({ length: this.#random.pick([1, 1, 2, 3]) }, async () => {
        await instance.wait(this.#random.between(1, SECOND));
        const consistency = this.#random.pick(['strong', 'strong', 'eventual'] as const);
        await this.#result(instance, this.#checkedRead(live, { consistency }), TIMEOUT_MS);
      });
      // One that dies waits for ever.
      await Promise.race([Promise.all(together), instance.died]);
    }
    instance.kill();
  }

  /** Asks for every key and for the list of all, and holds both against what was promised when the search began. */
  async #checkedRead(
    live: LiveIndex,
    { isExact = false, consistency = 'strong' }: { isExact?: boolean; consistency?: Consistency } = {},
  ): Promise<void> {
    const floors = this.#truth.floors();
    const check = async (view: View) => {
      // An eventual answer may be old, and one that leaves appends out says so; both have to be of one piece.
      const isCurrent = consistency === 'strong' && view.pending === 0;
      const listed = new Set<string>();
      const embeddings = new Map<string, Float32Array>();
      for (let after: string | undefined; ; ) {
        const page = view.list({ prefix: '', after, limit: 4 });
        for (const { key } of page.entries) listed.add(key);
        if (!page.more) break;
        after = page.entries.at(-1)?.key;
      }
      for (const key of this.#truth.keys) {
        const seen = view.find(key)?.eTag;
        const isAllowed = !isCurrent || this.#truth.allows(key, seen, floors);
        if (!isAllowed || (isExact && seen !== this.#truth.now(key).visible))
          throw new Violation(
            `a search sees ${key} as ${seen?.slice(0, 4) ?? '-'}: ${this.#truth.describe(key)}`,
          );
        if (listed.has(key) !== (seen !== undefined))
          throw new Violation(`the list and the lookup differ on ${key}`);
        const embedding = await view.embedding(key);
        if (seen !== undefined && !(embedding && isEmbeddingOf(this.#bucket.contents.get(seen)!, embedding)))
          throw new Violation(`a search has the embedding of another picture than ${key}`);
        if (embedding) embeddings.set(key, embedding);
      }
      await this.#checkSearch(view, embeddings);
    };
    try {
      await live.read(consistency, check);
    } catch (error) {
      if (isExact || !(error instanceof IndexTooLarge)) throw error;
    }
  }

  /** Searches by codes and the few rows that it reads, and holds the answer against the products of all rows. */
  async #checkSearch(view: View, embeddings: ReadonlyMap<string, Float32Array>): Promise<void> {
    const [query] = embeddings.values();
    if (!query) return;
    const { found } = await view.search([query], { k: 3 });
    const best = exactScores(query, [...embeddings.values()]).sort((a, b) => b - a);
    const scores = found[0]!.map(({ score }) => score);
    if (scores.join() !== best.slice(0, 3).join())
      throw new Violation(
        `a search finds scores ${scores.join()}, and the best are ${best.slice(0, 3).join()}`,
      );
    for (const { entry, score } of found[0]!)
      if (exactScores(query, [embeddings.get(entry.key)!])[0] !== score)
        throw new Violation(`a search gives ${entry.key} the score of another`);
  }

  async #backfill(): Promise<void> {
    await this.#scheduler.sleep(this.#random.between(0, 3 * HOUR));
    if (this.#isOver) return;
    const instance = this.#instance();
    await this.#result(instance, this.#runBackfill(instance), TIMEOUT_MS);
    instance.kill();
  }

  /** Someone believes the index to be beyond repair. */
  async #rebuild(): Promise<void> {
    await this.#scheduler.sleep(this.#random.between(HOUR, 5 * HOUR));
    if (this.#isOver || this.#faults === NO_FAULTS) return;
    this.#truth.rebuilt();
    const instance = this.#instance();
    const rebuilding = rebuild({ ...this.#backfillDeps(instance), modelId: MODEL_ID, clock: instance.clock });
    try {
      await this.#result(instance, rebuilding, TIMEOUT_MS);
    } catch (error) {
      // The bucket happens to be empty, or did not answer.
      if (!(error instanceof NothingToRebuildFrom)) throw error;
    }
    instance.kill();
  }

  /** The newest manifest becomes `null`; not two in a row, where it takes somebody to mend it. */
  async #damage(): Promise<void> {
    await this.#scheduler.sleep(this.#random.between(0, HOUR));
    if (this.#isOver || this.#isStopped || this.#faults === NO_FAULTS || this.#limits.manifestsKept < 3)
      return;
    const listed = await listManifests(this.#index);
    const { committed, damage } = await newestManifest(this.#index);
    const isBeforeThere = listed.some(({ generation }) => generation + 1 === committed?.generation);
    if (!committed || damage || !(isBeforeThere || committed.generation === 1)) return;
    if (this.#isDamaged(committed.generation - 1)) return;
    await this.#index.put(manifestName(committed.generation), new TextEncoder().encode('null'));
  }

  #isDamaged(generation: number): boolean {
    const bytes = this.#index.objects.get(manifestName(generation));
    return bytes !== undefined && new TextDecoder().decode(bytes) === 'null';
  }

  /** Someone puts a copy of the index back, some hours old, with everything stopped and nothing in flight. */
  async #restore(): Promise<void> {
    await this.#scheduler.sleep(this.#random.between(0, 2 * HOUR));
    const copy = new Map(this.#index.objects);
    const floors = this.#truth.floors();
    await this.#scheduler.sleep(this.#random.between(0, 3 * HOUR));
    if (this.#isOver || this.#faults === NO_FAULTS) return;
    this.#isStopped = true;
    for (const instance of this.#instances) instance.kill();
    await this.#scheduler.sleep(TIMEOUT_MS + MINUTE);
    await this.#index.delete([...this.#index.objects.keys()]);
    for (const [name, bytes] of copy) await this.#index.put(name, bytes);
    this.#truth.restored(floors);
    this.#checker.restored();
    this.#isStopped = false;
    this.#guard(() => this.#checker.check());
  }

  #runBackfill(instance: Instance): Promise<unknown> {
    return backfill(this.#backfillDeps(instance), { thumbnails: true });
  }

  #backfillDeps(instance: Instance) {
    const pictures = this.#storeOf(instance, this.#bucket.store);
    const index = this.#storeOf(instance, this.#index);
    const send = async (bodies: readonly string[]) => {
      await instance.wait(this.#random.between(1, SECOND));
      for (const body of bodies) {
        const delay = this.#faults === NO_FAULTS ? 0 : this.#random.between(0, HOUR);
        do this.#queue.send(body, this.#scheduler.now + delay);
        while (this.#random.chance(0.1));
      }
    };
    return { pictures, index, send, clock: instance.clock };
  }

  /** The trouble is over: what is in flight lands, what waits is done, what no event told of is found. */
  async #calmDown(): Promise<void> {
    this.#faults = NO_FAULTS;
    await this.#scheduler.sleep(5 * HOUR);
    await this.#drain();
    for (let i = 0; i < 2; i++) {
      await this.#runBackfill(new Instance(this.#scheduler, this.#random, 0));
      await this.#drain();
      await this.#scheduler.sleep(10 * MINUTE);
    }
    this.#isOver = true;
    // One that still ran could lose to the last compaction, and leave files that only a later commit deletes.
    await Promise.all(this.#lives);
    await this.#scheduler.sleep(HOUR);
  }

  async #drain(): Promise<void> {
    for (let i = 0; this.#queue.length > 0 || i === 0; i++) {
      if (i > 500) throw new Violation('the queue does not drain');
      this.#queue.redrive();
      this.#queue.hurry(this.#scheduler.now);
      await this.#scheduler.sleep(MINUTE);
    }
  }

  /** Now everything must be exactly as it is in the bucket, and nothing be left over. */
  async #checkEnd(): Promise<void> {
    const instance = new Instance(this.#scheduler, this.#random, 0);
    const compact = this.#compactor(instance);
    // One more upload, as only a run that commits looks for what others have left.
    await this.#bucket.put('the last picture', 1);
    this.#queue.hurry(this.#scheduler.now);
    await this.#onUpload();
    for (const pause of [0, 2 * MINUTE, 20 * MINUTE, 20 * MINUTE]) {
      await this.#scheduler.sleep(pause);
      await compact();
    }
    const { changes } = this;
    const report = await compact();
    if (report.outcome !== 'idle' || this.changes !== changes)
      throw new Violation(
        `with nothing to do, a compaction was ${report.outcome} and changed ${this.changes - changes} objects`,
      );

    const states = this.#checker.states();
    for (const key of this.#truth.keys) {
      const state = states.get(key);
      const { visible } = this.#truth.now(key);
      if ((state?.state === 'live' ? state.eTag : undefined) !== visible)
        throw new Violation(
          `in the end ${key} is not ${visible?.slice(0, 4) ?? '-'}: ${this.#truth.describe(key)}`,
        );
    }
    const reader = new LiveIndex({
      dimensions: DIMENSIONS,
      store: this.#index,
      clock: instance.clock,
      logger: silentLogger,
      budgetBytes: 2 ** 30,
    });
    await this.#checkedRead(reader, { isExact: true });
    await this.#checkLeftovers();
    await this.#checkThumbnails();
  }

  async #checkLeftovers(): Promise<void> {
    const names = [...this.#index.objects.keys()];
    const count = (prefix: string) => names.filter((name) => name.startsWith(prefix)).length;
    if (count(LOG_PREFIX) > 0) throw new Violation(`${count(LOG_PREFIX)} appends are left over`);
    // Four files, and the segments of deletions of the last hour.
    if (count(INDEX_PREFIX) > 4 + (this.#checker.manifest()?.tombstones?.length ?? 0))
      throw new Violation(`${count(INDEX_PREFIX)} index files are left over`);
    if (count(MANIFEST_PREFIX) > this.#limits.manifestsKept)
      throw new Violation(`${count(MANIFEST_PREFIX)} manifests are left over`);
    const rejected: string[] = [];
    for await (const { key } of listRejections(this.#index)) rejected.push(key);
    const bad = this.#truth.keys.filter((key) => this.#truth.now(key).bad);
    if (rejected.length !== count(REJECTED_PREFIX) || rejected.toSorted().join() !== bad.toSorted().join())
      throw new Violation(`rejected are ${rejected.join()} and should be ${bad.join()}`);
  }

  /** Once what is too young to be judged is an hour old, a backfill leaves one for each picture, and no other. */
  async #checkThumbnails(): Promise<void> {
    await this.#scheduler.sleep(2 * HOUR);
    await this.#runBackfill(new Instance(this.#scheduler, this.#random, 0));
    const names = [...this.#index.objects.keys()].filter((name) => name.startsWith(THUMBNAILS_PREFIX));
    const expected = [...this.#checker.states()].flatMap(([key, state]) =>
      state.state === 'live' ? [thumbnailName({ key, ...state })] : [],
    );
    if (names.toSorted().join() !== expected.toSorted().join())
      throw new Violation(`there are ${names.length} thumbnails, and ${expected.length} pictures`);
  }

  /** What was written or deleted under `thumbnails/`: a picture that is indexed keeps its own. */
  #checkThumbnail(name: string): void {
    if (this.#index.objects.has(name)) return;
    for (const [key, state] of this.#checker.states())
      if (state.state === 'live' && thumbnailName({ key, ...state }) === name)
        throw new Violation(`the thumbnail of ${key} was deleted`);
  }

  #guard(check: () => void): void {
    try {
      check();
    } catch (error) {
      this.#fail(error);
    }
  }

  #fail(error: unknown): void {
    this.#failure ??= error;
  }
}
