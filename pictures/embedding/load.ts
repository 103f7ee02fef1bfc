/** The embedder on this machine: sharp decodes, onnxruntime computes. */

import { availableParallelism } from 'node:os';
import { PictureRejected } from '../decoding/errors.ts';
import type { PictureLimits } from '../decoding/header.ts';
import { PICTURE_LIMITS } from '../decoding/limits.ts';
import { PixelBudget } from '../decoding/memory-budget.ts';
import type { Crop, Embedder, EmbedOutcome } from './embedder.ts';
import { readModelInfo } from './model-folder.ts';
import { Network } from './network.ts';
import { preprocess } from './preprocess.ts';

export { readModelInfo } from './model-folder.ts';

/**
 * Small pictures that are decoded at once: as many as keep the network busy while it cannot ask for more. Larger ones
 * are fewer: together they have at most half the pixels that one picture may have, or there is one alone. So memory has
 * one bound, and none spends its time to decode in waiting for the others.
 */
const DECODED_AT_ONCE = 8;

/** Crops in one run. More are hardly faster and take 20 MB each; docs/model.md has the figures. */
const MAX_BATCH = 4;

export interface EmbedderOptions {
  /** @default as many as the machine has cores */
  readonly threads?: number;
  /** Limits that differ from `PICTURE_LIMITS`. */
  readonly limits?: Partial<PictureLimits>;
}

/**
 * Reads what the model is; the network itself is loaded at the first picture, or by `warm`.
 *
 * @param folder Holds `model.onnx` and `model.json`.
 * @throws ModelUnusable when it does not.
 */
export async function loadEmbedder(folder: string, options: EmbedderOptions = {}): Promise<Embedder> {
  const { modelId, weights, synthetic, precision } = await readModelInfo(folder);
  const { threads = availableParallelism() } = options;
  const limits = { ...PICTURE_LIMITS, ...options.limits };
  const network = new Network(folder, { threads, maxBatch: MAX_BATCH });
  const pixelsAtOnce = limits.maxPixels / 2;
  const budget = new PixelBudget(pixelsAtOnce);
  const admit = <Result>(pixels: number, decoding: () => Promise<Result>) =>
    budget.run(Math.max(pixels, pixelsAtOnce / DECODED_AT_ONCE), decoding);

  const embedOne = async (bytes: Uint8Array, crop: Crop | undefined): Promise<EmbedOutcome> => {
    try {
      return { embedding: await network.embed(await preprocess(bytes, { limits, crop, admit })) };
    } catch (error) {
      if (error instanceof PictureRejected) return { rejected: error };
      throw error;
    }
  };

  return {
    model: { modelId, weights, synthetic, precision },
    warm: async () => {
      await network.load();
    },
    embed: (pictures, { crop } = {}) => Promise.all(pictures.map((bytes) => embedOne(bytes, crop))),
  };
}
