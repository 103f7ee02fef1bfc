/** Small copies of pictures for the console, made once and kept in the index's folder. */

import { createHash } from 'node:crypto';
import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { PictureDecoder } from '../pictures/decoding/decoder.ts';
import { tooManyBytes } from '../pictures/decoding/source.ts';
import type { ObjectInfo, ObjectStore } from '../vectorlog/store/object-store.ts';

/** Pixels of the longer side; few sizes, so that the cache stays small. */
const THUMBNAIL_SIZES = [160, 320, 640, 1280] as const;

/** The smallest of the sizes that is not smaller than what was asked for. */
export const thumbnailSize = (asked: number): number =>
  THUMBNAIL_SIZES.find((size) => size >= asked) ?? THUMBNAIL_SIZES[THUMBNAIL_SIZES.length - 1]!;

export class Thumbnails {
  /** Being made now, so that a grid that asks twice has it made once. */
  readonly #making = new Map<string, Promise<Uint8Array>>();

  constructor(
    private readonly pictures: ObjectStore,
    private readonly folder: string,
    private readonly decoder: PictureDecoder,
  ) {}

  /**
   * A WebP of the picture whose longer side is `size` pixels, or less when the picture is smaller.
   *
   * @throws PictureRejected for the same reasons for which the picture cannot be indexed
   */
  async get(key: string, { eTag, size: bytes }: ObjectInfo, size: number): Promise<Uint8Array> {
    const folder = this.#folderOf(key);
    const path = join(folder, `${createHash('sha256').update(eTag).digest('hex').slice(0, 32)}-${size}.webp`);
    const kept = await readFile(path).catch(() => undefined);
    if (kept) return kept;
    const making = this.#making.get(path) ?? this.#make(key, bytes, size, folder, path);
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

  async #make(key: string, bytes: number, size: number, folder: string, path: string): Promise<Uint8Array> {
    const most = this.decoder.limits.maxBytesOfLargeKinds;
    if (bytes > most) throw tooManyBytes(bytes, most);
    // It may be another file by now.
    const { body } = await this.pictures.get(key, { maxBytes: most });
    const small = await this.decoder.smallCopy(body, { side: size, fit: 'inside', format: 'webp' });
    await mkdir(folder, { recursive: true });
    const scratch = `${path}.${process.pid}`;
    await writeFile(scratch, small);
    await rename(scratch, path);
    return small;
  }
}
