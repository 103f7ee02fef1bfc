/** Which pictures have no fingerprint that can be read: what `verify` warns of, and a backfill on one machine makes. */

import type { Clock } from '../../vectorlog/clock.ts';
import { type KeyStates, readKeyStates } from '../../vectorlog/commit/key-states.ts';
import { isRetryable, LikenessError } from '../../vectorlog/errors.ts';
import type { Logger } from '../../vectorlog/logger.ts';
import { mapInParallel } from '../../vectorlog/parallel.ts';
import { compareKeys, type ObjectStore } from '../../vectorlog/store/object-store.ts';
import { PICTURE_LIMITS } from '../decoding/limits.ts';
import type { MakeFingerprint } from '../duplicates/fingerprint.ts';
import { decodeFingerprint } from '../duplicates/fingerprint-format.ts';
import { FingerprintWriter } from '../duplicates/fingerprint-writer.ts';
import { fingerprintId } from '../duplicates/fingerprints.ts';
import { dropFromPacks, packsOf } from '../duplicates/pack-store.ts';
import { FINGERPRINTS_PREFIX } from '../names.ts';

/** A picture of the index whose fingerprint is not there, or there and of no use. */
export interface WithoutFingerprint {
  readonly key: string;
  readonly eTag: string;
  readonly id: string;
  /** Something stands under its id that is no fingerprint of this version of the software. */
  readonly isUnreadable: boolean;
}

interface Fingerprinted {
  /** In the order of keys. */
  readonly without: readonly WithoutFingerprint[];
  /** Ids that belong to no picture of the index: of earlier states of pictures, and of those that are gone. */
  readonly left: ReadonlySet<string>;
}

/** Reads all fingerprints, pack by pack, and holds them against the pictures of the index. */
export async function readFingerprinted(index: ObjectStore, states: KeyStates): Promise<Fingerprinted> {
  const [readable, unreadable] = [new Set<string>(), new Set<string>()];
  for await (const entries of packsOf(index, FINGERPRINTS_PREFIX))
    for (const { id, value } of entries) (decodeFingerprint(value) ? readable : unreadable).add(id);
  const left = new Set([...readable, ...unreadable]);
  const without: WithoutFingerprint[] = [];
  for (const [key, state] of states) {
    if (state.state !== 'live') continue;
    const id = fingerprintId({ key, eTag: state.eTag });
    left.delete(id);
    if (!readable.has(id)) without.push({ key, eTag: state.eTag, id, isUnreadable: unreadable.has(id) });
  }
  return { without: without.sort((one, other) => compareKeys(one.key, other.key)), left };
}

/** Pictures that are read and looked at side by side. */
const AT_ONCE = 4;

export interface MakeFingerprintsDeps {
  /** The index store, in the model's namespace. */
  readonly index: ObjectStore;
  readonly pictures: Pick<ObjectStore, 'get'>;
  readonly clock: Pick<Clock, 'ulid'>;
  readonly logger: Logger;
  readonly make: MakeFingerprint;
}

/**
 * Makes the fingerprints that are missing, and removes those that belong to no picture of the index. A picture that is being
 * indexed meanwhile may lose its own; it is made again when it is needed.
 *
 * @returns how many were made; a picture that has changed since, or cannot be looked at, is left without
 */
export async function makeFingerprints(
  { index, pictures, clock, logger, make }: MakeFingerprintsDeps,
  { prefix = '', onProgress }: { prefix?: string; onProgress?: (done: number, total: number) => void } = {},
): Promise<number> {
  const { without, left } = await readFingerprinted(index, await readKeyStates(index));
  const unreadable = without.filter(({ isUnreadable }) => isUnreadable).map(({ id }) => id);
  const unwanted = new Set([...left, ...unreadable]);
  if (unwanted.size > 0) await dropFromPacks(index, FINGERPRINTS_PREFIX, clock, unwanted);
  const wanted = without.filter(({ key }) => key.startsWith(prefix));
  const writer = new FingerprintWriter(index, clock, logger, make);
  let [made, done] = [0, 0];
  await mapInParallel(AT_ONCE, wanted, async ({ key, eTag }) => {
    const file = await contentOf(pictures, key, eTag);
    if (file && (await writer.add({ key, eTag }, file))) made++;
    onProgress?.(++done, wanted.length);
  });
  await writer.flush();
  return made;
}

/** `undefined` for a picture that is gone or has changed: its event is on its way. */
async function contentOf(
  pictures: Pick<ObjectStore, 'get'>,
  key: string,
  eTag: string,
): Promise<Uint8Array | undefined> {
  try {
    return (await pictures.get(key, { ifMatch: eTag, maxBytes: PICTURE_LIMITS.maxBytesOfLargeKinds })).body;
  } catch (error) {
    if (error instanceof LikenessError && !isRetryable(error)) return undefined;
    throw error;
  }
}
