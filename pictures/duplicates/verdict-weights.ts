/** What `npm run quality -- --duplicates --fit` learned of pairs of pictures; docs/duplicates.md says how. Made by it, not by hand. */

/** The mean and the spread of each measure over the pairs that were learned from. */
export const MEANS: readonly number[] = [
  0.7923, 0.5698, 1.541, 3.294, 3.985, 3.067, 3.577, 1.936, 0.8308, 0.8277, 0.3064, 4.147, 4.286, 3.784,
];
export const SPREADS: readonly number[] = [
  0.2018, 0.3457, 1.309, 1.2, 1.075, 1.115, 0.9843, 1.691, 0.2335, 0.1213, 0.362, 0.3194, 1.032, 0.9192,
];

/** Weights of the measures, then of their products, then the constant. */
export const WEIGHTS: readonly number[] = [
  -1.169, -0.4154, 0.4179, -0.9811, -0.825, -1.043, 0.362, 0.7882, 0.05717, 0.0768, -1.474, 0.3143, -0.9597,
  -0.7929, -0.6053, -0.01242, 1.277, -1.718, -0.06436, 0.5765, 0.2403, -1.035, 0.4263, -1.63, 0.2046, 0.08077,
  0.3987, 0.1151, -2.553,
];
