/** The network on onnxruntime: takes crops one by one, and runs those together that are waiting together. */

import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { setImmediate } from 'node:timers/promises';
import { InferenceSession, Tensor } from 'onnxruntime-node';
import { DIMENSIONS } from '../dimensions.ts';
import { ModelUnusable } from './embedder.ts';
import { SIDE } from './geometry.ts';
import { modelFile, readModelInfo } from './model-folder.ts';

/**
 * onnxruntime 1.30 reports usage to its maker over the network unless this variable is set when its first session is
 * created. Pictures and what is done with them are nobody else's business.
 */
process.env.ORT_DISABLE_TELEMETRY = '1';

/** @param model the path of an ONNX file, or its bytes */
export const openSession = (
  model: string | Uint8Array,
  options?: InferenceSession.SessionOptions,
): Promise<InferenceSession> =>
  typeof model === 'string'
    ? InferenceSession.create(model, options)
    : InferenceSession.create(model, options);

interface Waiting {
  readonly crop: Uint8Array;
  readonly resolve: (embedding: Float32Array) => void;
  readonly reject: (error: unknown) => void;
}

export interface NetworkOptions {
  /** Threads that compute. */
  readonly threads: number;
  /** Crops in one run. */
  readonly maxBatch: number;
}

export class Network {
  private session: Promise<InferenceSession> | undefined;
  private readonly waiting: Waiting[] = [];
  private running = false;

  /** @param folder Holds `model.onnx`; read at the first use. */
  constructor(
    private readonly folder: string,
    private readonly options: NetworkOptions,
  ) {}

  /** Reads the model, once. @throws ModelUnusable */
  load(): Promise<InferenceSession> {
    this.session ??= this.open().catch((error) => {
      this.session = undefined;
      throw new ModelUnusable(`the model in ${this.folder} cannot be loaded: run "npm run setup"`, {
        cause: error,
      });
    });
    return this.session;
  }

  /** A file that is not the one its description says would give other vectors under the same model's id. */
  private async open(): Promise<InferenceSession> {
    const [{ sha256 }, model] = await Promise.all([
      readModelInfo(this.folder),
      readFile(modelFile(this.folder)),
    ]);
    if (createHash('sha256').update(model).digest('hex') !== sha256)
      throw new ModelUnusable(`${modelFile(this.folder)} is not the file that its description says`);
    return openSession(modelFile(this.folder), {
      intraOpNumThreads: this.options.threads,
      graphOptimizationLevel: 'all',
      // Threads that spin while they wait for each other take the processor from the next pictures' decoding.
      extra: { session: { intra_op: { allow_spinning: '0' } } },
    });
  }

  /** @param crop 224 x 224 RGB pixels. @returns its unit vector. */
  embed(crop: Uint8Array): Promise<Float32Array> {
    return new Promise((resolve, reject) => {
      this.waiting.push({ crop, resolve, reject });
      if (!this.running) void this.work();
    });
  }

  private async work(): Promise<void> {
    this.running = true;
    while (this.waiting.length > 0) {
      // Computing blocks the event loop: what was decoded meanwhile is heard of now, and joins the batch.
      await setImmediate();
      const batch = this.waiting.splice(0, this.options.maxBatch);
      try {
        const embeddings = await this.run(batch.map(({ crop }) => crop));
        for (const [i, { resolve }] of batch.entries()) resolve(embeddings[i]!);
      } catch (error) {
        for (const { reject } of batch) reject(error);
      }
    }
    this.running = false;
  }

  private async run(crops: readonly Uint8Array[]): Promise<Float32Array[]> {
    const session = await this.load();
    const bytesPerCrop = SIDE * SIDE * 3;
    const pixels = new Uint8Array(crops.length * bytesPerCrop);
    for (const [i, crop] of crops.entries()) pixels.set(crop, i * bytesPerCrop);
    const feeds = { pixels: new Tensor('uint8', pixels, [crops.length, SIDE, SIDE, 3]) };
    const { embedding } = await session.run(feeds);
    const all = embedding!.data as Float32Array;
    return crops.map((_, i) => all.slice(i * DIMENSIONS, (i + 1) * DIMENSIONS));
  }
}
