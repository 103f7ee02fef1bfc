/** The embedder on this machine: sharp decodes, onnxruntime computes. */

import { availableParallelism } from 'node:os';
import { PictureDecoder } from '../decoding/decoder.ts';
import { PictureRejected } from '../decoding/errors.ts';
import { factsOf } from '../decoding/facts.ts';
import { decodeBytesOf } from '../decoding/memory-budget.ts';
import type { Pixels } from '../decoding/pixels.ts';
import { smallCopyOf } from '../decoding/small-copy.ts';
import { asThumbnail, THUMBNAIL } from '../thumbnails/thumbnails.ts';
import type { Embedder, EmbedOptions, EmbedOutcome } from './embedder.ts';
import { readModelInfo } from './model-folder.ts';
import { Network } from './network.ts';
import { preprocess } from './preprocess.ts';

export { readModelInfo } from './model-folder.ts';

/** Crops in one run. More are hardly faster and take 20 MB each; docs/model.md has the figures. */
const MAX_BATCH = 4;

export interface EmbedderOptions {
  /** @default as many as the machine has cores */
  readonly threads?: number;
  /**
   * Computes in a thread of its own, so that this one answers others meanwhile; for a process that has more than one thing to do
   * at a time, unlike a function on Lambda.
   */
  readonly apart?: boolean;
  /** Decodes the pictures; share it with whatever else decodes in the process. */
  readonly decoder?: PictureDecoder;
}

/**
 * Reads what the model is; the network itself is loaded at the first picture, or by `warm`.
 *
 * @param folder Holds `model.onnx` and `model.json`.
 * @throws ModelUnusable when it does not.
 */
export async function loadEmbedder(folder: string, options: EmbedderOptions = {}): Promise<Embedder> {
  const { modelId, weights, synthetic, precision, crop: mode } = await readModelInfo(folder);
  const { threads = availableParallelism(), apart = false } = options;
  const { decoder = new PictureDecoder({ maxMemoryBytes: decodeBytesOf() }) } = options;
  const network = new Network(folder, { threads, maxBatch: MAX_BATCH, apart });

  const embedOne = async (
    bytes: Uint8Array,
    { crop, urgent, thumbnail }: EmbedOptions,
  ): Promise<EmbedOutcome> => {
    try {
      const header = await decoder.header(bytes);
      let copy: Uint8Array | undefined;
      const copyAll = async (pixels: Pixels) => {
        // Whoever asked makes it in another way, and hears why it cannot be made.
        copy = await smallCopyOf(pixels, header, THUMBNAIL).catch(() => undefined);
      };
      const useAll = thumbnail && decoder.takesAll(header) ? copyAll : undefined;
      const seen = await preprocess(decoder, header, crop, mode, useAll);
      const embedding = await network.embed(seen, urgent);
      return {
        embedding,
        facts: factsOf(header),
        header,
        ...(copy && { thumbnail: asThumbnail(copy, bytes, header) }),
      };
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
    embed: (pictures, options = {}) => Promise.all(pictures.map((bytes) => embedOne(bytes, options))),
  };
}
