/** An object store on S3, or on any store that speaks its protocol. */

import {
  DeleteObjectCommand,
  DeleteObjectsCommand,
  GetObjectCommand,
  HeadObjectCommand,
  type HeadObjectCommandOutput,
  ListObjectsV2Command,
  PutObjectCommand,
  type S3Client,
} from '@aws-sdk/client-s3';
import { systemClock } from '../clock.ts';
import {
  ObjectNotFound,
  PreconditionFailed,
  RangeNotSatisfiable,
  StoreUnavailable,
  StoreUnsuitable,
} from './errors.ts';
import { STORE_LIMITS } from './limits.ts';
import {
  assertKey,
  assertWithin,
  type ByteRange,
  type ComposePart,
  compareKeys,
  type GetOptions,
  type ListOptions,
  type ObjectInfo,
  type ObjectStore,
  type PutOptions,
  type StoredObject,
  targetOf,
} from './object-store.ts';
import { createObject } from './s3/creating.ts';
import { statusOf, storeErrorOf } from './s3/faults.ts';
import { listedObject, withoutQuotes } from './s3/listed.ts';
import { fromHeaders, toHeaders, writeOf } from './s3/metadata.ts';
import { composeObject } from './s3/multipart.ts';
import { planParts } from './s3/multipart-plan.ts';
import { readInto, readWhole, type Source } from './s3/reading.ts';

/** Reads of an object that is replaced again and again, before its reader gives up. */
const MAX_REPLACED = 3;

/** What XML cannot carry, or changes: keys with these are deleted one at a time. */
const NOT_FOR_XML = /[\p{Cc}\uFFFE\uFFFF]/u;

/**
 * Conditional writes are decided by the store (`s3/creating.ts`), large reads are cut into ranged GETs (`s3/reading.ts`),
 * and composed objects are multipart uploads whose parts are copied inside the store (`s3/multipart-plan.ts`). The
 * client decides on timeouts, retries and connections: take it from `s3Client`.
 */
export class S3Store implements ObjectStore {
  readonly #client: S3Client;
  readonly #bucket: string;

  constructor({ client, bucket }: { readonly client: S3Client; readonly bucket: string }) {
    this.#client = client;
    this.#bucket = bucket;
  }

