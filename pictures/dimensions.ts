/** The shape of a picture's embedding. */

/** Numbers in an embedding: the width of ResNet50's pooled features. */
export const DIMENSIONS = 2048;

/** Bytes of one embedding in a file or in memory: float32. */
export const ROW_BYTES = DIMENSIONS * 4;
