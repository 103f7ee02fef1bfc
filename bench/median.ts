/** The middle of some figures, the upper one of an even number: what a slow moment of the machine does not move. */
export const median = (figures: readonly number[]): number => percentile(figures, 0.5);

/** The figure that this share of the figures, 0 to 1, do not exceed; of none, `NaN`. */
export const percentile = (figures: readonly number[], share: number): number =>
  [...figures].sort((a, b) => a - b)[Math.min(figures.length - 1, Math.floor(figures.length * share))] ??
  Number.NaN;
