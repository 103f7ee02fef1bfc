/** The index past one function's memory, as searches see it: follows the store by a list and what is new. */

import { type Clock, stopwatch } from '../clock.ts';
import { decodeDead } from '../commit/file-formats.ts';
import { LOG_LIMITS } from '../commit/limits.ts';
import type { Committed } from '../commit/manifest.ts';
import { type Damage, ManifestReader } from '../commit/newest-manifest.ts';
import { Tombstones } from '../commit/tombstones.ts';
import type { AppendInfo } from '../log/append-log.ts';
import type { Append } from '../log/record.ts';
import type { Logger } from '../logger.ts';
import { mapInParallel } from '../parallel.ts';
import { type Consistency, Follower, fitting, readOrSkip, withFreshRetry } from '../read/follower.ts';
import { DOWNLOAD_LIMITS } from '../read/memory.ts';
import { isInHistory, StoreStateReader } from '../read/store-state.ts';
import { Vectors } from '../read/vectors.ts';
import { Bitset } from '../scan/bitset.ts';
import type { ObjectStore } from '../store/object-store.ts';
import type { FarIndex } from './far-index.ts';
import { FarView } from './far-view.ts';
import { FAR_LIMITS } from './limits.ts';
import { isContinued, type Place, type Projection, readProjection, START } from './projection-state.ts';
import { RecentRows } from './recent-rows.ts';

export interface FarReaderOptions {
  /** The namespace of one model. */
  readonly store: ObjectStore;
  readonly far: FarIndex;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Numbers in a vector. */
  readonly dimensions: number;
}

/** What is in memory; the next one shares what did not change. */
interface Snapshot {
  readonly view: FarView;
  readonly committed: Committed | undefined;
  readonly dead: Bitset;
  readonly tombstones: Tombstones;
  readonly recent: RecentRows;
  readonly vectors: Vectors;
  readonly tail: ReadonlyMap<string, Append>;
  readonly projection: Projection | undefined;
  readonly age: () => number;
}

/**
 * @example
 * const reader = new FarReader({ store, far, clock, logger, dimensions: 2048 });
 * const { found } = await reader.read('strong', (view) => view.search([vector], { k: 10 }));
 */
export class FarReader {
  readonly #options: FarReaderOptions;
  readonly #state: StoreStateReader;
  readonly #manifests: ManifestReader;
  #damage: Damage | undefined;
  readonly #follower: Follower<Snapshot>;

  constructor(options: FarReaderOptions) {
    this.#options = options;
    this.#state = new StoreStateReader(options.store);
    this.#manifests = new ManifestReader(options.store, options.logger);
    this.#follower = new Follower({
      ...options,
      follow: async (attempt) => {
        const snapshot = await this.#follow(attempt);
        this.#follower.snapshot = snapshot ?? this.#follower.snapshot;
        return snapshot !== undefined;
      },
    });
  }

  /** Appends that the latest search did not take in; 0 before the first. */
  get pending(): number {
    return this.#follower.snapshot?.view.pending ?? 0;
  }

  /** Manifests that cannot be read, as the latest search found them. */
  get damage(): Damage | undefined {
    return this.#damage;
  }

  /**
   * Does some work on the index as it is now; the view never changes.
   *
   * @throws FarUnavailable (retryable), FarUnsuitable, IndexDamaged, StoreUnavailable
   */
  async read<T>(consistency: Consistency, work: (view: FarView) => Promise<T> | T): Promise<T> {
    return withFreshRetry(consistency, async (wanted) => work((await this.#follower.read(wanted)).view));
  }

  /** `undefined` when what was seen does not fit together, and must be looked at again. */
  async #follow(attempt: number): Promise<Snapshot | undefined> {
    const { store, far, clock, logger, dimensions } = this.#options;
    const before = this.#follower.snapshot;
    const age = stopwatch(clock);
    const [{ commits: listed, appends }, known] = await Promise.all([
      this.#state.look(),
      readProjection(store),
    ]);
    if (age() > LOG_LIMITS.foldedGraceMs) return undefined;
    const history = before && isInHistory(before.committed, listed) ? before : undefined;
    const { committed, damage } = await this.#manifests.newest(listed, history?.committed);
    this.#damage = damage;
    // Its commit is one that the list was too early for, or, where it stays so, one of a history that is gone.
    if (attempt === 1 && (known?.projection.generation ?? 0) > (listed.at(-1)?.generation ?? 0))
      return undefined;

    const isSame = committed !== undefined && committed === history?.committed;
    const dead = isSame ? history!.dead : await this.#dead(committed);
    const tombstones = committed
      ? await Tombstones.read(store, committed.manifest, history?.tombstones)
      : Tombstones.NONE;
    const projection =
      known && committed && (await isContinued(store, known.projection, committed, listed, far.name))
        ? known.projection
        : undefined;
    const sameLineage =
      committed?.manifest.lineage === history?.committed?.manifest.lineage ? history : undefined;
    const recent = committed
      ? await (sameLineage?.recent ?? RecentRows.NONE).advance(
          store,
          committed.manifest,
          exactFrom(projection, committed.manifest.rows),
          dimensions,
        )
      : RecentRows.NONE;
    const vectors = sameLineage?.vectors ?? new Vectors(store, dimensions, logger);
    if (committed) vectors.file = committed.manifest.files.faiss;
    const folded = new Set(committed?.manifest.folded.map(({ name }) => name));
    const { tail, pending } = await this.#tail(
      appends.filter(({ name }) => !folded.has(name)),
      before?.tail,
    );
    const isUnchanged =
      isSame && isSameProjection(projection, history!.projection) && isSameTail(tail, pending, history!);
    if (isUnchanged) return { ...history!, age };
    const parts = {
      far,
      committed,
      dead,
      tombstones,
      projection,
      recent,
      vectors,
      dimensions,
      tail,
      pending,
    };
    return {
      view: new FarView(parts),
      committed,
      dead,
      tombstones,
      recent,
      vectors,
      tail,
      projection,
      age,
    };
  }

  async #dead(committed: Committed | undefined): Promise<Bitset> {
    if (!committed) return new Bitset(0);
    const { files, rows } = committed.manifest;
    const { body } = await this.#options.store.get(files.dead);
    return decodeDead(files.dead, body, rows);
  }

  /** The appends that no commit has folded, the oldest ones, of which only those are read that are not here. */
  async #tail(appends: readonly AppendInfo[], before: ReadonlyMap<string, Append> | undefined) {
    const taken = fitting(appends, DOWNLOAD_LIMITS.farTailBytes);
    const read = await mapInParallel(
      DOWNLOAD_LIMITS.appendsAtOnce,
      taken,
      async ({ name }) => [name, before?.get(name) ?? (await readOrSkip(this.#options, name))] as const,
    );
    return { tail: new Map(read), pending: appends.length - taken.length };
  }
}

/** It is one small object, and what it says of two moments is the same or not. */
const isSameProjection = (a: Projection | undefined, b: Projection | undefined): boolean =>
  JSON.stringify(a) === JSON.stringify(b);

const isSameTail = (tail: ReadonlyMap<string, Append>, pending: number, before: Snapshot): boolean =>
  pending === before.view.pending &&
  tail.size === before.tail.size &&
  [...tail.keys()].every((name) => before.tail.has(name));

/** Where the rows begin that a search scores itself. */
function exactFrom(projection: Projection | undefined, rows: number): Place {
  if (!projection) return START;
  const { settled, end } = projection;
  return rows - settled.rows <= FAR_LIMITS.maxRecentRows ? settled : end;
}
