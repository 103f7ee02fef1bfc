/** Pictures of the simulation: short texts with embeddings that say which text they are of. */

import { PictureRejected } from '../../pictures/decoding/errors.ts';
import { DIMENSIONS } from '../../pictures/dimensions.ts';
import type { Embedder } from '../../pictures/embedding/embedder.ts';
import type { MakeThumbnail } from '../../pictures/thumbnails/thumbnails.ts';
import type { Instance } from '../../vectorlog/testing/instance.ts';

export const MODEL_ID = 'simulated-00000000';

/** Content `id` of a picture; negative ones are bad. */
export const contentOf = (id: number): Uint8Array => new TextEncoder().encode(String(id));
export const isBad = (id: number): boolean => id < 0;

/** The unit vector of content `id`. */
export function embeddingOf(id: number): Float32Array {
  const embedding = new Float32Array(DIMENSIONS);
  embedding[id] = 0.6;
  embedding[id + 16] = 0.8;
  return embedding;
}

/** Whether a vector is that of content `id`. */
export const isEmbeddingOf = (id: number, vector: Float32Array): boolean =>
  vector[id] === Math.fround(0.6) && vector[id + 16] === Math.fround(0.8);

/** Takes some time, and fails now and then as a whole. */
export const simulatedEmbedder = (instance: Instance, failure: () => number): Embedder => ({
  model: { modelId: MODEL_ID, weights: 'simulated', synthetic: true, precision: 'fp32' },
  warm: async () => {},
  embed: async (pictures) => {
    await instance.wait(instance.random.between(20, 200) * pictures.length);
    if (instance.random.chance(failure())) throw new Error('the network failed');
    return pictures.map((bytes) => {
      const id = Number(new TextDecoder().decode(bytes));
      return isBad(id)
        ? { rejected: new PictureRejected('corrupt', 'it is bad') }
        : { embedding: embeddingOf(id) };
    });
  },
});

/** As small as the picture itself. */
export const simulatedThumbnail =
  (instance: Instance): MakeThumbnail =>
  async (body) => {
    await instance.wait(instance.random.between(5, 50));
    return { body, hash: '', hasExif: false };
  };
