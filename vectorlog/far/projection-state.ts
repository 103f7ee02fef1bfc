/** How far the rows of the index have come to the far index: one small object, which every search reads. */

import { createHash } from 'node:crypto';
import { IndexDamaged } from '../commit/errors.ts';
import { deadBytes } from '../commit/file-formats.ts';
import type { Committed, ManifestInfo } from '../commit/manifest.ts';
import { FAR_PREFIX } from '../names.ts';
import { Bitset } from '../scan/bitset.ts';
import { ObjectNotFound } from '../store/errors.ts';
import type { ObjectStore } from '../store/object-store.ts';
import { FAR_LIMITS } from './limits.ts';

/** The end of a number of rows, in rows and in bytes of the rows file. */
export interface Place {
  readonly rows: number;
  readonly bytes: number;
}

export const START: Place = { rows: 0, bytes: 0 };

/**
 * Rows of one history of the index under names of their own. A store that was restored from a copy goes on with other
 * rows under the same numbers; they get another projection, with other names.
 */
export interface Projection {
  readonly format: 1;
  /** What the names of its rows begin with. */
  readonly id: string;
  /** The index of the service that it is in: another one, or one that was made anew, has none of its rows. */
  readonly target: string;
  readonly lineage: string;
  /** The commit that it was brought up to, and the entity tag of that one's manifest. */
  readonly generation: number;
  readonly eTag: string;
  /** The service acknowledged all rows before this, but for those that were dead. */
  readonly end: Place;
  /** It did so long enough ago for every query to show them. */
  readonly settled: Place;
  /** SHA-256 of the rows file from `start` to the end, to know this history by. */
  readonly fingerprint: { readonly start: number; readonly sha256: string };
  /** How much of the truth the service found when it was measured last. */
  readonly recall?: Recall;
  /** Rows that the service cannot take; no search finds them. */
  readonly unfit: number;
  /** Projections of other histories, whose rows before `rows` are still to be deleted, from `from` on. */
  readonly retired: readonly { readonly id: string; readonly from: number; readonly rows: number }[];
}

/** A measured recall: of the nearest rows that an exact search finds, the share that the far index finds. */
export interface Recall {
  /** How many of the nearest rows were looked for. */
  readonly k: number;
  /** From 0 to 1, and its interval of 95 % confidence. */
  readonly value: number;
  readonly low: number;
  readonly high: number;
  /** Rows that were asked for their neighbours, and rows that those were looked for among. */
  readonly queries: number;
  readonly rows: number;
  /** Rows that were projected then. */
  readonly projected: number;
  /** ISO 8601, UTC. */
  readonly at: string;
}

const NAME = `${FAR_PREFIX}projection.json`;
const deletedName = (id: string): string => `${FAR_PREFIX}${id}.deleted`;

/** The name of a row in the service. */
export const rowName = ({ id }: Pick<Projection, 'id'>, row: number): string => `${id}-${row}`;

/** The row of a name; `undefined` for a name of another projection. */
export function rowOfName({ id }: Pick<Projection, 'id'>, name: string): number | undefined {
  if (!name.startsWith(`${id}-`)) return undefined;
  const digits = name.slice(id.length + 1);
  return /^\d{1,15}$/.test(digits) ? Number(digits) : undefined;
}

/** Reads the projection, and when it was written, by the store's clock; `undefined` where there is none. @throws IndexDamaged */
export async function readProjection(
  store: ObjectStore,
): Promise<{ readonly projection: Projection; readonly writtenAt: number } | undefined> {
  try {
    const { body, lastModified } = await store.get(NAME);
    const projection = JSON.parse(new TextDecoder().decode(body)) as Projection;
    if (projection.format !== 1) throw new IndexDamaged(NAME, `format ${projection.format} is not known`);
    return { projection, writtenAt: lastModified.getTime() };
  } catch (cause) {
    if (cause instanceof ObjectNotFound) return undefined;
    if (cause instanceof SyntaxError) throw new IndexDamaged(NAME, cause.message, { cause });
    throw cause;
  }
}

/** Writes the projection. Of two writers the later one stays, which at worst puts some rows twice. */
export async function writeProjection(store: ObjectStore, projection: Projection): Promise<void> {
  const body = new TextEncoder().encode(JSON.stringify(projection));
  await store.put(NAME, body, { contentType: 'application/json' });
}

/** The rows of a projection that the service was told to delete. */
export async function readDeleted(store: ObjectStore, { id, end }: Projection): Promise<Bitset> {
  try {
    const { body } = await store.get(deletedName(id));
    return new Bitset(body.byteLength * 8, body).copy(end.rows);
  } catch (error) {
    if (error instanceof ObjectNotFound) return new Bitset(end.rows);
    throw error;
  }
}

export async function writeDeleted(store: ObjectStore, { id }: Projection, deleted: Bitset): Promise<void> {
  await store.put(deletedName(id), deleted.bytes.subarray(0, deadBytes(deleted.length)));
}

/** Removes what is kept of a projection that is gone from the service. */
export const forgetDeleted = (store: ObjectStore, id: string): Promise<void> =>
  store.delete([deletedName(id)]);

/** What a history is known by: the end of its rows file up to `end`. */
export async function fingerprintOf(
  store: ObjectStore,
  file: string,
  end: Place,
): Promise<Projection['fingerprint']> {
  const start = Math.max(0, end.bytes - FAR_LIMITS.fingerprintBytes);
  return { start, sha256: await hashOf(store, file, start, end.bytes) };
}

/**
 * Whether a commit goes on where the projection is: the rows that are projected are rows of it.
 *
 * @param listed the manifests that are there
 * @param target the index of the service that is asked
 */
export async function isContinued(
  store: ObjectStore,
  projection: Projection,
  { manifest }: Committed,
  listed: readonly ManifestInfo[],
  target: string,
): Promise<boolean> {
  const { lineage, generation, eTag, end, fingerprint } = projection;
  const { files } = manifest;
  if (projection.target !== target) return false;
  if (lineage !== manifest.lineage || generation > manifest.generation) return false;
  if (end.rows > manifest.rows || end.bytes > files.rowsBytes) return false;
  const same = listed.find((one) => one.generation === generation);
  if (same) return same.eTag === eTag;
  // Old manifests are cleaned away; the rows themselves say whether they are the same.
  return (await hashOf(store, files.rows, fingerprint.start, end.bytes)) === fingerprint.sha256;
}

async function hashOf(store: ObjectStore, file: string, start: number, end: number): Promise<string> {
  const bytes = start === end ? new Uint8Array(0) : await store.read(file, { start, end });
  return createHash('sha256').update(bytes).digest('hex');
}
