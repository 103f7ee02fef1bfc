/** A store that counts what would cross the network, and whose FAISS files are only lengths, so that large ones are cheap. */

import { DIMENSIONS } from '../../../pictures/dimensions.ts';
import { encodeFaissHeader } from '../../../vectorlog/commit/file-formats.ts';
import {
  type ByteRange,
  type ComposePart,
  type ObjectStore,
  type PutOptions,
  rangeLength,
} from '../../../vectorlog/store/object-store.ts';
import { planParts } from '../../../vectorlog/store/s3/multipart-plan.ts';
import { MemoryStore } from '../../../vectorlog/testing/memory-store.ts';

export class MeteredStore extends MemoryStore implements ObjectStore {
  /** Bytes that were sent to the store. */
  sent = 0;
  /** Bytes that came from it. */
  received = 0;
  /** Requests, as S3 would have them. */
  requests = 0;
  /** Bytes of a composed part or a read block at the most that were in memory at a time. */
  largestPiece = 0;
  readonly #lengths = new Map<string, number>();

  reset(): void {
    this.sent = 0;
    this.received = 0;
    this.requests = 0;
    this.largestPiece = 0;
  }

  /** Lets a FAISS file of `bytes` be there. */
  pretend(name: string, bytes: number): void {
    this.#lengths.set(name, bytes);
  }

  lengthOf(name: string): number | undefined {
    return this.#lengths.get(name);
  }

  override async get(key: string, options?: { ifMatch?: string }) {
    const object = await super.get(key, options);
    this.#count(0, object.body.length);
    return object;
  }

  override async read(key: string, range: ByteRange, target?: Uint8Array): Promise<Uint8Array> {
    this.#count(0, rangeLength(range));
    this.largestPiece = Math.max(this.largestPiece, rangeLength(range));
    if (!this.#lengths.has(key)) return super.read(key, range, target);
    const bytes = target ?? new Uint8Array(rangeLength(range));
    if (range.start === 0) bytes.set(encodeFaissHeader(0, DIMENSIONS).subarray(0, bytes.length));
    return bytes;
  }

  override async put(key: string, body: Uint8Array, options?: PutOptions) {
    this.#count(body.length, 0);
    return super.put(key, body, options);
  }

  override async putIfAbsent(key: string, body: Uint8Array, options?: PutOptions) {
    this.#count(body.length, 0);
    return super.putIfAbsent(key, body, options);
  }

  override async compose(
    key: string,
    parts: Iterable<ComposePart> | AsyncIterable<ComposePart>,
    options?: PutOptions,
  ): Promise<{ size: number }> {
    const pieces: ComposePart[] = [];
    let size = 0;
    const isFaiss = key.endsWith('.faiss');
    async function* drawn() {
      for await (const part of parts) {
        if (!isFaiss) pieces.push(part instanceof Uint8Array ? part.slice() : part);
        yield part;
      }
    }
    // The parts are those of S3: what is too small to be copied is read and sent again.
    for await (const part of planParts(drawn())) {
      size += part.size;
      this.#count(0, 0);
      if (part.kind === 'copy') continue;
      this.sent += part.size;
      this.largestPiece = Math.max(this.largestPiece, part.size);
      for (const piece of part.pieces)
        if (!(piece instanceof Uint8Array)) this.#count(0, rangeLength(piece.range));
    }
    this.requests += 2;
    if (isFaiss) this.#lengths.set(key, size);
    else await this.#unmetered(() => super.compose(key, pieces, options));
    return { size };
  }

  /** What the base class does by means of the other methods is not counted again. */
  async #unmetered(work: () => Promise<unknown>): Promise<void> {
    const { sent, received, requests, largestPiece } = this;
    await work();
    Object.assign(this, { sent, received, requests, largestPiece });
  }

  #count(sent: number, received: number): void {
    this.requests++;
    this.sent += sent;
    this.received += received;
  }
}
