/** The version of the way from a file to pixels: a part of the model file, so that it is a part of the model's id. */

/**
 * Raise it with every change that moves embeddings by more than rounding does: pictures indexed before and after would
 * not compare.
 */
export const PREPROCESSING = 'torchvision-resize256-crop224/1';
