/** What really happened to each key, and what the system has promised about it. */

/** One change of a key in the bucket. */
export interface Step {
  /** Counts the changes of all keys. */
  readonly number: number;
  /** The eTag that a search must see from here on; `undefined` when it must see nothing: deleted, or a bad picture. */
  readonly visible: string | undefined;
  /** Whether the bucket has a picture that cannot be indexed. */
  readonly bad: boolean;
}

const NOTHING: Step = { number: 0, visible: undefined, bad: false };

export class Truth {
  readonly #steps = new Map<string, Step[]>();
  readonly #floors = new Map<string, number>();
  #count = 0;
  #isRebuilt = false;

  get keys(): string[] {
    return [...this.#steps.keys()];
  }

  /** A change that has just happened in the bucket. @returns its number */
  happened(key: string, visible: string | undefined, bad: boolean): number {
    const step = { number: ++this.#count, visible, bad };
    const steps = this.#steps.get(key);
    if (steps) steps.push(step);
    else this.#steps.set(key, [step]);
    return step.number;
  }

  /** The event of a change was acknowledged: nothing older may be seen from here on. */
  acknowledged(key: string, number: number): void {
    this.#floors.set(key, Math.max(number, this.#floors.get(key) ?? 0));
  }

  /** From here on, what was promised may be missing, since the index is made anew; what is older may still not be seen. */
  rebuilt(): void {
    this.#isRebuilt = true;
  }

  /** The index is what it was when these were the promises: what was promised since is void. */
  restored(floors: ReadonlyMap<string, number>): void {
    this.#floors.clear();
    for (const [key, number] of floors) this.#floors.set(key, number);
  }

  now(key: string): Step {
    return this.#steps.get(key)?.at(-1) ?? NOTHING;
  }

  /** What has been promised up to now. */
  floors(): ReadonlyMap<string, number> {
    return new Map(this.#floors);
  }

  /**
   * Whether `seen` is a state that the key has had since the change that was acknowledged last.
   *
   * @param floors the promises at the moment when the look began
   */
  allows(key: string, seen: string | undefined, floors: ReadonlyMap<string, number> = this.#floors): boolean {
    if (seen === undefined && this.#isRebuilt) return true;
    const floor = floors.get(key) ?? 0;
    const steps = this.#steps.get(key) ?? [];
    return [NOTHING, ...steps].some(({ visible }, i, all) => {
      const isSuperseded = (all[i + 1]?.number ?? Number.POSITIVE_INFINITY) <= floor;
      return !isSuperseded && visible === seen;
    });
  }

  /** What a failure message shows. */
  describe(key: string): string {
    const steps = this.#steps.get(key) ?? [];
    return `acknowledged ${this.#floors.get(key) ?? 0}, happened ${steps.map(({ number, visible }) => `${number}:${visible?.slice(0, 4) ?? '-'}`).join(' ')}`;
  }
}
