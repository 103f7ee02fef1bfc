/** Small copies of pictures for the console, made once and kept in the index's folder. */

import { createHash } from 'node:crypto';
import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import sharp from 'sharp';
import { PICTURE_LIMITS } from '../pictures/decoding/limits.ts';
import { LikenessError } from '../vectorlog/errors.ts';
import type { ObjectStore } from '../vectorlog/store/object-store.ts';

/** Pixels of the longer side; few sizes, so that the cache stays small. */
export const THUMBNAIL_SIZES = [160, 320, 640, 1280] as const;

/** The smallest of the sizes that is not smaller than what was asked for. */
export const thumbnailSize = (asked: number): number =>
  THUMBNAIL_SIZES.find((size) => size >= asked) ?? THUMBNAIL_SIZES[THUMBNAIL_SIZES.length - 1]!;

/** The file cannot be shown; why it cannot be indexed either stands among the rejected pictures. */
export class PictureUnreadable extends LikenessError {
  readonly retryable = false;
}

export class Thumbnails {
  /** Being made now, so that a grid that asks twice has it made once. */
  readonly #making = new Map<string, Promise<Uint8Array>>();

  constructor(
    private readonly pictures: ObjectStore,
    private readonly folder: string,
  ) {}

  /**
   * A WebP of the picture whose longer side is `size` pixels, or less when the picture is smaller.
   *
   * @throws PictureUnreadable
   */
  async get(key: string, eTag: string, size: number): Promise<Uint8Array> {
    const folder = this.#folderOf(key);
    const path = join(folder, `${createHash('sha256').update(eTag).digest('hex').slice(0, 32)}-${size}.webp`);
    const kept = await readFile(path).catch(() => undefined);
    if (kept) return kept;
    const making = this.#making.get(path) ?? this.#make(key, size, folder, path);
    this.#making.set(path, making);
    return making.finally(() => this.#making.delete(path));
  }

  /** Forgets all sizes of a picture that changed or went. */
  forget(key: string): Promise<void> {
    return rm(this.#folderOf(key), { recursive: true, force: true });
  }

  #folderOf(key: string): string {
    const name = createHash('sha256').update(key).digest('hex');
    return join(this.folder, name.slice(0, 2), name.slice(2, 34));
  }

  async #make(key: string, size: number, folder: string, path: string): Promise<Uint8Array> {
    const { body } = await this.pictures.get(key);
    const small = await sharp(body, { limitInputPixels: PICTURE_LIMITS.maxPixels })
      .rotate()
      .resize(size, size, { fit: 'inside', withoutEnlargement: true })
      .webp({ quality: 80 })
      .toBuffer()
      .catch((cause: unknown) => {
        throw new PictureUnreadable(`"${key}" is not a readable picture`, { cause });
      });
    await mkdir(folder, { recursive: true });
    const scratch = `${path}.${process.pid}`;
    await writeFile(scratch, small);
    await rename(scratch, path);
    return small;
  }
}
