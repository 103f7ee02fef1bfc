/** The port to object storage: the few operations that Likeness needs of a bucket, and what keys and ranges are. */

import { KeyInvalid, ObjectOutOfReach, ObjectUnreadable, RangeNotSatisfiable } from './errors.ts';
import { STORE_LIMITS } from './limits.ts';

export interface ObjectInfo {
  readonly key: string;
  /** Bytes. */
  readonly size: number;
  /** The entity tag, without quotes. */
  readonly eTag: string;
  readonly lastModified: Date;
  /** There when a list shows that the object is in an archive, from which nothing can be read as it is. */
  readonly isArchived?: true;
}

export interface StoredObject extends ObjectInfo {
  readonly body: Uint8Array;
  readonly contentType: string | undefined;
  /** User metadata (`x-amz-meta-*`), names in lower case without the prefix. */
  readonly metadata: Readonly<Record<string, string>>;
}

export interface PutOptions {
  readonly contentType?: string;
  readonly metadata?: Readonly<Record<string, string>>;
}

/** Half-open byte range: `start` included, `end` not. */
export interface ByteRange {
  readonly start: number;
  readonly end: number;
}

/** A piece of a composed object: new bytes, or a range of an object that exists. */
export type ComposePart = Uint8Array | { readonly copyFrom: string; readonly range: ByteRange };

/** Which keys a list gives, and in what portions. */
export interface ListOptions {
  /** What keys begin with. */
  readonly prefix: string;
  /** Keys after this one, by their UTF-8 bytes. @default - from the first */
  readonly startAfter?: string;
  /** Keys before this one; the store is not asked for what comes after. @default - to the last */
  readonly endBefore?: string;
  /** Keys that a page has at the most, 1 to 1,000. @default 1000 */
  readonly pageSize?: number;
}

export interface GetOptions {
  /** The eTag that it must have. */
  readonly ifMatch?: string;
  /** Ends the read early; it then rejects with the signal's reason or an error of the store's. */
  readonly signal?: AbortSignal;
  /** What is larger is not read: for objects of others, which may have any size. @default all is */
  readonly maxBytes?: number;
}

/**
 * Keys are non-empty strings of at most 1,024 UTF-8 bytes; every method rejects others with a `KeyInvalid`, and with a
 * `StoreUnavailable` (retryable) when the store could not be reached after its own retries: whether a write then
 * happened is unknown.
 */
export interface ObjectStore {
  /**
   * Reads one object whole.
   *
   * @throws ObjectNotFound when there is none, PreconditionFailed when `ifMatch` is given and the eTag differs,
   * ObjectUnreadable when it is archived, or encrypted or forbidden to us, ObjectTooLarge when it has more than `maxBytes`.
   */
  get(key: string, options?: GetOptions): Promise<StoredObject>;

  /**
   * Reads the bytes of a range, straight into `target` when given (which must then be as long as the range).
   *
   * @throws ObjectNotFound when there is none, RangeNotSatisfiable when the object is shorter than `range.end`.
   */
  read(key: string, range: ByteRange, target?: Uint8Array): Promise<Uint8Array>;

  /** Describes one object, with its metadata; `undefined` when there is none. */
  head(key: string): Promise<Omit<StoredObject, 'body'> | undefined>;

  /** Lists keys in the order of their UTF-8 bytes, page by page. */
  list(options: ListOptions): AsyncIterable<readonly ObjectInfo[]>;

  /** Writes one object, replacing what was there. Readers see the old one or the new one, never a mixture. */
  put(key: string, body: Uint8Array, options?: PutOptions): Promise<{ eTag: string }>;

  /** Writes one object only where none is: `true` when this call created it, `false` when another was first. */
  putIfAbsent(key: string, body: Uint8Array, options?: PutOptions): Promise<boolean>;

  /**
   * Writes one object made of `parts` in order. Copied ranges move inside the store and do not pass through here,
   * but for less than 5 MiB where a part would be too small for a multipart upload. Parts are drawn from the iterable
   * as they are needed, so that a generator can write a file larger than memory; it may use the buffer of a part again
   * once the next part is drawn.
   *
   * @throws ObjectNotFound or RangeNotSatisfiable for a copied range that is not there; nothing is written then.
   */
  compose(
    key: string,
    parts: Iterable<ComposePart> | AsyncIterable<ComposePart>,
    options?: PutOptions,
  ): Promise<{ size: number }>;

