/** Lets only so many pixels be decoded at once; who comes later waits in line. */

export class PixelBudget {
  private readonly line: { readonly pixels: number; readonly start: () => void }[] = [];
  private free: number;

  constructor(private readonly total: number) {
    this.free = total;
  }

  /** Runs `work` when `pixels` are free, or all are when it needs more; frees them whatever came of it. */
  async run<Result>(pixels: number, work: () => Promise<Result>): Promise<Result> {
    const share = Math.min(pixels, this.total);
    await new Promise<void>((start) => {
      this.line.push({ pixels: share, start });
      this.admit();
    });
    try {
      return await work();
    } finally {
      this.free += share;
      this.admit();
    }
  }

  /** In the order in which they came: a large picture is not overtaken by ever more small ones. */
  private admit(): void {
    for (let next = this.line[0]; next && next.pixels <= this.free; next = this.line[0]) {
      this.line.shift();
      this.free -= next.pixels;
      next.start();
    }
  }
}
