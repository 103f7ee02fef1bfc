/** The index as searches see it: in memory, following the store by a list and what is new, as fresh as each asks for. */

import { type Clock, stopwatch } from '../clock.ts';
import { IndexDamaged } from '../commit/errors.ts';
import { LOG_LIMITS } from '../commit/limits.ts';
import type { Committed, Manifest, ManifestInfo } from '../commit/manifest.ts';
import { type Damage, ManifestReader } from '../commit/newest-manifest.ts';
import type { AppendInfo } from '../log/append-log.ts';
import type { Append } from '../log/record.ts';
import type { Logger } from '../logger.ts';
import { mapInParallel } from '../parallel.ts';
import { SegmentPool } from '../scan/segment.ts';
import { ObjectNotFound } from '../store/errors.ts';
import type { ObjectStore } from '../store/object-store.ts';
import { IndexLoading, IndexTooLarge } from './errors.ts';
import { type Consistency, Follower, fitting, readOrSkip, withFreshRetry } from './follower.ts';
import { type Generation, Lineage, lineageOf, NOTHING } from './lineage.ts';
import { DOWNLOAD_LIMITS, matrixBytes, neededBytes } from './memory.ts';
import { StoreStateReader } from './store-state.ts';
import { Tail } from './tail.ts';
import { indexedState, View } from './view.ts';

export interface LiveIndexOptions {
  /** The namespace of one model. */
  readonly store: ObjectStore;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Numbers in a vector. */
  readonly dimensions: number;
  /** Bytes that index and tail may take in memory. */
  readonly budgetBytes: number;
  /**
   * How long a reader waits for an index that is being loaded before it hears of `IndexLoading`.
   *
   * @default for ever
   */
  readonly patienceMs?: number;
}

/** One state of what is in memory; the next one shares what did not change. */
interface Snapshot {
  readonly view: View;
  readonly lineage: Lineage;
  readonly generation: Generation;
  /** Where the generation is from; a store that was restored from a copy can have another commit of the same number. */
  readonly committed: Committed | undefined;
  readonly tail: Tail;
  /** Bytes of the appends in the tail. */
  readonly tailBytes: number;
  /** When the list began that this state was made from. */
  readonly age: () => number;
}

/** Which of the appends that no compaction has folded the view takes in. */
interface TailPlan {
  readonly names: ReadonlySet<string>;
  /** Their bytes. */
  readonly bytes: number;
  /** How many it does not take in. */
  readonly pending: number;
}

interface TailUpdate extends TailPlan {
  /** Appends that were not held before. */
  readonly fetched: readonly { readonly name: string; readonly append: Append }[];
}

/**
 * @example
 * const index = new LiveIndex({ store, clock, logger, dimensions: 2048, budgetBytes });
 * const { found } = await index.read('strong', (view) => view.search([vector], { k: 10 }));
 */
export class LiveIndex {
  readonly #options: LiveIndexOptions;
  readonly #follower: Follower<Snapshot>;
  readonly #state: StoreStateReader;
  readonly #manifests: ManifestReader;
  #damage: Damage | undefined;
  readonly #pool = new SegmentPool();
  /** The lineage that was asked for last: the snapshot's, or one that is still on its way, however often that fails. */
  #lineage: Lineage | undefined;

