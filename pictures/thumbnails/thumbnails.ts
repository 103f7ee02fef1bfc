/** The small copies of pictures beside the index: what they are called, and how large they are. */

import { createHash } from 'node:crypto';
import type { KeyedRow } from '../../vectorlog/commit/base.ts';
import type { Logger } from '../../vectorlog/logger.ts';
import type { ObjectStore } from '../../vectorlog/store/object-store.ts';
import type { PictureDecoder } from '../decoding/decoder.ts';
import type { PictureHeader } from '../decoding/header.ts';
import type { SmallCopyOptions } from '../decoding/small-copy.ts';

/** Where they stand, relative to the model's namespace. */
export const THUMBNAILS_PREFIX = 'thumbnails/';

/** Sharp in a grid on a dense screen, and a fiftieth of a photo's bytes. */
export const THUMBNAIL = {
  side: 512,
  fit: 'inside',
  format: 'webp',
  quality: 75,
} as const satisfies SmallCopyOptions;

/** A small copy, and what the original told that the copy does not. */
export interface Thumbnail {
  readonly body: Uint8Array;
  /** SHA-256 of the original's bytes, its first 16 bytes in hex. */
  readonly hash: string;
  readonly hasExif: boolean;
}

/** Makes the small copy of a picture file. */
export type MakeThumbnail = (file: Uint8Array) => Promise<Thumbnail>;

/** @throws PictureRejected, DecodingFailed */
export const thumbnailMaker =
  (decoder: PictureDecoder): MakeThumbnail =>
  async (file) => {
    const header = await decoder.header(file);
    return asThumbnail(await decoder.smallCopy(header, THUMBNAIL), file, header);
  };

/** @param body the small copy of `file` */
export function asThumbnail(body: Uint8Array, file: Uint8Array, { metadata }: PictureHeader): Thumbnail {
  const hash = createHash('sha256').update(file).digest('hex').slice(0, 32);
  return { body, hash, hasExif: metadata.exif !== undefined };
}

/**
 * The name of the small copy of one state of one picture. Its version is in it beside its content: what replaced a picture,
 * or brought the same bytes back, has a name of its own, so that a late deletion never meets it.
 */
export function thumbnailName({ key, eTag, version = '' }: KeyedRow): string {
  const digest = createHash('sha256').update(`${key}\0${eTag}\0${version}`).digest('hex');
  return `${THUMBNAILS_PREFIX}${digest.slice(0, 32)}.webp`;
}

/** Writes a small copy; what is there is of the same bytes. */
export async function writeThumbnail(
  index: ObjectStore,
  of: KeyedRow,
  { body, hash, hasExif }: Thumbnail,
): Promise<void> {
  const metadata = { hash, exif: String(hasExif) };
  await index.put(thumbnailName(of), body, { contentType: 'image/webp', metadata });
}

/** Removes the small copies of what the index left behind (`onDropped` of a compaction); a backfill removes what this could not. */
export const dropThumbnails =
  (index: ObjectStore, logger: Logger) =>
  async (entries: readonly KeyedRow[]): Promise<void> => {
    try {
      await index.delete(entries.map(thumbnailName));
    } catch (error) {
      logger.warn('thumbnails were left behind; a backfill removes them', {
        thumbnails: entries.length,
        error,
      });
    }
  };
