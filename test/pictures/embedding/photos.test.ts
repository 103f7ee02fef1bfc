/** Real photos come out as the reference stack embeds them; runs where photos and trained weights stand beside. */

import { mkdtempSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import sharp from 'sharp';
import { beforeAll, describe, expect, it } from 'vitest';
import { prepareModel } from '../../../layers/onnx-resnet50/build.ts';
import { DIMENSIONS } from '../../../pictures/dimensions.ts';
import type { Embedder } from '../../../pictures/embedding/embedder.ts';
import { loadEmbedder } from '../../../pictures/embedding/load.ts';
import { SHARED_MISSING, sharedPhotos, sharedWeights } from '../../shared.ts';

if (!sharedPhotos || !sharedWeights) console.warn(`test/pictures/embedding/photos.test.ts ${SHARED_MISSING}`);

describe.skipIf(!sharedPhotos || !sharedWeights)('the photos beside the repository', () => {
  const { rows } = sharedPhotos
    ? (JSON.parse(readFileSync(join(sharedPhotos, 'reference-embeddings.json'), 'utf8')) as {
        rows: string[];
      })
    : { rows: [] };
  let reference: Float32Array;
  let embedder: Embedder;

  beforeAll(async () => {
    reference = new Float32Array(
      new Uint8Array(readFileSync(join(sharedPhotos!, 'reference-embeddings.f32'))).buffer,
    );
    const out = mkdtempSync(join(tmpdir(), 'likeness-models-'));
    embedder = await loadEmbedder((await prepareModel({ weights: sharedWeights!, out })).folder);
  });

  /** Cosine to what the reference stack made of the photo of this row. */
  async function cosine(file: Uint8Array, row: number): Promise<number> {
    const [outcome] = await embedder.embed([file]);
    return outcome!.embedding!.reduce((sum, x, i) => sum + x * reference[row * DIMENSIONS + i]!, 0);
  }

  it.each(rows.map((name, row) => ({ name, row })))('$name', async ({ name, row }) => {
    const file = readFileSync(join(sharedPhotos!, name));
    const { icc, orientation = 1 } = await sharp(file).metadata();

    if (!icc && orientation === 1) {
      expect(await cosine(file, row)).toBeGreaterThan(0.9999);
      return;
    }
    // The reference knows neither profiles nor orientation; without them the photo is the same to both.
    expect(await cosine(withoutMetadata(file), row)).toBeGreaterThan(0.9999);
  });
});

/** A JPEG without its application segments (EXIF and profile), its pixels untouched; Adobe's says what the colours are. */
function withoutMetadata(jpeg: Buffer): Buffer {
  const kept = [jpeg.subarray(0, 2)];
  let at = 2;
  while (jpeg[at + 1] !== 0xda) {
    const end = at + 2 + jpeg.readUInt16BE(at + 2);
    const marker = jpeg[at + 1]!;
    if (marker < 0xe1 || marker > 0xed) kept.push(jpeg.subarray(at, end));
    at = end;
  }
  return Buffer.concat([...kept, jpeg.subarray(at)]);
}