  constructor(options: LiveIndexOptions) {
    this.#options = options;
    this.#state = new StoreStateReader(options.store);
    this.#manifests = new ManifestReader(options.store, options.logger);
    this.#follower = new Follower({
      ...options,
      follow: () => this.#follow(),
      retain: ({ view }) => view.retain(),
    });
  }

  /** Appends that the latest search did not take in, as memory does not hold them; 0 before the first. */
  get pending(): number {
    return this.#follower.snapshot?.view.pending ?? 0;
  }

  /** Manifests that cannot be read, as the latest search found them. */
  get damage(): Damage | undefined {
    return this.#damage;
  }

  /**
   * Does some work on the index as it is now. The view never changes, and its memory stays until the work is done.
   *
   * @throws IndexLoading (retryable), IndexTooLarge, IndexDamaged, StoreUnavailable
   */
  async read<T>(consistency: Consistency, work: (view: View) => Promise<T> | T): Promise<T> {
    return withFreshRetry(consistency, (wanted) => this.#readOnce(wanted, work));
  }

  async #readOnce<T>(consistency: Consistency, work: (view: View) => Promise<T> | T): Promise<T> {
    const { view } = await this.#follower.read(consistency, (refresh) => this.#patiently(refresh));
    try {
      return await work(view);
    } finally {
      view.release();
    }
  }

  /** Waits, but for an index that is being loaded no longer than it may. The loading goes on in any case. */
  async #patiently(refreshing: Promise<unknown>): Promise<void> {
    const { patienceMs } = this.#options;
    if (patienceMs === undefined) return void (await refreshing);
    let timer: NodeJS.Timeout | undefined;
    const patience = new Promise<never>((_, reject) => {
      const lookAgain = () => {
        const { done, total } = this.#lineage?.progress ?? { done: 0, total: 0 };
        if (total > 0) reject(new IndexLoading(done, total));
        else timer = setTimeout(lookAgain, patienceMs / 10);
      };
      timer = setTimeout(lookAgain, patienceMs);
    });
    refreshing.catch(() => {});
    try {
      await Promise.race([refreshing, patience]);
    } finally {
      clearTimeout(timer);
    }
  }

  /** `false` when what was seen does not fit together, and must be looked at again. */
  async #follow(): Promise<boolean> {
    const { clock } = this.#options;
    const before = this.#follower.snapshot;
    const known = before?.generation.manifest.generation ?? 0;
    const age = stopwatch(clock);
    const { commits, appends } = await this.#state.look();
    if (age() > LOG_LIMITS.foldedGraceMs) return false;
    if (before && !isContinued(before, commits)) {
      this.#forget();
      return false;
    }

    const { committed: latest, damage } = await this.#manifests.newest(commits, before?.committed);
    this.#damage = damage;
    const manifest = latest && latest.generation > known ? latest.manifest : undefined;
    const plan = this.#planTail(before, manifest, appends);
    const fetchingTail = this.#fetchTail(before, plan);
    // It is awaited below; a failure before that must not count as unhandled.
    fetchingTail.catch(() => {});
    const grown = manifest && (await this.#advance(before, manifest, plan).catch(orDamage(damage)));
    if (manifest && !grown) return false;
    const update = await fetchingTail;
    // From here on nothing waits, so that a search sees all of this or nothing.
    if (before && !grown && isSame(before, update)) return this.#replace({ ...before, age });
    const lineage = grown?.lineage ?? before?.lineage ?? this.#newLineage(NOTHING.manifest);
    const generation = grown?.generation ?? before?.generation ?? NOTHING;
    const committed = grown ? latest : before?.committed;
    try {
      const laid = overlaid(lineage, generation, before?.tail ?? new Tail(this.#options.dimensions), update);
      return this.#replace({ ...laid, committed, age, tailBytes: update.bytes });
    } catch (error) {
      // The tail may hold half of what it should. What was loaded is sound, and stays for the next refresh.
      this.#drop();
      throw error;
    }
  }

  /** Decides which appends the view takes in. */
  #planTail(
    before: Snapshot | undefined,
    manifest: Manifest | undefined,
    appends: readonly AppendInfo[],
  ): TailPlan {
    const index = manifest ?? before?.generation.manifest ?? NOTHING.manifest;
    const folded = manifest ? new Set(manifest.folded.map(({ name }) => name)) : before?.generation.folded;
    const unfolded = appends.filter(({ name }) => !folded?.has(name));
    const isLeft = before && manifest && lineageOf(manifest) !== before.lineage.id;
    // A lineage that is left gives its memory to the next one, or waits for its readers; `#advance` counts it.
    const taken = fitting(unfolded, this.#spareBytes(index, isLeft ? before.generation.manifest : undefined));
    return {
      names: new Set(taken.map(({ name }) => name)),
      bytes: taken.reduce((sum, { size }) => sum + size, 0),
      pending: unfolded.length - taken.length,
    };
  }

  /** Fetches the appends that are new. */
  async #fetchTail(before: Snapshot | undefined, plan: TailPlan): Promise<TailUpdate> {
    const missing = [...plan.names].filter((name) => !before?.tail.has(name));
    const fetched = await mapInParallel(DOWNLOAD_LIMITS.appendsAtOnce, missing, async (name) => ({
      name,
      append: await readOrSkip(this.#options, name),
    }));
    return { ...plan, fetched };
  }

  /**
   * Bytes of the budget that an index leaves. What an earlier lineage left in the pool cannot be freed and counts, but for
   * what `leaving` has: that is about to be reused.
   */
  #spareBytes(index: Manifest | Generation['manifest'], leaving?: Generation['manifest']): number {
    const { budgetBytes, dimensions } = this.#options;
    const own = matrixBytes(index, dimensions) + (leaving ? matrixBytes(leaving, dimensions) : 0);
    return budgetBytes - neededBytes(index, dimensions) - Math.max(0, this.#pool.bytes - own);
  }

  /** Fetches what a new manifest brings. `undefined` when what is in memory had to be given up first. */
  async #advance(
    before: Snapshot | undefined,
    manifest: Manifest,
    { bytes: tailBytes }: TailPlan,
  ): Promise<{ lineage: Lineage; generation: Generation } | undefined> {
    const { budgetBytes, dimensions } = this.#options;
    const needed = neededBytes(manifest, dimensions);
    if (needed > budgetBytes) throw new IndexTooLarge(manifest.rows, needed, budgetBytes);
    if (this.#lineage?.id !== lineageOf(manifest)) {
      this.#letGo();
      const besides = before ? neededBytes(before.generation.manifest, dimensions) + tailBytes : 0;
      if (before && needed + besides > budgetBytes) {
        // Both do not fit side by side; searches wait for the new one.
        this.#drop();
        await before.lineage.references.closed;
        return undefined;
      }
      before?.lineage.readAhead(before.generation.manifest.rows, 0);
      this.#newLineage(manifest);
    }
    const lineage = this.#lineage!;
    try {
      const generation = await lineage.advance(manifest);
      if (generation) return { lineage, generation };
    } catch (error) {
      if (error instanceof IndexDamaged) this.#forget();
      throw error;
    }
    this.#forget();
    return undefined;
  }

  #newLineage(manifest: Pick<Manifest, 'lineage' | 'files'>): Lineage {
    this.#letGo();
    this.#lineage = new Lineage(lineageOf(manifest), manifest, { ...this.#options, pool: this.#pool });
    return this.#lineage;
  }

  #replace(next: Snapshot): true {
    const before = this.#follower.snapshot;
    this.#follower.snapshot = next;
    if (before?.lineage !== next.lineage) {
      next.lineage.references.retain();
      before?.lineage.references.release();
    }
    if (before && before.tail !== next.tail) before.tail.references.release();
    const { manifest } = next.generation;
    // Rows of the tail are rows of the index soon.
    next.lineage.readAhead(manifest.rows, this.#spareBytes(manifest) - 2 * next.tailBytes);
    return true;
  }

  /** The next refresh begins with nothing. Searches that are at work keep what they have. */
  #forget(): void {
    this.#drop();
    this.#letGo();
  }

  /** Gives the snapshot up, but not the lineage. */
  #drop(): void {
    this.#follower.snapshot?.lineage.references.release();
    this.#follower.snapshot?.tail.references.release();
    this.#follower.snapshot = undefined;
  }

  #letGo(): void {
    this.#lineage?.references.release();
    this.#lineage = undefined;
  }
}

