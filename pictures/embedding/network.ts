/** The network: takes crops one by one, and runs those together that are waiting together. */

import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { setImmediate } from 'node:timers/promises';
import { ModelUnusable } from './embedder.ts';
import { modelFile, readModelInfo } from './model-folder.ts';
import { type Session, sessionApart, sessionHere } from './session.ts';

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
  /** Whether it computes apart from the event loop. */
  readonly apart?: boolean;
}

export class Network {
  private session: Promise<Session> | undefined;
  /** Crops that somebody waits for now, and those that may be a moment later. */
  private readonly urgent: Waiting[] = [];
  private readonly others: Waiting[] = [];
  private running = false;

  /** @param folder Holds `model.onnx`; read at the first use. */
  constructor(
    private readonly folder: string,
    private readonly options: NetworkOptions,
  ) {}

  /** Reads the model, once. @throws ModelUnusable */
  load(): Promise<Session> {
    this.session ??= this.open().catch((error) => {
      this.session = undefined;
      throw new ModelUnusable(`the model in ${this.folder} cannot be loaded: run "npm run setup"`, {
        cause: error,
      });
    });
    return this.session;
  }

  /** A file that is not the one its description says would give other vectors under the same model's id. */
  private async open(): Promise<Session> {
    const { threads, apart } = this.options;
    const path = modelFile(this.folder);
    const [{ sha256 }, model] = await Promise.all([readModelInfo(this.folder), readFile(path)]);
    if (createHash('sha256').update(model).digest('hex') !== sha256)
      throw new ModelUnusable(`${path} is not the file that its description says`);
    return (apart ? sessionApart : sessionHere)(path, threads);
  }

  /**
   * @param crop a square of RGB pixels, as large as the model sees
   * @param urgent whether it passes those that are not
   * @returns its unit vector
   */
  embed(crop: Uint8Array, urgent = false): Promise<Float32Array> {
    return new Promise((resolve, reject) => {
      (urgent ? this.urgent : this.others).push({ crop, resolve, reject });
      if (!this.running) void this.work();
    });
  }

  private async work(): Promise<void> {
    this.running = true;
    while (this.urgent.length + this.others.length > 0) {
      // Where computing blocks the event loop: what was decoded meanwhile is heard of now, and joins the batch.
      await setImmediate();
      const batch = this.nextBatch();
      try {
        const embeddings = await this.run(batch.map(({ crop }) => crop));
        for (const [i, { resolve }] of batch.entries()) resolve(embeddings[i]!);
      } catch (error) {
        for (const { reject } of batch) reject(error);
      }
    }
    this.running = false;
  }

  /** Urgent ones first; one place is left to the others, so that they come on however many are urgent. */
  private nextBatch(): Waiting[] {
    const { maxBatch } = this.options;
    const left = this.others.length > 0 ? 1 : 0;
    const batch = this.urgent.splice(0, maxBatch - left);
    return [...batch, ...this.others.splice(0, maxBatch - batch.length)];
  }

  private async run(crops: readonly Uint8Array[]): Promise<Float32Array[]> {
    const session = await this.load();
    const bytesPerCrop = crops[0]!.length;
    const pixels = new Uint8Array(crops.length * bytesPerCrop);
    for (const [i, crop] of crops.entries()) pixels.set(crop, i * bytesPerCrop);
    const all = await session.run(pixels, crops.length).catch((error) => this.forget(session, error));
    const dimensions = all.length / crops.length;
    return crops.map((_, i) => all.slice(i * dimensions, (i + 1) * dimensions));
  }

  /** Whatever a run failed of, a thread that ended for one, the next begins with a session of its own. */
  private async forget(session: Session, error: unknown): Promise<never> {
    this.session = undefined;
    await session.close().catch(() => undefined);
    throw error;
  }
}
