/** A map that forgets what was used longest ago when it holds too much. */

export class Lru<K, V> {
  /** In the order of their last use. */
  readonly #entries = new Map<K, V>();

  constructor(private readonly maxEntries: number) {}

  /** The value of a name, which counts as used now. */
  get(key: K): V | undefined {
    const value = this.#entries.get(key);
    if (value !== undefined) this.set(key, value);
    return value;
  }

  set(key: K, value: V): void {
    this.#entries.delete(key);
    this.#entries.set(key, value);
    const oldest = this.#entries.keys().next();
    if (this.#entries.size > this.maxEntries && !oldest.done) this.#entries.delete(oldest.value);
  }
}
