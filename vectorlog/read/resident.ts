/** What of the index is in memory, and how it follows the store: two lists, then only what is new. */

import type { Clock } from '../clock.ts';
import { IndexDamaged } from '../commit/errors.ts';
import { LOG_LIMITS } from '../commit/limits.ts';
import type { Manifest } from '../commit/manifest.ts';
import { listManifests, type ManifestInfo, readManifest } from '../commit/manifests.ts';
import { DIMENSIONS } from '../dimensions.ts';
import { type AppendInfo, listAppends, readAppend } from '../log/append-log.ts';
import { AppendUnreadable } from '../log/errors.ts';
import type { Append } from '../log/record.ts';
import type { Logger } from '../logger.ts';
import { ObjectNotFound, StoreUnavailable } from '../store/errors.ts';
import type { ObjectStore } from '../store/object-store.ts';
import { IndexTooLarge } from './errors.ts';
import { DOWNLOAD_LIMITS } from './limits.ts';
import { type Generation, type Growth, LoadedIndex, NOTHING } from './loaded-index.ts';
import { neededBytes } from './memory.ts';
import { inParallel } from './parallel.ts';
import { Tail } from './tail.ts';
import { indexedState, View } from './view.ts';

export interface ResidentOptions {
  /** The namespace of one model. */
  readonly store: ObjectStore;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Bytes that index and tail may take in memory. */
  readonly budgetBytes: number;
}

/** One state of what is in memory; the next one shares what did not change. */
export interface Current {
  readonly view: View;
  readonly index: LoadedIndex;
  readonly generation: Generation;
  /** Of the commit's object: a store that was restored from a copy can have another commit of the same number. */
  readonly eTag: string | undefined;
  readonly tail: Tail;
  /** When the lists began that this state was made from. */
  readonly asOf: number;
}

interface Fetched {
  readonly name: string;
  readonly append: Append;
}

/** What the log has that no compaction has folded. */
interface TailUpdate {
  /** Appends that were not held before. */
  readonly fetched: readonly Fetched[];
  /** All that the view takes in. */
  readonly names: ReadonlySet<string>;
  /** How many it does not. */
  readonly pending: number;
}

export class Resident {
  readonly #options: ResidentOptions;
  #current: Current | undefined;

  constructor(options: ResidentOptions) {
    this.#options = options;
  }

  /** `undefined` until the first refresh, and after what was loaded turned out to be of no use. */
  get current(): Current | undefined {
    return this.#current;
  }

  /**
   * Makes what is in memory contain all that was in the store when this was called. To be called again only when it
   * is done.
   *
   * @throws IndexTooLarge, IndexDamaged, StoreUnavailable
   */
  async refresh(): Promise<Current> {
    for (let attempt = 1; attempt <= DOWNLOAD_LIMITS.refreshTries; attempt++) {
      try {
        const refreshed = await this.#refreshOnce();
        if (refreshed) return refreshed;
      } catch (error) {
        if (!(error instanceof ObjectNotFound)) throw error;
        // Cleaned away between the list and the reading: a newer commit has taken its place.
        this.#options.logger.info('an object was gone before it was read', { key: error.key, attempt });
      }
    }
    throw new StoreUnavailable('the index changes faster than it can be read');
  }

  /** `undefined` when what was seen does not fit together, and must be looked at again. */
  async #refreshOnce(): Promise<Current | undefined> {
    const { store, clock } = this.#options;
    const before = this.#current;
    const known = before?.generation.manifest.generation ?? 0;
    const asOf = clock.now();
    const [commits, appends] = await Promise.all([
      // The known commit is listed again, to see whether it is still the same one.
      listManifests(store, Math.max(0, known - 1)),
      all(listAppends(store)),
    ]);
    // An append that was folded stays for a while, so that what it says is seen by one list or the other; unless they
    // were that far apart.
    if (clock.now() - asOf > LOG_LIMITS.foldedGraceMs) return undefined;
    if (before && !isContinued(before, commits)) return this.#forget();

