/** Reading and committing manifests: the only module that writes under `manifest/`. */

import { generationOf, MANIFEST_PREFIX, manifestName } from '../names.ts';
import { ObjectNotFound, StoreUnavailable } from '../store/errors.ts';
import type { ObjectInfo, ObjectStore } from '../store/object-store.ts';
import { decodeManifest, type Manifest } from './manifest.ts';

/** How often a manifest may vanish between a list and its reading before that is taken for a fault. */
const LOOKS = 5;

/** A manifest as a list shows it. */
export interface ManifestInfo {
  readonly generation: number;
  /** Tells two commits of one number apart, which a restored store can have. */
  readonly eTag: string;
  /** By the store's clock, milliseconds since the epoch. */
  readonly committedAt: number;
}

/** A manifest that is committed. */
export interface Committed extends ManifestInfo {
  readonly manifest: Manifest;
}

/** The manifests above `afterGeneration`, the lowest first. */
export async function listManifests(store: ObjectStore, afterGeneration = 0): Promise<ManifestInfo[]> {
  const found: ManifestInfo[] = [];
  const options = { prefix: MANIFEST_PREFIX, startAfter: manifestName(afterGeneration) };
  for await (const page of store.list(options))
    for (const object of page) {
      const info = manifestInfoOf(object);
      if (info) found.push(info);
    }
  return found;
}

/** What a list shows of a manifest; `undefined` when the object is none. */
export function manifestInfoOf({ key, eTag, lastModified }: ObjectInfo): ManifestInfo | undefined {
  const generation = generationOf(key);
  return generation === undefined ? undefined : { generation, eTag, committedAt: lastModified.getTime() };
}

/**
 * The highest manifest, or `undefined` when none is above `afterGeneration`.
 *
 * @throws IndexDamaged when it cannot be read
 */
export async function latestManifest(
  store: ObjectStore,
  afterGeneration = 0,
): Promise<Committed | undefined> {
  for (let look = 0; look < LOOKS; look++) {
    const info = (await listManifests(store, afterGeneration)).at(-1);
    if (!info) return undefined;
    try {
      return { ...info, manifest: await readManifest(store, info.generation) };
    } catch (error) {
      // It may have been the mistake of a stale writer, taken back in this moment; then a higher one is there.
      if (!(error instanceof ObjectNotFound)) throw error;
    }
  }
  throw new StoreUnavailable('manifests vanish faster than they can be read');
}

/** @throws ObjectNotFound, IndexDamaged when it is not a manifest of this format and number */
export async function readManifest(store: ObjectStore, generation: number): Promise<Manifest> {
  const name = manifestName(generation);
  const { body } = await store.get(name);
  return decodeManifest(name, body, generation);
}

/**
 * Commits a manifest. `false` when its generation is taken: another writer was first.
 *
 * `true` does not yet mean that the commit counts: a writer that slept for long can win a number that has been cleaned
 * away. Look at `listManifests` before doing anything that cannot be undone.
 *
 * @throws StoreUnavailable when it is unknown whether the commit happened
 */
export function commitManifest(store: ObjectStore, manifest: Manifest): Promise<boolean> {
  const body = new TextEncoder().encode(JSON.stringify(manifest));
  return store.putIfAbsent(manifestName(manifest.generation), body, { contentType: 'application/json' });
}
