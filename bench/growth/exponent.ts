/** By which power of the rows a figure grows. */

export interface Sample {
  readonly rows: number;
  readonly figure: number;
}

/** The slope of the line of least squares through the logarithms: 1 for what doubles with the rows, 0 for what stays. */
export function exponent(samples: readonly Sample[]): number {
  const points = samples.map(({ rows, figure }) => [Math.log(rows), Math.log(figure)] as const);
  const mean = (at: 0 | 1): number => points.reduce((sum, point) => sum + point[at], 0) / points.length;
  const [x, y] = [mean(0), mean(1)];
  const together = points.reduce((sum, [a, b]) => sum + (a - x) * (b - y), 0);
  const alone = points.reduce((sum, [a]) => sum + (a - x) ** 2, 0);
  return Math.round((100 * together) / alone) / 100;
}
