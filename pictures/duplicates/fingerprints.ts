/** The fingerprints of an index, made when pictures come in, or when they are first needed. */

import { createHash } from 'node:crypto';
import type { Clock } from '../../vectorlog/clock.ts';
import type { KeyedRow } from '../../vectorlog/commit/base.ts';
import { isRetryable, LikenessError } from '../../vectorlog/errors.ts';
import { ObjectNotFound, ObjectUnreadable } from '../../vectorlog/store/errors.ts';
import type { ObjectStore } from '../../vectorlog/store/object-store.ts';
import { PICTURE_LIMITS } from '../decoding/limits.ts';
import { FINGERPRINTS_PREFIX } from '../names.ts';
import { thumbnailName } from '../thumbnails/thumbnails.ts';
import { fingerprintOf, type MakeFingerprint } from './fingerprint.ts';
import { decodeFingerprint, encodeFingerprint, type Fingerprint, lumaOf } from './fingerprint-format.ts';
import { PackStore } from './pack-store.ts';
import { type Signature, signatureOf } from './signature.ts';

/** Fingerprints that are kept decoded: those of some steps and their neighbours. */
const MAX_RECENT = 2_048;

/** One state of one picture. */
export interface PictureVersion extends KeyedRow {
  /** Pixels, as far as the index knows them. */
  readonly width?: number | undefined;
  readonly height?: number | undefined;
}

/** The id under which the fingerprint of a picture stands. */
export const fingerprintId = ({ key, eTag }: Pick<PictureVersion, 'key' | 'eTag'>): string =>
  createHash('sha256').update(`${key}\0${eTag}`).digest('hex').slice(0, 32);

export class Fingerprints {
  readonly #packs: PackStore;
  /** Those that were asked for last, decoded. */
  readonly #recent = new Map<string, Fingerprint>();
  /** By id; `undefined` for what is too plain to have one. */
  readonly #signatures = new Map<string, Signature | undefined>();
  /** Pictures that have none and cannot get one, so that they are not read again and again. */
  readonly #without = new Set<string>();

  /**
   * @param pictures where those that have none are read from
   * @param make of a picture's file
   */
  constructor(
    private readonly index: ObjectStore,
    private readonly pictures: Pick<ObjectStore, 'get'>,
    clock: Pick<Clock, 'ulid'>,
    private readonly make: MakeFingerprint = (file) => fingerprintOf(file),
  ) {
    this.#packs = new PackStore(index, FINGERPRINTS_PREFIX, clock);
  }

  /** Learns what others have made since. */
  refresh(): Promise<void> {
    return this.#packs.refresh();
  }

  /** What is known without reading a picture. */
  known(id: string): Fingerprint | undefined {
    const recent = this.#recent.get(id);
    if (recent) return recent;
    const bytes = this.#packs.get(id);
    const decoded = bytes && decodeFingerprint(bytes);
    if (!decoded) return undefined;
    if (this.#recent.size >= MAX_RECENT) {
      const [oldest] = this.#recent.keys();
      this.#recent.delete(oldest!);
    }
    this.#recent.set(id, decoded);
    return decoded;
  }

  /** The hash of a picture's bytes, if it is known: cheaper than the whole fingerprint. */
  hash(id: string): string | undefined {
    const bytes = this.#packs.get(id);
    return bytes && Buffer.from(bytes.buffer, bytes.byteOffset, 32).toString('hex', 16, 32);
  }

  /** What a picture is at a glance, without reading it; `undefined` also for one that is too plain for that. */
  signature(id: string): Signature | undefined {
    const known = this.#signatures.get(id);
    if (known || this.#signatures.has(id)) return known;
    const bytes = this.#packs.get(id);
    if (!bytes) return undefined;
    const luma = lumaOf(bytes);
    const made = luma && signatureOf(luma);
    this.#signatures.set(id, made);
    return made;
  }

  /** Makes one where there is none; `undefined` for a picture that is gone, has changed, or cannot be decoded here. */
  async of(picture: PictureVersion): Promise<Fingerprint | undefined> {
    const id = fingerprintId(picture);
    const known = this.known(id);
    if (known || this.#without.has(id)) return known;
    try {
      const made = (await this.#ofThumbnail(picture)) ?? (await this.#ofOriginal(picture));
      this.#packs.add(id, encodeFingerprint(made));
      return made;
    } catch (error) {
      // A fault that passes must not decide for good that there is none.
      if (error instanceof LikenessError && isRetryable(error)) throw error;
      this.#without.add(id);
      return undefined;
    }
  }

  /** A fiftieth of the bytes of the original, where there is one. */
  async #ofThumbnail(picture: PictureVersion): Promise<Fingerprint | undefined> {
    const { width, height } = picture;
    if (width === undefined || height === undefined) return undefined;
    try {
      const { body, metadata } = await this.index.get(thumbnailName(picture));
      const { hash, exif } = metadata;
      return hash === undefined
        ? undefined
        : await fingerprintOf(body, { hash, width, height, hasExif: exif === 'true' });
    } catch (error) {
      if (error instanceof ObjectNotFound || error instanceof ObjectUnreadable) return undefined;
      throw error;
    }
  }

  async #ofOriginal({ key, eTag }: PictureVersion): Promise<Fingerprint> {
    const maxBytes = PICTURE_LIMITS.maxBytesOfLargeKinds;
    return this.make((await this.pictures.get(key, { ifMatch: eTag, maxBytes })).body);
  }

  /** Removes those of pictures that are gone, where they are more than a few. @param living ids of all that are there */
  keepOnly(living: ReadonlySet<string>): Promise<void> {
    for (const id of this.#signatures.keys()) if (!living.has(id)) this.#signatures.delete(id);
    return this.#packs.keepOnly(living);
  }

  /** Writes those that were made. */
  flush(): Promise<void> {
    return this.#packs.flush();
  }
}
