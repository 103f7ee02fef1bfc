/** The middle of some figures, the upper one of an even number: what a slow moment of the machine does not move. */
export const median = (figures: readonly number[]): number =>
  [...figures].sort((a, b) => a - b)[figures.length >> 1]!;