  /** Deletes objects; those that are not there are no error. */
  delete(keys: readonly string[]): Promise<void>;
}

/**
 * Lets pass what every object store takes: 1 to 1,024 bytes of UTF-8.
 *
 * @throws KeyInvalid
 */
export function assertKey(key: string): void {
  const fault = faultOf(key);
  if (fault !== undefined) throw new KeyInvalid(key, fault);
}

/** Whether every object store takes `key`. */
export const isKey = (key: string): boolean => faultOf(key) === undefined;

function faultOf(key: string): string | undefined {
  if (key === '') return 'it is empty';
  if (/\p{Surrogate}/u.test(key)) return 'it is not well-formed Unicode';
  const bytes = Buffer.byteLength(key);
  if (bytes > STORE_LIMITS.maxKeyBytes)
    return `it has ${bytes} bytes of UTF-8, and ${STORE_LIMITS.maxKeyBytes} are the most`;
  return undefined;
}

/** Orders keys by their UTF-8 bytes, as object stores list them; JavaScript's own order is that of UTF-16. */
export function compareKeys(a: string, b: string): number {
  const length = Math.min(a.length, b.length);
  for (let i = 0; i < length; i++) {
    const x = a.charCodeAt(i);
    const y = b.charCodeAt(i);
    if (x !== y) return rank(x) - rank(y);
  }
  return a.length - b.length;
}

/** Surrogates stand for code points above U+FFFF, and so come after every other unit. */
const rank = (unit: number): number => (unit >= 0xd800 && unit <= 0xdfff ? unit + 0x10000 : unit);

/** Metadata as every store gives it back: names in lower case. */
export const normalMetadata = (metadata: Readonly<Record<string, string>> = {}): Record<string, string> =>
  Object.fromEntries(Object.entries(metadata).map(([name, value]) => [name.toLowerCase(), value]));

/** The bytes in a range. */
export const rangeLength = ({ start, end }: ByteRange): number => end - start;

/**
 * The buffer that a read fills: the caller's, or a new one of the range's length.
 *
 * @throws RangeError when the range is none, or the caller's buffer is not of its length: a mistake in the program.
 */
export function targetOf(range: ByteRange, target: Uint8Array | undefined): Uint8Array {
  const { start, end } = range;
  if (!Number.isSafeInteger(start) || !Number.isSafeInteger(end) || start < 0 || end < start)
    throw new RangeError(`not a byte range: ${start} to ${end}`);
  if (!target) return new Uint8Array(end - start);
  if (target.byteLength !== end - start)
    throw new RangeError(`a target of ${target.byteLength} bytes for a range of ${end - start}`);
  return target;
}

/** @throws RangeNotSatisfiable when an object of `size` bytes does not hold the range. */
export function assertWithin(key: string, range: ByteRange, size: number): void {
  if (range.end > size) throw new RangeNotSatisfiable(key);
}

/**
 * What is under a key. Of an object that the store keeps from us, for it is encrypted with a key of its readers or forbidden
 * to us, a list tells what its head does not.
 *
 * @throws ObjectOutOfReach; StoreUnsuitable when the list is kept from us too
 */
export async function lookUp(
  store: Pick<ObjectStore, 'head' | 'list'>,
  key: string,
): Promise<Pick<ObjectInfo, 'eTag' | 'size'> | undefined> {
  try {
    return await store.head(key);
  } catch (error) {
    if (!(error instanceof ObjectUnreadable)) throw error;
    // The key itself comes before all that begin with it.
    for await (const page of store.list({ prefix: key, pageSize: 1 }))
      return page.find((object) => object.key === key);
    return undefined;
  }
}

/** As `lookUp`; `out-of-reach` where nobody can look, and so nobody can say that it is gone. */
export async function lookUpIfInReach(
  store: Pick<ObjectStore, 'head' | 'list'>,
  key: string,
): Promise<Pick<ObjectInfo, 'eTag' | 'size'> | 'out-of-reach' | undefined> {
  try {
    return await lookUp(store, key);
  } catch (error) {
    if (error instanceof ObjectOutOfReach) return 'out-of-reach';
    throw error;
  }
}
