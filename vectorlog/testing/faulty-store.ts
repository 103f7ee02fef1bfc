/** An object store as an instance sees it over a bad network. */

import { StoreUnavailable } from '../store/errors.ts';
import type {
  ByteRange,
  ComposePart,
  GetOptions,
  ListOptions,
  ObjectInfo,
  ObjectStore,
  PutOptions,
  StoredObject,
} from '../store/object-store.ts';
import type { Instance } from './instance.ts';

/** How bad the network is: probabilities for each operation. */
export interface Faults {
  /** The request does not arrive. */
  readonly refused: number;
  /** The request is carried out and the answer lost. */
  readonly answerLost: number;
  /** A write is reported as failed and carried out later. */
  readonly late: number;
  /** A write is carried out, and once more later: a retry that was slow. */
  readonly twice: number;
  /** The instance dies, before or after the operation. */
  readonly crash: number;
  /** The instance sleeps for hours before the operation. */
  readonly sleep: number;
}

export const NO_FAULTS: Faults = { refused: 0, answerLost: 0, late: 0, twice: 0, crash: 0, sleep: 0 };

/** Nothing is in flight for longer than this: the assumption that a marker's hour rests on. */
const LONGEST_FLIGHT_MS = 15 * 60_000;
/** Minutes, as when a function is frozen, or hours, as when a machine is. */
const LONGEST_SLEEPS_MS = [10 * 60_000, 4 * 3_600_000];

export class FaultyStore implements ObjectStore {
  constructor(
    private readonly inner: ObjectStore,
    private readonly instance: Instance,
    private readonly faults: () => Faults,
  ) {}

  get(key: string, options?: GetOptions): Promise<StoredObject> {
    return this.#read(() => this.inner.get(key, options));
  }

  read(key: string, range: ByteRange, target?: Uint8Array): Promise<Uint8Array> {
    return this.#read(() => this.inner.read(key, range, target));
  }

  head(key: string): Promise<Omit<StoredObject, 'body'> | undefined> {
    return this.#read(() => this.inner.head(key));
  }

  async *list(options: ListOptions): AsyncIterable<readonly ObjectInfo[]> {
    const pages = this.inner.list(options)[Symbol.asyncIterator]();
    for (;;) {
      const page = await this.#read(() => pages.next());
      if (page.done) return;
      yield page.value;
    }
  }

  put(key: string, body: Uint8Array, options?: PutOptions): Promise<{ eTag: string }> {
    return this.#write(() => this.inner.put(key, body, options));
  }

  putIfAbsent(key: string, body: Uint8Array, options?: PutOptions): Promise<boolean> {
    return this.#write(() => this.inner.putIfAbsent(key, body, options));
  }

  async compose(
    key: string,
    parts: Iterable<ComposePart> | AsyncIterable<ComposePart>,
    options?: PutOptions,
  ): Promise<{ size: number }> {
    const pieces: ComposePart[] = [];
    for await (const part of parts) {
      // A multipart upload copies each part by itself, and becomes an object only at its end.
      if (part instanceof Uint8Array) pieces.push(part.slice());
      else pieces.push(await this.#read(() => this.inner.read(part.copyFrom, part.range)));
    }
    return this.#write(() => this.inner.compose(key, pieces, options));
  }

  delete(keys: readonly string[]): Promise<void> {
    return this.#write(() => this.inner.delete(keys));
  }

  async #read<T>(operation: () => Promise<T>): Promise<T> {
    await this.#travel();
    const { refused, answerLost } = this.faults();
    if (this.instance.random.chance(refused + answerLost)) throw new StoreUnavailable('503');
    const result = await settled(operation);
    await this.#travel();
    return result();
  }

  async #write<T>(operation: () => Promise<T>): Promise<T> {
    const { random, scheduler } = this.instance;
    await this.#travel();
    const { refused, answerLost, late, twice } = this.faults();
    if (random.chance(refused)) throw new StoreUnavailable('503');
    const again = () =>
      scheduler.at(random.between(0, LONGEST_FLIGHT_MS), () => void operation().catch(() => {}));
    if (random.chance(late)) {
      again();
      throw new StoreUnavailable('timeout');
    }
    if (random.chance(twice)) again();
    const result = await settled(operation);
    await this.#travel();
    if (random.chance(answerLost)) throw new StoreUnavailable('connection reset');
    return result();
  }

  /** One way between instance and store: it takes time, and some never come to its end. */
  async #travel(): Promise<void> {
    const { instance } = this;
    const { crash, sleep } = this.faults();
    if (instance.random.chance(crash)) instance.kill();
    await instance.ifAlive();
    const slow = instance.random.chance(0.02);
    await instance.wait(
      instance.random.chance(sleep)
        ? instance.random.between(60_000, instance.random.pick(LONGEST_SLEEPS_MS))
        : instance.random.between(1, slow ? 20_000 : 60),
    );
  }
}

/** Carries an operation out now and gives its result, or its error, when asked. */
async function settled<T>(operation: () => Promise<T>): Promise<() => T> {
  try {
    const value = await operation();
    return () => value;
  } catch (error) {
    return () => {
      throw error;
    };
  }
}
