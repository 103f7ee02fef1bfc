/** An object store in memory: the reference that the others are held against, and the ground of the simulation. */

import { createHash } from 'node:crypto';
import { type Clock, systemClock } from '../clock.ts';
import { ObjectNotFound, ObjectTooLarge, PreconditionFailed } from '../store/errors.ts';
import {
  assertKey,
  assertWithin,
  type ByteRange,
  type ComposePart,
  compareKeys,
  type GetOptions,
  type ListOptions,
  normalMetadata,
  type ObjectInfo,
  type ObjectStore,
  type PutOptions,
  type StoredObject,
  targetOf,
} from '../store/object-store.ts';

export interface MemoryStoreOptions {
  /** Gives `lastModified`. @default the machine's clock */
  readonly clock?: Pick<Clock, 'now'>;
  /** Objects on one page of a list. @default 1000 */
  readonly pageSize?: number;
}

export class MemoryStore implements ObjectStore {
  readonly #objects = new Map<string, StoredObject>();
  /** The keys in the order of lists. */
  readonly #keys: string[] = [];
  readonly #clock: Pick<Clock, 'now'>;
  readonly #pageSize: number;

  constructor({ clock = systemClock, pageSize = 1_000 }: MemoryStoreOptions = {}) {
    this.#clock = clock;
    this.#pageSize = pageSize;
  }

  async get(key: string, { ifMatch, maxBytes }: GetOptions = {}): Promise<StoredObject> {
    const object = this.#find(key);
    if (ifMatch !== undefined && ifMatch !== object.eTag) throw new PreconditionFailed(key);
    if (maxBytes !== undefined && object.size > maxBytes) throw new ObjectTooLarge(key, object.size);
    return { ...object, body: object.body.slice() };
  }

  async read(key: string, range: ByteRange, target?: Uint8Array): Promise<Uint8Array> {
    const bytes = targetOf(range, target);
    const object = this.#find(key);
    assertWithin(key, range, object.size);
    bytes.set(object.body.subarray(range.start, range.end));
    return bytes;
  }

  async head(key: string): Promise<Omit<StoredObject, 'body'> | undefined> {
    assertKey(key);
    const object = this.#objects.get(key);
    if (!object) return undefined;
    const { body: _, ...description } = object;
    return description;
  }

  async *list(options: ListOptions): AsyncIterable<readonly ObjectInfo[]> {
    const { prefix, endBefore } = options;
    const pageSize = Math.min(this.#pageSize, options.pageSize ?? this.#pageSize);
    let after = options.startAfter ?? '';
    for (;;) {
      // Every page sees the store as it is when the page is drawn, as on S3.
      const page: ObjectInfo[] = [];
      const first = compareKeys(after, prefix) < 0 ? this.#position(prefix) : this.#position(after);
      for (let i = first; i < this.#keys.length && page.length < pageSize; i++) {
        const key = this.#keys[i]!;
        if (key === after) continue;
        if (!key.startsWith(prefix) || (endBefore !== undefined && compareKeys(key, endBefore) >= 0)) break;
        const { size, eTag, lastModified } = this.#objects.get(key)!;
        page.push({ key, size, eTag, lastModified });
      }
      if (page.length === 0) return;
      yield page;
      if (page.length < pageSize) return;
      after = page[page.length - 1]!.key;
    }
  }

  async put(key: string, body: Uint8Array, options: PutOptions = {}): Promise<{ eTag: string }> {
    assertKey(key);
    return { eTag: this.#write(key, body.slice(), options) };
  }

  async putIfAbsent(key: string, body: Uint8Array, options: PutOptions = {}): Promise<boolean> {
    assertKey(key);
    if (this.#objects.has(key)) return false;
    this.#write(key, body.slice(), options);
    return true;
  }

  async compose(
    key: string,
    parts: Iterable<ComposePart> | AsyncIterable<ComposePart>,
    options: PutOptions = {},
  ): Promise<{ size: number }> {
    assertKey(key);
    const pieces: Uint8Array[] = [];
    for await (const part of parts)
      pieces.push(part instanceof Uint8Array ? part.slice() : await this.read(part.copyFrom, part.range));
    const body = new Uint8Array(Buffer.concat(pieces));
    this.#write(key, body, options);
    return { size: body.byteLength };
  }

  async delete(keys: readonly string[]): Promise<void> {
    for (const key of keys) {
      assertKey(key);
      if (this.#objects.delete(key)) this.#keys.splice(this.#position(key), 1);
    }
  }

  #find(key: string): StoredObject {
    assertKey(key);
    const object = this.#objects.get(key);
    if (!object) throw new ObjectNotFound(key);
    return object;
  }

  #write(key: string, body: Uint8Array, { contentType, metadata }: PutOptions): string {
    if (!this.#objects.has(key)) this.#keys.splice(this.#position(key), 0, key);
    const eTag = createHash('md5').update(body).digest('hex');
    const lastModified = new Date(this.#clock.now());
    this.#objects.set(key, {
      key,
      body,
      size: body.byteLength,
      eTag,
      lastModified,
      contentType,
      metadata: normalMetadata(metadata),
    });
    return eTag;
  }

  /** Where `key` stands among the keys, or would. */
  #position(key: string): number {
    let low = 0;
    let high = this.#keys.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (compareKeys(this.#keys[middle]!, key) < 0) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}
