/** Memory that several readers use at once is given back when the last of them lets go, and not before. */
export class ReferenceCount {
  #users = 1;
  readonly #close: () => void;
  readonly #closed: Promise<void>;
  #settle = () => {};

  /** @param close gives the memory back; called once. Whoever makes this is its first user. */
  constructor(close: () => void) {
    this.#close = close;
    this.#closed = new Promise((resolve) => {
      this.#settle = resolve;
    });
  }

  /** Resolves when nobody uses it any more. */
  get closed(): Promise<void> {
    return this.#closed;
  }

  retain(): void {
    this.#users++;
  }

  release(): void {
    this.#users--;
    if (this.#users > 0) return;
    this.#close();
    this.#settle();
  }
}
