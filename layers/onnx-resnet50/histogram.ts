/** How often numbers of each size occur, over a range that grows with what it sees. */

const BINS = 4096;

export class Histogram {
  private counts = new Float64Array(BINS);
  /** Bins cover -reach to reach. */
  private reach = 1;
  private least = 0;
  private most = 0;

  add(numbers: Float32Array): void {
    let { least, most } = this;
    for (let i = 0; i < numbers.length; i++) {
      const number = numbers[i]!;
      if (number < least) least = number;
      if (number > most) most = number;
    }
    this.least = least;
    this.most = most;
    while (Math.max(most, -least) >= this.reach) this.grow();
    const { counts, reach } = this;
    const perUnit = BINS / (2 * reach);
    for (let i = 0; i < numbers.length; i++) counts[Math.floor((numbers[i]! + reach) * perUnit)]!++;
  }

  private grow(): void {
    const counts = new Float64Array(BINS);
    for (let bin = 0; bin < BINS; bin++) counts[BINS / 4 + (bin >> 1)]! += this.counts[bin]!;
    this.counts = counts;
    this.reach *= 2;
  }

  /**
   * The range that 256 evenly spaced levels should cover, so that rounding what is inside and clipping what is outside
   * make the least squared error together. It includes 0, which must be exact for padding and ReLU.
   */
  bestRange(): { readonly low: number; readonly high: number } {
    const shares = Array.from({ length: 80 }, (_, i) => 1 - i / 100);
    const ranges = shares.map((share) => ({ low: this.least * share, high: this.most * share }));
    const errors = ranges.map((range) => this.squaredError(range));
    return ranges[errors.indexOf(Math.min(...errors))]!;
  }

  private squaredError({ low, high }: { low: number; high: number }): number {
    const rounding = ((high - low) / 255) ** 2 / 12;
    const width = (2 * this.reach) / BINS;
    let error = 0;
    for (let bin = 0; bin < BINS; bin++) {
      const count = this.counts[bin]!;
      if (count === 0) continue;
      const number = -this.reach + (bin + 0.5) * width;
      const clipped = number < low ? low - number : Math.max(0, number - high);
      // Zero, which ReLU makes often, is exact.
      error += count * (clipped > 0 ? clipped ** 2 : Math.abs(number) < width ? 0 : rounding);
    }
    return error;
  }
}