    const latest = commits.at(-1);
    const manifest =
      latest && latest.generation > known ? await readManifest(store, latest.generation) : undefined;
    const fetchingTail = this.#fetchTail(before, manifest, appends);
    // It is awaited below; a failure before that must not count as unhandled.
    fetchingTail.catch(() => {});
    const growth = manifest ? await this.#fetchIndex(before, manifest) : undefined;
    if (manifest && !growth) return undefined;
    try {
      const tail = await fetchingTail;
      // Rows that were still on their way did not come, and what this builds on is given up.
      if (this.#current !== before) {
        growth?.abandon();
        return undefined;
      }
      // From here on nothing waits, so that a search sees all of this or nothing.
      if (before && !growth && isSame(before, tail)) {
        return this.#replace({ ...before, asOf });
      }
      const generation = growth?.install() ?? before?.generation ?? NOTHING;
      const index = growth?.index ?? before?.index ?? new LoadedIndex(store);
      const eTag = growth ? latest?.eTag : before?.eTag;
      return this.#replace({ ...overlaid(index, generation, before?.tail ?? new Tail(), tail), eTag, asOf });
    } catch (error) {
      growth?.abandon();
      if (error instanceof IndexDamaged) this.#forget();
      throw error;
    }
  }

  /** Fetches the appends that are new, and decides which ones the view takes in. */
  async #fetchTail(
    before: Current | undefined,
    manifest: Manifest | undefined,
    appends: readonly AppendInfo[],
  ): Promise<TailUpdate> {
    const { budgetBytes } = this.#options;
    const index = manifest ?? before?.generation.manifest ?? NOTHING.manifest;
    const folded = manifest ? new Set(manifest.folded.map(({ name }) => name)) : before?.generation.folded;
    const unfolded = appends.filter(({ name }) => !folded?.has(name));
    const taken = fitting(unfolded, budgetBytes - neededBytes(index));
    const fetches = taken
      .filter(({ name }) => !before?.tail.has(name))
      .map(({ name }) => this.#fetchAppend.bind(this, name));
    const fetched = await Promise.all(inParallel(DOWNLOAD_LIMITS.appendsAtOnce, fetches));
    return {
      fetched,
      names: new Set(taken.map(({ name }) => name)),
      pending: unfolded.length - taken.length,
    };
  }

  /** One that cannot be read counts as empty, as it does for compaction; it must not stop every search. */
  async #fetchAppend(name: string): Promise<Fetched> {
    const { store, logger } = this.#options;
    try {
      return { name, append: await readAppend(store, name, DIMENSIONS) };
    } catch (error) {
      if (!(error instanceof AppendUnreadable)) throw error;
      logger.error('an append cannot be read and is left out', { name, error });
      return { name, append: { records: [], vectors: new Float32Array(0) } };
    }
  }

  /** Fetches what a new manifest brings. `undefined` when what is in memory had to be given up first. */
  async #fetchIndex(
    before: Current | undefined,
    manifest: Manifest,
  ): Promise<(Growth & { readonly index: LoadedIndex }) | undefined> {
    const { store, budgetBytes } = this.#options;
    const needed = neededBytes(manifest);
    if (needed > budgetBytes) throw new IndexTooLarge(manifest.rows, needed, budgetBytes);

    if (before?.generation.manifest.lineage === manifest.lineage) {
      const growth = await before.index.grow(before.generation, manifest);
      return growth ? { index: before.index, ...growth } : this.#forget();
    }
    if (before && needed + neededBytes(before.generation.manifest) > budgetBytes) {
      // Both do not fit side by side; searches wait for the new one.
      this.#forget();
      await before.index.shared.closed;
      return undefined;
    }
    const index = new LoadedIndex(store);
    const abandon = () => index.shared.release();
    try {
      const generation = await index.load(manifest);
      return { index, install: () => generation, abandon };
    } catch (error) {
      abandon();
      throw error;
    }
  }

  #replace(next: Current): Current {
    const before = this.#current;
    const { index } = next;
    this.#current = next;
    if (before?.index !== index) {
      before?.index.shared.release();
      // Its rows may be on their way still. Should one not come, the next refresh loads it again.
      index.complete.catch(() => this.#current?.index === index && this.#forget());
    }
    if (before && before.tail !== next.tail) before.tail.shared.release();
    return next;
  }

  /** The next refresh begins with nothing. Searches that are at work keep what they have. */
  #forget(): undefined {
    this.#current?.index.shared.release();
    this.#current?.tail.shared.release();
    this.#current = undefined;
  }
}

const isSame = ({ tail, view }: Current, { fetched, names, pending }: TailUpdate): boolean =>
  fetched.length === 0 && names.size === tail.names.length && pending === view.pending;

/** Lays the appends that were fetched over the index. */
function overlaid(
  index: LoadedIndex,
  generation: Generation,
  before: Tail,
  { fetched, names, pending }: TailUpdate,
) {
  const tail = before.keep(names);
  for (const { name, append } of fetched) tail.add(name, append);
  const state = tail.state((key) => indexedState(key, index, generation));
  return { index, generation, tail, view: new View(generation, pending, index, tail, state) };
}

/** Whether the commit that was loaded is still part of the store's history. */
function isContinued({ generation, eTag }: Current, commits: readonly ManifestInfo[]): boolean {
  const { generation: known } = generation.manifest;
  if (known === 0) return true;
  const listed = commits.find((commit) => commit.generation === known);
  // Old manifests are cleaned away; then only newer ones are listed.
  return listed ? listed.eTag === eTag : commits.length > 0;
}

/** The oldest appends, as many as a search takes in and memory holds. */
function fitting(appends: readonly AppendInfo[], bytes: number): readonly AppendInfo[] {
  let free = bytes;
  const taken: AppendInfo[] = [];
  for (const append of appends.toSorted((a, b) => (a.name < b.name ? -1 : 1))) {
    free -= append.size;
    if (taken.length === DOWNLOAD_LIMITS.maxTailAppends || free < 0) break;
    taken.push(append);
  }
  return taken;
}

async function all<T>(items: AsyncIterable<T>): Promise<T[]> {
  const result: T[] = [];
  for await (const item of items) result.push(item);
  return result;
}