  async get(key: string, options: GetOptions = {}): Promise<StoredObject> {
    assertKey(key);
    const { ifMatch, ...limits } = options;
    for (let attempt = 1; ; attempt++) {
      try {
        const source = { ...this.#source(key), eTag: ifMatch && `"${ifMatch}"` };
        const { body, output } = await readWhole(source, limits);
        return { ...describe(key, { ...output, ContentLength: body.byteLength }), body };
      } catch (error) {
        const wasReplaced = error instanceof PreconditionFailed && ifMatch === undefined;
        if (error instanceof RangeNotSatisfiable) {
          const empty = await this.#emptyObject(key, ifMatch);
          if (empty) return empty;
        } else if (!wasReplaced) throw error;
        if (attempt === MAX_REPLACED) throw new StoreUnavailable(`"${key}" is replaced all the time`);
      }
    }
  }

  async read(key: string, range: ByteRange, target?: Uint8Array): Promise<Uint8Array> {
    assertKey(key);
    const bytes = targetOf(range, target);
    if (bytes.byteLength > 0) await readInto(this.#source(key), range.start, bytes);
    else await this.#assertHolds(key, range);
    return bytes;
  }

  async head(key: string): Promise<Omit<StoredObject, 'body'> | undefined> {
    assertKey(key);
    const found = await this.#head(key);
    return found && describe(key, found);
  }

  async *list(options: ListOptions): AsyncIterable<readonly ObjectInfo[]> {
    const { prefix, startAfter, endBefore, pageSize } = options;
    let ContinuationToken: string | undefined;
    do {
      const command = new ListObjectsV2Command({
        Bucket: this.#bucket,
        Prefix: prefix,
        // XML cannot carry every key.
        EncodingType: 'url',
        ...(startAfter && { StartAfter: startAfter }),
        ...(pageSize !== undefined && { MaxKeys: pageSize }),
        ...(ContinuationToken !== undefined && { ContinuationToken }),
      });
      const page = await this.#asking(undefined, () => this.#client.send(command));
      ContinuationToken = page.IsTruncated ? page.NextContinuationToken : undefined;
      const infos = (page.Contents ?? []).map(({ Key = '', ...object }) =>
        listedObject({ ...object, Key: decodeURIComponent(Key.replace(/\+/g, ' ')) }),
      );
      const end = infos.findIndex(({ key }) => endBefore !== undefined && compareKeys(key, endBefore) >= 0);
      const wanted = end < 0 ? infos : infos.slice(0, end);
      if (wanted.length > 0) yield wanted;
      if (end >= 0) return;
    } while (ContinuationToken !== undefined);
  }

  async put(key: string, body: Uint8Array, options: PutOptions = {}): Promise<{ eTag: string }> {
    assertKey(key);
    const command = new PutObjectCommand({ ...this.#inputOf(key, options), Body: body });
    const { ETag } = await this.#asking(key, () => this.#client.send(command));
    return { eTag: withoutQuotes(ETag) };
  }

  async putIfAbsent(key: string, body: Uint8Array, options: PutOptions = {}): Promise<boolean> {
    assertKey(key);
    const write = systemClock.ulid();
    const input = { ...this.#inputOf(key, options, write), Body: body };
    return this.#asking(key, () => createObject(this.#client, input, () => this.#isWrite(key, write)));
  }

  async compose(
    key: string,
    parts: Iterable<ComposePart> | AsyncIterable<ComposePart>,
    options: PutOptions = {},
  ): Promise<{ size: number }> {
    assertKey(key);
    const write = systemClock.ulid();
    const target = {
      client: this.#client,
      input: this.#inputOf(key, options, write),
      read: (from: string, range: ByteRange, bytes: Uint8Array) => this.read(from, range, bytes),
      isDone: async () => (await this.#isWrite(key, write)) === true,
    };
    return this.#asking(key, () => composeObject(target, planParts(this.#checked(parts))));
  }

  async delete(keys: readonly string[]): Promise<void> {
    for (const key of keys) assertKey(key);
    for (const Key of keys.filter((key) => NOT_FOR_XML.test(key))) {
      const command = new DeleteObjectCommand({ Bucket: this.#bucket, Key });
      await this.#asking(Key, () => this.#client.send(command));
    }
    const others = keys.filter((key) => !NOT_FOR_XML.test(key));
    for (let i = 0; i < others.length; i += STORE_LIMITS.maxDeletes)
      await this.#deleteAll(others.slice(i, i + STORE_LIMITS.maxDeletes));
  }

  async #deleteAll(keys: readonly string[]): Promise<void> {
    const Objects = keys.map((Key) => ({ Key }));
    const command = new DeleteObjectsCommand({ Bucket: this.#bucket, Delete: { Objects, Quiet: true } });
    const { Errors = [] } = await this.#asking(undefined, () => this.#client.send(command));
    const [first] = Errors;
    if (!first) return;
    const said = `"${first.Key}" and ${Errors.length - 1} more could not be deleted (${first.Code}: ${first.Message})`;
    throw first.Code === 'AccessDenied' ? new StoreUnsuitable(said) : new StoreUnavailable(said);
  }

  /** Lets the pieces pass whose sources are there and long enough; stores differ in how they refuse others. */
  async *#checked(
    pieces: Iterable<ComposePart> | AsyncIterable<ComposePart>,
  ): AsyncGenerator<ComposePart, void, void> {
    const sizes = new Map<string, number>();
    for await (const piece of pieces) {
      if (!(piece instanceof Uint8Array)) {
        const key = piece.copyFrom;
        const size = sizes.get(key) ?? (await this.head(key))?.size;
        if (size === undefined) throw new ObjectNotFound(key);
        sizes.set(key, size);
        assertWithin(key, piece.range, size);
      }
      yield piece;
    }
  }

  /** The object of `key` if it is there and empty: no range of it can be asked for. */
  async #emptyObject(key: string, ifMatch: string | undefined): Promise<StoredObject | undefined> {
    const found = await this.head(key);
    if (!found) throw new ObjectNotFound(key);
    if (ifMatch !== undefined && ifMatch !== found.eTag) throw new PreconditionFailed(key);
    return found.size === 0 ? { ...found, body: new Uint8Array(0) } : undefined;
  }

  async #assertHolds(key: string, range: ByteRange): Promise<void> {
    const found = await this.head(key);
    if (!found) throw new ObjectNotFound(key);
    assertWithin(key, range, found.size);
  }

  /** Whether the object of `key` was made by the write of this name; `undefined` when there is none. */
  async #isWrite(key: string, write: string): Promise<boolean | undefined> {
    const found = await this.#head(key);
    return found && writeOf(found.Metadata) === write;
  }

  async #head(key: string): Promise<HeadObjectCommandOutput | undefined> {
    try {
      return await this.#client.send(new HeadObjectCommand({ Bucket: this.#bucket, Key: key }));
    } catch (error) {
      if (statusOf(error) === 404) return undefined;
      throw storeErrorOf(
        statusOf(error) === 400 ? await this.#inWords(key, error) : error,
        this.#bucket,
        key,
      );
    }
  }

  /** The refusal of a HEAD has no body, and so does not say whether it is for the key of SSE-C that is missing; that of a GET does. */
  async #inWords(Key: string, refusal: unknown): Promise<unknown> {
    try {
      const command = new GetObjectCommand({ Bucket: this.#bucket, Key, Range: 'bytes=0-0' });
      await (await this.#client.send(command)).Body?.transformToByteArray();
      return refusal;
    } catch (error) {
      return error;
    }
  }

  #source(key: string): Source {
    return { client: this.#client, bucket: this.#bucket, key };
  }

  #inputOf(key: string, { contentType, metadata }: PutOptions, write?: string) {
    return {
      Bucket: this.#bucket,
      Key: key,
      Metadata: toHeaders(metadata, write),
      ...(contentType !== undefined && { ContentType: contentType }),
    };
  }

  /** Runs `work`; errors of the SDK come out as errors of a store, about `key` or about the bucket. */
  async #asking<T>(key: string | undefined, work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (error) {
      throw storeErrorOf(error, this.#bucket, key);
    }
  }
}

function describe(key: string, output: HeadObjectCommandOutput): Omit<StoredObject, 'body'> {
  return {
    key,
    size: output.ContentLength ?? 0,
    eTag: withoutQuotes(output.ETag),
    lastModified: output.LastModified ?? new Date(0),
    contentType: output.ContentType,
    metadata: fromHeaders(output.Metadata),
  };
}
