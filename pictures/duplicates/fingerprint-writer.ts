/** Makes fingerprints when pictures are indexed, and takes those of pictures away that the index left behind. */

import type { Clock } from '../../vectorlog/clock.ts';
import type { KeyedRow } from '../../vectorlog/commit/base.ts';
import type { Logger } from '../../vectorlog/logger.ts';
import type { ObjectStore } from '../../vectorlog/store/object-store.ts';
import { FINGERPRINTS_PREFIX } from '../names.ts';
import type { MakeFingerprint } from './fingerprint.ts';
import { encodeFingerprint } from './fingerprint-format.ts';
import { fingerprintId } from './fingerprints.ts';
import { dropFromPacks, type PackEntry, writePack } from './pack-store.ts';

/** Fingerprints of one pack: some megabytes. */
const FINGERPRINTS_A_PACK = 256;

/** Those that were not written when the process ends are made again when they are needed. */
export class FingerprintWriter {
  #made: PackEntry[] = [];
  #writing: Promise<void> = Promise.resolve();

  constructor(
    private readonly index: ObjectStore,
    private readonly clock: Pick<Clock, 'ulid'>,
    private readonly logger: Logger,
    private readonly make: MakeFingerprint,
  ) {}

  /**
   * Makes one. Never rejects: a picture without a fingerprint is indexed all the same.
   *
   * @returns whether it was made
   */
  async add(picture: Pick<KeyedRow, 'key' | 'eTag'>, file: Uint8Array): Promise<boolean> {
    try {
      this.#made.push({ id: fingerprintId(picture), value: encodeFingerprint(await this.make(file)) });
      if (this.#made.length >= FINGERPRINTS_A_PACK) await this.flush();
      return true;
    } catch (error) {
      this.logger.info('a picture is indexed without a fingerprint', { key: picture.key, error });
      return false;
    }
  }

  /** Writes those that were made; resolves when those are written, too, that are being written. */
  flush(): Promise<void> {
    this.#writing = this.#writing.catch(() => {}).then(() => this.#write());
    return this.#writing;
  }

  async #write(): Promise<void> {
    const made = this.#made;
    this.#made = [];
    if (made.length > 0) await writePack(this.index, FINGERPRINTS_PREFIX, this.clock, made);
  }
}

/** Removes the fingerprints of what the index left behind (`onDropped` of a compaction). Never rejects. */
export const dropFingerprints =
  (index: ObjectStore, clock: Pick<Clock, 'ulid'>, logger: Logger) =>
  async (entries: readonly KeyedRow[]): Promise<void> => {
    try {
      await dropFromPacks(index, FINGERPRINTS_PREFIX, clock, new Set(entries.map(fingerprintId)));
    } catch (error) {
      logger.warn('fingerprints of pictures that are gone were left behind', {
        pictures: entries.length,
        error,
      });
    }
  };
