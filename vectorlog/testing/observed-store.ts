/** The real state of the simulated store: tells a checker of every change, and lets it read without waiting. */

import type {
  ComposePart,
  GetOptions,
  ListOptions,
  ObjectInfo,
  ObjectStore,
  PutOptions,
} from '../store/object-store.ts';
import { MemoryStore } from './memory-store.ts';

export class ObservedStore implements ObjectStore {
  /** The bytes of all objects. */
  readonly objects = new Map<string, Uint8Array>();
  readonly #inner: MemoryStore;
  readonly #onChange: (key: string, change: 'written' | 'deleted') => void;

  constructor(clock: { now(): number }, onChange: (key: string, change: 'written' | 'deleted') => void) {
    // Whole seconds, as S3 dates them.
    this.#inner = new MemoryStore({
      clock: { now: () => Math.floor(clock.now() / 1_000) * 1_000 },
      pageSize: 7,
    });
    this.#onChange = onChange;
  }

  get = (key: string, options?: GetOptions) => this.#inner.get(key, options);
  read: ObjectStore['read'] = (key, range, target) => this.#inner.read(key, range, target);
  head = (key: string) => this.#inner.head(key);
  list = (options: ListOptions): AsyncIterable<readonly ObjectInfo[]> => this.#inner.list(options);

  async put(key: string, body: Uint8Array, options?: PutOptions) {
    const written = await this.#inner.put(key, body, options);
    this.#changed(key, body);
    return written;
  }

  async putIfAbsent(key: string, body: Uint8Array, options?: PutOptions) {
    const isCreated = await this.#inner.putIfAbsent(key, body, options);
    if (isCreated) this.#changed(key, body);
    return isCreated;
  }

  async compose(
    key: string,
    parts: Iterable<ComposePart> | AsyncIterable<ComposePart>,
    options?: PutOptions,
  ) {
    const composed = await this.#inner.compose(key, parts, options);
    this.#changed(key, (await this.#inner.get(key)).body);
    return composed;
  }

  async delete(keys: readonly string[]) {
    await this.#inner.delete(keys);
    for (const key of keys) if (this.objects.delete(key)) this.#onChange(key, 'deleted');
  }

  #changed(key: string, body: Uint8Array): void {
    this.objects.set(key, body.slice());
    this.#onChange(key, 'written');
  }
}
