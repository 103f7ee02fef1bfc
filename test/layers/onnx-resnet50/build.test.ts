/** The model that is built computes what torch computes from the same weights. */

import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { beforeAll, describe, expect, it } from 'vitest';
import { type PreparedModel, prepareModel } from '../../../layers/onnx-resnet50/build.ts';
import { CalibrationImpossible } from '../../../layers/onnx-resnet50/errors.ts';
import { foldBatchNorm } from '../../../layers/onnx-resnet50/fold.ts';
import { PICTURE_LIMITS } from '../../../pictures/decoding/limits.ts';
import { DIMENSIONS } from '../../../pictures/dimensions.ts';
import { loadEmbedder } from '../../../pictures/embedding/load.ts';
import { modelFile } from '../../../pictures/embedding/model-folder.ts';
import { Network } from '../../../pictures/embedding/network.ts';
import { preprocess } from '../../factories/preprocess.ts';
import { safetensorsOf, testStateDict } from '../../factories/state-dict.ts';

const fixture = (name: string) => readFileSync(new URL(`../../fixtures/embedding/${name}`, import.meta.url));
const out = mkdtempSync(join(tmpdir(), 'likeness-models-'));
const weights = join(out, 'Test weights.safetensors');
let prepared: PreparedModel;

beforeAll(async () => {
  writeFileSync(weights, safetensorsOf(testStateDict()));
  prepared = await prepareModel({ weights, out });
});

describe('the model file', () => {
  it('gives from the same pixels what torch gives, to a ten-thousandth', async () => {
    const torch = new Float32Array(new Uint8Array(fixture('embeddings.f32')).buffer);
    const network = new Network(prepared.folder, { threads: 1, maxBatch: 2 });

    const crops = await Promise.all(
      ['photo.jpg', 'enlarged.png'].map((name) => preprocess(fixture(name), { limits: PICTURE_LIMITS })),
    );
    const embeddings = await Promise.all(crops.map((crop) => network.embed(crop)));

    for (const [i, embedding] of embeddings.entries()) {
      const expected = torch.subarray(i * DIMENSIONS, (i + 1) * DIMENSIONS);
      const differences = embedding.map((component, j) => Math.abs(component - expected[j]!));
      expect(Math.max(...differences)).toBeLessThan(1e-4);
      expect(Math.hypot(...embedding)).toBeCloseTo(1, 5);
    }
    // The two pictures must not be the same to it, or the test would prove little.
    expect(embeddings[0]!.reduce((sum, x, j) => sum + x * embeddings[1]![j]!, 0)).toBeLessThan(0.99);
  });

  it('is named after its weights and its content, and says what it is', () => {
    const { modelId, sha256, weights: name, synthetic, precision } = prepared.model;

    expect(modelId).toBe(`test-weights-${sha256.slice(0, 8)}`);
    expect({ name, synthetic, precision }).toEqual({
      name: 'test-weights',
      synthetic: false,
      precision: 'fp32',
    });
  });

  it('is not built again, until the weights or the model file change', async () => {
    expect((await prepareModel({ weights, out })).built).toBe(false);

    writeFileSync(modelFile(prepared.folder), 'cut off');
    expect((await prepareModel({ weights, out })).built).toBe(true);

    const state = new Map(testStateDict());
    state.set('bn1.bias', { shape: [64], data: new Float32Array(64) });
    writeFileSync(weights, safetensorsOf(state));
    const changed = await prepareModel({ weights, out });
    expect(changed.built).toBe(true);
    expect(changed.model.modelId).not.toBe(prepared.model.modelId);
  });
});

describe('int8', () => {
  const calibration = fileURLToPath(new URL('../../fixtures/embedding', import.meta.url));

  it('is nearly the same, a quarter of the size, and another model to the index', async () => {
    const fp32 = await prepareModel({ weights: 'synthetic', out });
    const int8 = await prepareModel({ weights: 'synthetic', precision: 'int8', calibration, out });

    const picture = fixture('photo.jpg');
    const [exact, close] = await Promise.all(
      [fp32, int8].map(async ({ folder }) => (await loadEmbedder(folder, { threads: 1 })).embed([picture])),
    );
    const [a, b] = [exact![0]!.embedding!, close![0]!.embedding!];
    expect(a.reduce((sum, x, i) => sum + x * b[i]!, 0)).toBeGreaterThan(0.99);
    expect(int8.model.bytes).toBeLessThan(fp32.model.bytes / 3.5);
    expect(int8.model.precision).toBe('int8');
    expect(int8.model.modelId).not.toBe(fp32.model.modelId);
  });

  it('says when there are too few pictures to calibrate on', async () => {
    const empty = mkdtempSync(join(tmpdir(), 'likeness-none-'));

    await expect(
      prepareModel({ weights: 'synthetic', precision: 'int8', calibration: empty, out }),
    ).rejects.toThrow(CalibrationImpossible);
  });
});

describe('synthetic weights', () => {
  it('give the same file, byte for byte, on every machine', async () => {
    const { model } = await prepareModel({ weights: 'synthetic', out });

    expect(model.synthetic).toBe(true);
    expect(model.modelId).toBe('synthetic-f2f0fe42');
  });

  it('find a copy of a picture among others', async () => {
    const { folder } = await prepareModel({ weights: 'synthetic', out });
    const embedder = await loadEmbedder(folder, { threads: 1 });
    const names = ['reduced.png', 'photo.jpg', 'enlarged.png', 'strip.png', 'one-pixel.png'];
    const { default: sharp } = await import('sharp');
    const copy = await sharp(fixture('reduced.png')).resize(320).jpeg({ quality: 70 }).toBuffer();

    const [query, ...others] = await embedder.embed([copy, ...names.map(fixture)]);

    const scores = others.map(({ embedding }) =>
      embedding!.reduce((sum, x, j) => sum + x * query!.embedding![j]!, 0),
    );
    expect(scores.indexOf(Math.max(...scores))).toBe(0);
    expect(Math.max(...scores.slice(1))).toBeLessThan(0.99);
  });
});

describe('prepareModel', () => {
  it('says what is wrong with weights of another network', async () => {
    const state = new Map(testStateDict());
    state.delete('layer3.5.conv2.weight');
    expect(() => foldBatchNorm(state)).toThrow('it has no layer3.5.conv2.weight');

    state.set('layer3.5.conv2.weight', { shape: [1], data: Float32Array.of(1) });
    expect(() => foldBatchNorm(state)).toThrow('[256,256,3,3]');
  });

  it('names the weights there are when asked for others', async () => {
    await expect(prepareModel({ weights: 'imagenet21k', out })).rejects.toThrow(
      'imagenet1k-v2, imagenet1k-v1',
    );
  });
});
