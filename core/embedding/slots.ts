/** Lets only so many of the same thing happen at once; who comes later waits in line. */

export class Slots {
  private readonly line: (() => void)[] = [];

  constructor(private free: number) {}

  /** Runs `work` when a slot is free, and frees it afterwards whatever came of it. */
  async run<Result>(work: () => Promise<Result>): Promise<Result> {
    if (this.free > 0) this.free--;
    else await new Promise<void>((resolve) => this.line.push(resolve));
    try {
      return await work();
    } finally {
      const next = this.line.shift();
      if (next) next();
      else this.free++;
    }
  }
}
