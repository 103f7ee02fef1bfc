/** The order of many numbers, as far as it is asked for, without sorting them. */

/** Quantiles of numbers from 0 to 512, to an eighth. */
export class Quantiles {
  readonly #counts = new Uint16Array(4_096);
  #n = 0;

  /** None again. */
  clear(): this {
    this.#counts.fill(0);
    this.#n = 0;
    return this;
  }

  add(value: number): void {
    this.#counts[Math.min(4_095, (value * 8) | 0)]!++;
    this.#n++;
  }

  /** 255 when there are none. */
  at(part: number): number {
    let left = Math.floor(part * this.#n);
    if (this.#n === 0) return 255;
    for (let i = 0; i < this.#counts.length; i++) {
      left -= this.#counts[i]!;
      if (left < 0) return (i + 0.5) / 8;
    }
    return 512;
  }
}
