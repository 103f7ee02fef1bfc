/** The shape of a picture's embedding. */

/** Numbers in an embedding where the model says no other: the width of ResNet50's pooled features. */
export const DIMENSIONS = 2048;

/** Bytes of one such embedding in a file or in memory: float32. */
export const ROW_BYTES = DIMENSIONS * 4;

/**
 * Numbers in an embedding of a model. Its id says them where they are others, as in `sscd-512d-1a2b3c4d`: so whoever knows the
 * namespace of an index knows the length of its rows, also without the model.
 */
export function dimensionsOf(modelId: string): number {
  const [, told] = /-(\d+)d-[0-9a-f]{8}$/.exec(modelId) ?? [];
  return told === undefined ? DIMENSIONS : Number(told);
}

/** What a name of weights must not end in, since it would be taken for what `dimensionsOf` reads. */
export const SAYS_DIMENSIONS = /-\d+d$/;
