/** The commit: the manifest with the highest generation is the index, and is never changed. */

import { generationOf, MANIFEST_PREFIX, manifestName } from '../names.ts';
import { DIRECTIONS } from '../scan/layout.ts';
import type { ObjectInfo, ObjectStore } from '../store/object-store.ts';
import { IndexDamaged, IndexForeign } from './errors.ts';

/**
 * Milliseconds by the store's own clock: the `lastModified` of the manifest that recorded a thing first. `null` in that
 * manifest itself, which cannot know it; the next one fills it in. So no wait depends on the clocks of functions.
 */
export type CommitTime = number | null;

export interface Manifest {
  readonly format: 1;
  /** 1 for the first; each commit is the next. */
  readonly generation: number;
  readonly modelId: string;
  /** The store and the source that it belongs to; left out where they have no names, and by earlier versions. */
  readonly store?: string;
  readonly source?: string;
  /** ISO 8601, UTC; for people. */
  readonly createdAt: string;
  /** Rows of two generations of one lineage are the same as far as both go: the later only appends. */
  readonly lineage: string;
  /** Rows in the FAISS file, dead ones included. */
  readonly rows: number;
  /** Rows that are not dead: the number of pictures. */
  readonly live: number;
  /** Object names of the files, relative to the model's namespace, and the length of the one whose rows vary. */
  readonly files: {
    readonly faiss: string;
    readonly rows: string;
    readonly rowsBytes: number;
    readonly dead: string;
    /**
     * The codes file, a name of the frame that it is made against (two of one lineage can differ in that), and how many
     * directions the frame has. An index of an older version has no codes until its next commit, or no directions until
     * its next rewrite.
     */
    readonly codes?: string | undefined;
    readonly centre?: string | undefined;
    readonly directions?: number | undefined;
  };
  /** Appends that are in the files already; a later run deletes them. */
  readonly folded: readonly { readonly name: string; readonly at: CommitTime }[];
  /** Recent deletions: an older put of the same key that comes after must not bring the picture back. */
  readonly markers: readonly Tombstone[];
  /**
   * Segments with more of them (`tombstones.ts`), the oldest first; what a later one, or `markers`, says of a key is
   * newer. The time is that of the commit that named it first.
   */
  readonly tombstones?: readonly { readonly name: string; readonly at: CommitTime }[];
  /** Index files of earlier generations that wait to be deleted. */
  readonly replaced: readonly { readonly names: readonly string[]; readonly at: CommitTime }[];
}

/** What an index belongs to: indexes of different origins are never mixed. */
export interface Origin {
  readonly modelId: string;
  /** The name of the store that holds the index, where it has one that lasts: `s3://bucket`. */
  readonly store?: string | undefined;
  /** The name of what the entries are of. */
  readonly source?: string | undefined;
}

/** @throws IndexForeign when a manifest says that it belongs to something else */
export function assertOrigin(manifest: Manifest, { modelId, store, source }: Origin): void {
  const name = `generation ${manifest.generation}`;
  if (manifest.modelId !== modelId)
    throw new IndexForeign(`${name} is of the model ${manifest.modelId} and not of ${modelId}`);
  if (store !== undefined && manifest.store !== undefined && manifest.store !== store)
    throw new IndexForeign(`${name} belongs to the store ${manifest.store} and not to ${store}`);
  if (source !== undefined && manifest.source !== undefined && manifest.source !== source)
    throw new IndexForeign(`${name} is an index of ${manifest.source} and not of ${source}`);
}

/** The origin that a manifest names: that of its writer, and what a manifest before it has named. */
export function originOf(
  { modelId, store, source }: Origin,
  before: Origin | undefined,
): Pick<Manifest, 'modelId' | 'store' | 'source'> {
  const names = { store: store ?? before?.store, source: source ?? before?.source };
  return {
    modelId,
    ...(names.store !== undefined && { store: names.store }),
    ...(names.source !== undefined && { source: names.source }),
  };
}

/**
 * The manifest in an object.
 *
 * @throws IndexDamaged when it is not a manifest of this format and number, whatever else it may be; IndexForeign when it
 *   is one of a later version
 */
function decodeManifest(name: string, body: Uint8Array, generation: number): Manifest {
  try {
    const manifest = JSON.parse(new TextDecoder().decode(body)) as Manifest | null;
    if (typeof manifest !== 'object' || manifest === null) throw new Error('it is no object');
    if (Number.isInteger(manifest.format) && manifest.format > 1)
      throw new IndexForeign(
        `${name} has format ${manifest.format}, which this version does not know: update it`,
      );
    if (manifest.format !== 1) throw new Error(`its format is ${JSON.stringify(manifest.format)}`);
    if (manifest.generation !== generation) throw new Error(`it says generation ${manifest.generation}`);
    const { files, folded, markers, replaced, tombstones = [] } = manifest;
    const texts: unknown[] = [manifest.modelId, manifest.lineage, files?.faiss, files?.rows, files?.dead];
    if (texts.some((text) => typeof text !== 'string')) throw new Error('a name is missing');
    for (const count of [manifest.rows, manifest.live, files.rowsBytes])
      if (!Number.isSafeInteger(count) || count < 0) throw new Error('a count is missing');
    if (![undefined, 0, DIRECTIONS].includes(files.directions)) throw new Error('unknown directions');
    for (const optional of [manifest.store, manifest.source, files.codes, files.centre])
      if (!isTextOrNothing(optional)) throw new Error('a name is no text');
    if (!isListOf(folded, ({ name, at }) => typeof name === 'string' && isTime(at)))
      throw new Error('"folded" is no list of names');
    const isMarker = ({ key, version, at }: Record<string, unknown>) =>
      typeof key === 'string' && isTextOrNothing(version) && isTime(at);
    if (!isListOf(markers, isMarker)) throw new Error('"markers" is no list of keys');
    if (!isListOf(tombstones, ({ name, at }) => typeof name === 'string' && isTime(at)))
      throw new Error('"tombstones" is no list of names');
    const areNames = (names: unknown) =>
      Array.isArray(names) && names.every((name) => typeof name === 'string');
    if (!isListOf(replaced, ({ names, at }) => areNames(names) && isTime(at)))
      throw new Error('"replaced" is no list of names');
    return manifest;
  } catch (cause) {
    if (cause instanceof IndexForeign) throw cause;
    throw new IndexDamaged(name, (cause as Error).message, { cause });
  }
}

const isTextOrNothing = (value: unknown): boolean => value === undefined || typeof value === 'string';

const isTime = (at: unknown): boolean => at === null || Number.isFinite(at);

const isListOf = (list: unknown, isEntry: (entry: Record<string, unknown>) => boolean): boolean =>
  Array.isArray(list) &&
  list.every(
    (entry) => typeof entry === 'object' && entry !== null && isEntry(entry as Record<string, unknown>),
  );

/** A deletion that is remembered. */
export interface Tombstone {
  readonly key: string;
  /** Left out when a backfill found the picture gone and no event of its key was known. */
  readonly version?: string;
  readonly at: CommitTime;
}

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

/** The manifests that are there, the lowest first. */
export async function listManifests(store: ObjectStore): Promise<ManifestInfo[]> {
  const found: ManifestInfo[] = [];
  for await (const page of store.list({ prefix: MANIFEST_PREFIX }))
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
 * @throws ObjectNotFound; IndexDamaged when it is not a manifest of this format and number; IndexForeign when it is one of
 *   a later version
 */
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