const isSame = ({ tail, view }: Snapshot, { fetched, names, pending }: TailUpdate): boolean =>
  fetched.length === 0 && names.size === tail.names.length && pending === view.pending;

/** Lays the appends that were fetched over the index. */
function overlaid(
  lineage: Lineage,
  generation: Generation,
  before: Tail,
  { fetched, names, pending }: TailUpdate,
) {
  const tail = before.keep(names);
  for (const { name, append } of fetched) tail.add(name, append);
  const state = tail.state((key) => indexedState(key, lineage, generation));
  return { lineage, generation, tail, view: new View(generation, pending, lineage, tail, state) };
}

/** Whether the commit that was loaded is still part of the store's history. */
function isContinued({ committed }: Snapshot, commits: readonly ManifestInfo[]): boolean {
  if (!committed) return true;
  const { generation, eTag } = committed;
  const listed = commits.find((commit) => commit.generation === generation);
  // Old manifests are cleaned away; then only newer ones are listed.
  return listed ? listed.eTag === eTag : commits.some((commit) => commit.generation > generation);
}

/** Of what is gone: where manifests are damaged, the files of the last good one may have been replaced long ago. */
const orDamage =
  (damage: Damage | undefined) =>
  (error: unknown): never => {
    throw damage?.mayLack && error instanceof ObjectNotFound ? damage.error : error;
  };
