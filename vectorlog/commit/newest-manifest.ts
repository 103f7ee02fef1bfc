/**
 * Which manifest is the index when the highest one is damaged: the one before it, as long as that lacks nothing
 * (docs/decisions/014-damaged-manifest.md).
 */

import { type Logger, silentLogger } from '../logger.ts';
import { manifestName } from '../names.ts';
import { ObjectNotFound, StoreUnavailable } from '../store/errors.ts';
import type { ObjectStore } from '../store/object-store.ts';
import { IndexDamaged } from './errors.ts';
import { type Committed, listManifests, type ManifestInfo, readManifest } from './manifest.ts';

/** Manifests that cannot be read, above the one that is taken. */
export interface Damage {
  /** Their names, the highest first. */
  readonly names: readonly string[];
  /**
   * Whether rows or deletions may be missing from what is taken. `false` where only the highest is damaged: what a commit
   * folded and replaced is deleted only once a later one is there.
   */
  readonly mayLack: boolean;
  /** For those who must not go on then. */
  readonly error: IndexDamaged;
}

export interface Newest {
  /** The highest that can be read; `undefined` where nothing is committed, or only a first one that is damaged. */
  readonly committed: Committed | undefined;
  readonly damage: Damage | undefined;
}

/** Reads the newest of the manifests that are there; each damaged one is read and told of once. */
export class ManifestReader {
  readonly #store: ObjectStore;
  readonly #logger: Logger;
  /** By generation and entity tag. */
  readonly #damaged = new Map<string, IndexDamaged>();

  constructor(store: ObjectStore, logger: Logger = silentLogger) {
    this.#store = store;
    this.#logger = logger;
  }

  /**
   * @param listed the manifests that are there, the lowest first
   * @param known one that was read before, and is not read again
   * @throws IndexDamaged when none of them can be read; IndexForeign when a newer version of the program wrote one;
   *   ObjectNotFound when one was cleaned away since it was listed
   */
  async newest(listed: readonly ManifestInfo[], known?: Committed): Promise<Newest> {
    const above: IndexDamaged[] = [];
    for (const info of listed.toReversed()) {
      const isKnown = known?.generation === info.generation && known.eTag === info.eTag;
      const found = isKnown ? known : await this.#read(info);
      if (!(found instanceof IndexDamaged))
        return { committed: found, damage: damageOf(above, listed, found) };
      above.push(found);
    }
    const damage = damageOf(above, listed);
    if (damage?.mayLack) throw damage.error;
    return { committed: undefined, damage };
  }

  async #read(info: ManifestInfo): Promise<Committed | IndexDamaged> {
    const id = `${info.generation} ${info.eTag}`;
    const known = this.#damaged.get(id);
    if (known) return known;
    try {
      return { ...info, manifest: await readManifest(this.#store, info.generation) };
    } catch (error) {
      if (!(error instanceof IndexDamaged)) throw error;
      this.#damaged.set(id, error);
      this.#logger.error('a manifest cannot be read', { name: error.file, error });
      return error;
    }
  }
}

/** @param taken what is gone on with; nothing, where none can be read */
function damageOf(
  above: readonly IndexDamaged[],
  listed: readonly ManifestInfo[],
  taken?: Committed,
): Damage | undefined {
  const [first] = above;
  if (!first) return undefined;
  const highest = listed.at(-1)!.generation;
  const isNext = highest === (taken?.generation ?? 0) + 1;
  const rest = taken ? manifestName(taken.generation) : 'no other';
  const error = isNext
    ? first
    : new IndexDamaged(
        first.file,
        `it cannot be read, and ${rest} is the last that can: what was committed in between may be missing, so nothing is folded. Put the damaged ones back from a copy, or delete them and run a backfill, or rebuild the index (docs/recovery.md)`,
        { cause: first },
      );
  return { names: above.map(({ file }) => file), mayLack: !isNext, error };
}

/** How often a manifest may vanish between a list and its reading before that is taken for a fault. */
const LOOKS = 5;

/** The newest manifest of a store, whatever may be missing from it. @throws what `newest` throws */
export async function newestManifest(store: ObjectStore): Promise<Newest> {
  const reader = new ManifestReader(store);
  for (let look = 0; look < LOOKS; look++) {
    try {
      return await reader.newest(await listManifests(store));
    } catch (error) {
      // It may have been the mistake of a stale writer, taken back in this moment; then a higher one is there.
      if (!(error instanceof ObjectNotFound)) throw error;
    }
  }
  throw new StoreUnavailable('manifests vanish faster than they can be read');
}

/**
 * The manifest that is the index; `undefined` when there is none.
 *
 * @throws IndexDamaged when rows or deletions may be missing from the highest one that can be read; IndexForeign
 */
export async function latestManifest(store: ObjectStore): Promise<Committed | undefined> {
  const { committed, damage } = await newestManifest(store);
  if (damage?.mayLack) throw damage.error;
  return committed;
}
