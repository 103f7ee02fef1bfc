/** The embedder on this machine: sharp decodes, onnxruntime computes. */

import { availableParallelism } from 'node:os';
import { PICTURE_LIMITS } from '../limits.ts';
import type { Crop, Embedder, EmbedOutcome } from './embedder.ts';
import { PictureRejected } from './errors.ts';
import type { PictureLimits } from './header.ts';
import { readModelInfo } from './model-folder.ts';
import { Network } from './network.ts';
import { preprocess } from './preprocess.ts';
import { Slots } from './slots.ts';

export { readModelInfo } from './model-folder.ts';

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
  // One more than there are cores: something is decoded while the network computes.
  const inFlight = threads + 1;
  const network = new Network(folder, { threads, maxBatch: inFlight });
  const slots = new Slots(inFlight);

  const embedOne = async (bytes: Uint8Array, crop: Crop | undefined): Promise<EmbedOutcome> => {
    try {
      return { embedding: await network.embed(await preprocess(bytes, { limits, crop })) };
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
    embed: (pictures, { crop } = {}) =>
      Promise.all(pictures.map((bytes) => slots.run(() => embedOne(bytes, crop)))),
  };
}
