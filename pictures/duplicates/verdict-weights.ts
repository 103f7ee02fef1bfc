/** What was learned of pairs of pictures, as `npm run quality -- --duplicates --fit` learns it; docs/duplicates.md says how and of which. */

/** The mean and the spread of each measure over the pairs that were learned from. */
export const MEANS: readonly number[] = [
  0.7735, 0.5856, 1.503, 3.043, 3.716, 3.108, 3.609, 1.994, 0.7491, 0.8413, 0.5173, 4.066, 3.996, 3.811,
];
export const SPREADS: readonly number[] = [
  0.2406, 0.3449, 1.123, 1.154, 1.08, 1.115, 0.9892, 1.695, 0.2524, 0.1105, 0.5407, 0.3699, 1.054, 0.9176,
];

/** Weights of the measures, then of their products, then the constant. */
export const WEIGHTS: readonly number[] = [
  -1.177, -0.8806, 0.09474, -1.081, -0.5342, -1.151, 0.2815, 0.7241, 0.3747, -0.02512, -1.715, 0.4523, -1.139,
  -0.3734, -0.4766, 0.07964, 0.6279, -1.515, -0.4159, 0.6577, 0.2313, -0.5357, 0.4373, -0.931, 0.1004,
  0.08686, 0.1957, 0.07133, -2.906,
];
