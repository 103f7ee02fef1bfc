/** A store as a process on one machine sees it whose files grow where they are: readers of the old name meet more bytes. */

import { Parts } from '../store/files/growing.ts';
import type { ComposePart, ObjectStore, PutOptions } from '../store/object-store.ts';
import type { FaultyStore } from './faulty-store.ts';
import type { Instance } from './instance.ts';
import type { ObservedStore } from './observed-store.ts';

/** The longest pause between two writes into one file. */
const LONGEST_PAUSE_MS = 5_000;

/**
 * Composes as `FileStore` with `growsInPlace` does: of a file that this instance has made, by writing into it, piece by
 * piece while others read. Killed half-way it leaves the old object longer than it was, and nothing else.
 */
export class GrowingStore implements ObjectStore {
  /** Objects that this instance has made, and how long they were then. */
  readonly #made = new Map<string, number>();

  readonly get: ObjectStore['get'];
  readonly read: ObjectStore['read'];
  readonly head: ObjectStore['head'];
  readonly list: ObjectStore['list'];
  readonly put: ObjectStore['put'];
  readonly putIfAbsent: ObjectStore['putIfAbsent'];
  readonly delete: ObjectStore['delete'];

  /** @param store what the instance sees of `disk`: all but the growing goes through it */
  constructor(
    private readonly store: FaultyStore,
    private readonly disk: ObservedStore,
    private readonly instance: Instance,
  ) {
    this.get = store.get.bind(store);
    this.read = store.read.bind(store);
    this.head = store.head.bind(store);
    this.list = store.list.bind(store);
    this.put = store.put.bind(store);
    this.putIfAbsent = store.putIfAbsent.bind(store);
    this.delete = store.delete.bind(store);
  }

  async compose(
    key: string,
    parts: Iterable<ComposePart> | AsyncIterable<ComposePart>,
    options?: PutOptions,
  ): Promise<{ size: number }> {
    const drawn = new Parts(parts);
    const growth = await drawn.growth();
    const from = growth?.from.copyFrom;
    const old = from === undefined ? undefined : this.disk.objects.get(from);
    if (
      !growth ||
      from === undefined ||
      !old ||
      this.#made.get(from) !== old.length ||
      old.length !== growth.from.range.end
    ) {
      const composed = await this.store.compose(key, drawn, options);
      this.#made.set(key, composed.size);
      return composed;
    }
    this.#made.delete(from);
    drawn.skip(growth);
    let bytes = old;
    for await (const part of drawn) {
      await this.#pause();
      bytes = new Uint8Array(Buffer.concat([bytes, part as Uint8Array]));
      await this.disk.put(from, bytes);
    }
    await this.#pause();
    await this.disk.put(key, bytes, options);
    await this.#pause();
    bytes = bytes.slice();
    bytes.set(growth.head);
    // Two names of one file.
    await Promise.all([from, key].map((name) => this.disk.put(name, bytes, options)));
    this.#made.set(from, bytes.length);
    this.#made.set(key, bytes.length);
    return { size: bytes.length };
  }

  #pause(): Promise<void> {
    return this.instance.wait(this.instance.random.between(0, LONGEST_PAUSE_MS));
  }
}
