/** Recent deletions: the newest stand in the manifest itself, older ones in segments that it names. */

import { mapInParallel } from '../parallel.ts';
import type { ObjectStore } from '../store/object-store.ts';
import { IndexDamaged } from './errors.ts';
import type { History } from './garbage.ts';
import type { Manifest, Tombstone } from './manifest.ts';

/** Segments that are read side by side. */
const READS_AT_ONCE = 16;

/** What a segment says of each of its keys; the version is left out where no event of the key was known. */
type Segment = ReadonlyMap<string, string | undefined>;

type Source = Pick<Manifest, 'markers' | 'tombstones'>;

/**
 * The deletions that a manifest remembers. A key that is live in the rows was put again since: ask the rows first, as
 * segments never change.
 */
export class Tombstones {
  static readonly NONE = new Tombstones(new Map(), new Map());
  readonly #markers: ReadonlyMap<string, string | undefined>;
  /** By name, the oldest first. */
  readonly #segments: ReadonlyMap<string, Segment>;

  private constructor(markers: Segment, segments: ReadonlyMap<string, Segment>) {
    this.#markers = markers;
    this.#segments = segments;
  }

  /**
   * Reads the segments that `known` does not have.
   *
   * @throws ObjectNotFound when a later commit has cleaned one away; IndexDamaged; StoreUnavailable
   */
  static async read(
    store: ObjectStore,
    { markers, tombstones = [] }: Source,
    known: Tombstones = Tombstones.NONE,
  ): Promise<Tombstones> {
    const segments = await mapInParallel(
      READS_AT_ONCE,
      tombstones,
      async ({ name }) => [name, known.#segments.get(name) ?? (await readSegment(store, name))] as const,
    );
    return new Tombstones(new Map(markers.map(({ key, version }) => [key, version])), new Map(segments));
  }

  /** The deletion of a key that is remembered, the latest one. */
  get(key: string): { readonly version: string | undefined } | undefined {
    if (this.#markers.has(key)) return { version: this.#markers.get(key) };
    for (const segment of [...this.#segments.values()].reverse())
      if (segment.has(key)) return { version: segment.get(key) };
    return undefined;
  }

  /** All that are remembered, each key once. */
  all(): ReadonlyMap<string, string | undefined> {
    return new Map([...this.#segments.values(), this.#markers].flatMap((part) => [...part]));
  }
}

/**
 * Moves the markers into a segment of their own when they are more than a manifest should have.
 *
 * @param most markers that stay
 * @param name of the segment, where there is to be one
 */
export async function spill<Known extends Pick<History, 'markers' | 'tombstones'>>(
  store: ObjectStore,
  known: Known,
  most: number,
  name: () => string,
): Promise<Known> {
  if (known.markers.length <= most) return known;
  const segment = name();
  await writeSegment(store, segment, known.markers);
  return { ...known, markers: [], tombstones: [...known.tombstones, { name: segment, at: null }] };
}

/** Writes deletions into a segment: a JSON array of `[key]` or `[key, version]`. */
async function writeSegment(store: ObjectStore, name: string, markers: readonly Tombstone[]): Promise<void> {
  const entries = markers.map(({ key, version }) => (version === undefined ? [key] : [key, version]));
  await store.put(name, Buffer.from(JSON.stringify(entries)), { contentType: 'application/json' });
}

async function readSegment(store: ObjectStore, name: string): Promise<Segment> {
  const { body } = await store.get(name);
  return decodeSegment(name, body);
}

/** @throws IndexDamaged when the bytes are no segment */
export function decodeSegment(name: string, body: Uint8Array): Segment {
  let entries: unknown;
  try {
    entries = JSON.parse(new TextDecoder().decode(body));
  } catch (cause) {
    throw new IndexDamaged(name, 'it is not JSON', { cause });
  }
  const isEntry = (entry: unknown): entry is [string, string?] =>
    Array.isArray(entry) && typeof entry[0] === 'string' && ['string', 'undefined'].includes(typeof entry[1]);
  if (!Array.isArray(entries) || !entries.every(isEntry))
    throw new IndexDamaged(name, 'it is no list of keys and versions');
  return new Map(entries.map(([key, version]) => [key, version]));
}
