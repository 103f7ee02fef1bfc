/** Embeddings and fingerprints of originals and their copies; kept, since they take far longer than what is measured. */

import { createHash } from 'node:crypto';
import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import sharp from 'sharp';
import { fingerprintOf } from '../../pictures/duplicates/fingerprint.ts';
import {
  decodeFingerprint,
  encodeFingerprint,
  type Fingerprint,
} from '../../pictures/duplicates/fingerprint-format.ts';
import type { Embedder } from '../../pictures/embedding/embedder.ts';
import { CHANGES, originalOf } from './changes.ts';
import type { Source } from './source.ts';

export interface Sample {
  readonly source: Source;
  /** Index into `CHANGES`; -1 for the original itself. */
  readonly change: number;
  readonly embedding: Float32Array;
  readonly fingerprint: Fingerprint;
}

/** Raise it when a change or the painted pictures change. */
const VERSION = 2;

export class SampleCache {
  constructor(
    private readonly folder: string,
    private readonly embedder: Embedder,
    private readonly onSample: () => void = () => {},
  ) {}

  /** The picture itself, or its copies too, in the order of `CHANGES`. */
  async samples(source: Source, copies: boolean): Promise<Sample[]> {
    const bytes = await source.read();
    const original = await this.#sample(source, -1, bytes, async () => bytes);
    if (!copies) return [original];
    const samples = [original];
    const base = originalOf(bytes);
    for (const [i, { make }] of CHANGES.entries()) {
      samples.push(await this.#sample(source, i, bytes, async () => make(await base)));
    }
    return samples;
  }

  /** The embeddings of a copy in three more quarter turns, and of its mirror image. */
  async turned({ source, change }: Sample): Promise<Float32Array[]> {
    const bytes = await source.read();
    const path = this.#path(change, bytes);
    const copy = async () => CHANGES[change]!.make(await originalOf(bytes));
    const embeddings: Float32Array[] = [];
    for (const degrees of [90, 180, 270])
      embeddings.push(
        await this.#embedding(`${path}-${degrees}`, async () =>
          sharp(await copy())
            .rotate(degrees)
            .png()
            .toBuffer(),
        ),
      );
    embeddings.push(
      await this.#embedding(`${path}-mirror`, async () =>
        sharp(await copy())
          .flop()
          .png()
          .toBuffer(),
      ),
    );
    return embeddings;
  }

  /** The embedding of the picture itself. */
  async embedding(source: Source): Promise<Float32Array> {
    const bytes = await source.read();
    return this.#embedding(this.#path(-1, bytes), async () => bytes);
  }

  #path(change: number, original: Uint8Array): string {
    const { modelId } = this.embedder.model;
    const name = change < 0 ? 'original' : CHANGES[change]!.name;
    const key = createHash('sha256').update(`${VERSION} ${modelId} ${name} `).update(original).digest('hex');
    return join(this.folder, key.slice(0, 2), key);
  }

  async #embedding(path: string, make: () => Promise<Uint8Array>): Promise<Float32Array> {
    const kept = await readFile(`${path}.f32`).catch(() => undefined);
    if (kept) return new Float32Array(Uint8Array.from(kept).buffer);
    const [outcome] = await this.embedder.embed([await make()]);
    if (!outcome?.embedding) throw outcome?.rejected ?? new Error('no outcome');
    const { buffer, byteOffset, byteLength } = outcome.embedding;
    await write(`${path}.f32`, new Uint8Array(buffer, byteOffset, byteLength));
    return outcome.embedding;
  }

  async #sample(
    source: Source,
    change: number,
    original: Uint8Array,
    make: () => Promise<Uint8Array>,
  ): Promise<Sample> {
    const path = this.#path(change, original);
    const known = await readFile(`${path}.fp`).catch(() => undefined);
    this.onSample();
    let made: Promise<Uint8Array> | undefined;
    const makeOnce = () => {
      made ??= make();
      return made;
    };
    const embedding = await this.#embedding(path, makeOnce);
    let fingerprint = known && decodeFingerprint(known);
    if (!fingerprint) {
      fingerprint = await fingerprintOf(await makeOnce());
      await write(`${path}.fp`, encodeFingerprint(fingerprint));
    }
    return { source, change, embedding, fingerprint };
  }
}

async function write(path: string, bytes: Uint8Array): Promise<void> {
  await mkdir(join(path, '..'), { recursive: true });
  await writeFile(`${path}.${process.pid}`, bytes);
  await rename(`${path}.${process.pid}`, path);
}
