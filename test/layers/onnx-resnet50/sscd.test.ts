/** A state dict of SSCD's shape becomes a model of 512 numbers, which everything else takes as it takes 2,048. */

import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Tensor } from 'onnxruntime-node';
import { beforeAll, describe, expect, test } from 'vitest';
import { FEATURES } from '../../../layers/onnx-resnet50/architecture.ts';
import { type PreparedModel, prepareModel } from '../../../layers/onnx-resnet50/build.ts';
import { WeightsUnusable } from '../../../layers/onnx-resnet50/errors.ts';
import { foldBatchNorm } from '../../../layers/onnx-resnet50/fold.ts';
import { addEmbedding } from '../../../layers/onnx-resnet50/graph.ts';
import { ELEMENT, OnnxGraph } from '../../../layers/onnx-resnet50/onnx.ts';
import { syntheticStateDict } from '../../../layers/onnx-resnet50/synthetic.ts';
import type { Tensor as Weights } from '../../../layers/onnx-resnet50/tensor.ts';
import { weightsSource } from '../../../layers/onnx-resnet50/weights.ts';
import { DIMENSIONS, dimensionsOf } from '../../../pictures/dimensions.ts';
import { loadEmbedder } from '../../../pictures/embedding/load.ts';
import { openSession } from '../../../pictures/embedding/session.ts';
import { verify } from '../../../pictures/maintenance/verify.ts';
import { json, picture as pictureOf, testApi } from '../../factories/api.ts';
import { picture } from '../../factories/pictures.ts';
import { safetensorsOf } from '../../factories/state-dict.ts';

const OUTPUTS = 512;

/** As torch saves `sscd_disc_mixup.torchvision.pt`: torchvision's names under `backbone.`, and a last layer of 512. */
function sscdStateDict(): Map<string, Weights> {
  const state = new Map(
    [...syntheticStateDict()].map(([name, tensor]) => [`backbone.${name}`, tensor] as const),
  );
  const weight = Float32Array.from({ length: OUTPUTS * FEATURES }, (_, i) => Math.sin(i * 12.9898) / 40);
  state.set('backbone.fc.weight', { shape: [OUTPUTS, FEATURES], data: weight });
  state.set('backbone.fc.bias', { shape: [OUTPUTS], data: new Float32Array(OUTPUTS).fill(0.01) });
  return state;
}

describe('SSCD', () => {
  const out = mkdtempSync(join(tmpdir(), 'likeness-sscd-'));
  const weights = join(out, 'copies.safetensors');
  let prepared: PreparedModel;
  beforeAll(async () => {
    writeFileSync(weights, safetensorsOf(sscdStateDict()));
    prepared = await prepareModel({ weights, pool: 'gem3', crop: 'whole320', out });
  });

  test('the linear layer follows the pooling', async () => {
    const projection = {
      outputs: 3,
      weights: Float32Array.from({ length: 3 * FEATURES }, (_, i) => Math.cos(i)),
      bias: Float32Array.of(0.5, -1, 2),
    };
    const graph = new OnnxGraph('projection');
    addEmbedding(graph, graph.input('maps', ELEMENT.float32, ['n', FEATURES, 2, 2]), 'average', projection);
    const session = await openSession(graph.encode({}));
    const maps = Float32Array.from({ length: FEATURES * 4 }, (_, i) => Math.abs(Math.sin(i * 7)));
    const { embedding } = await session.run({ maps: new Tensor('float32', maps, [1, FEATURES, 2, 2]) });

    const projected = [...projection.bias].map((bias, output) => {
      let sum = bias;
      for (let d = 0; d < FEATURES; d++) {
        const mean = (maps[4 * d]! + maps[4 * d + 1]! + maps[4 * d + 2]! + maps[4 * d + 3]!) / 4;
        sum += projection.weights[output * FEATURES + d]! * mean;
      }
      return sum;
    });
    const length = Math.hypot(...projected);
    for (const [i, x] of projected.entries())
      expect((embedding!.data as Float32Array)[i]).toBeCloseTo(x / length, 4);
  });

  test('says in its id how many numbers an embedding has', () => {
    expect(prepared.model.modelId).toMatch(/^copies-gem3-whole320-512d-[0-9a-f]{8}$/);
    expect(dimensionsOf(prepared.model.modelId)).toBe(OUTPUTS);
    expect(dimensionsOf('imagenet1k-v2-1a2b3c4d')).toBe(DIMENSIONS);
  });

  test('is indexed, folded, searched and verified with 512 numbers', async () => {
    const embedder = await loadEmbedder(prepared.folder);
    const api = testApi({}, { embedder });
    for (const seed of [1, 2, 3]) await api.upload(`${seed}.png`, await picture(seed));
    expect((await api.compact()).rowsAdded).toBe(3);
    await api.upload('4.png', await picture(4));

    const found = async (init: RequestInit) =>
      (await (await api.request('/v1/search?k=2', init)).json()) as {
        results: { key: string; score: number }[];
      };
    for (const seed of [2, 4]) {
      const { results } = await found(pictureOf(await picture(seed), 'image/png'));
      expect(results[0]).toMatchObject({ key: `${seed}.png`, score: expect.closeTo(1, 4) });
    }
    const [outcome] = await embedder.embed([await picture(3)]);
    expect(outcome!.embedding).toHaveLength(OUTPUTS);
    expect((await found(json({ vector: [...outcome!.embedding!] }))).results[0]!.key).toBe('3.png');
    const wrong = await api.request('/v1/search', json({ vector: Array(DIMENSIONS).fill(1) }));
    expect([wrong.status, await wrong.json()]).toEqual([
      400,
      expect.objectContaining({ detail: 'A vector is an array of 512 finite numbers.' }),
    ]);
    const report = await verify({ ...api, modelId: embedder.model.modelId });
    expect(report).toMatchObject({ ok: true, rows: 3 });
  });

  test('has the name sscd, with the pool and the crop that it was made for', () => {
    expect(weightsSource('sscd', out)).toMatchObject({ name: 'sscd', pool: 'gem3', crop: 'whole320' });
  });

  test('a linear layer of another shape is refused by name', () => {
    const state = sscdStateDict();
    state.set('backbone.fc.bias', { shape: [7], data: new Float32Array(7) });
    expect(() => foldBatchNorm(state)).toThrow(
      new WeightsUnusable('fc.bias has the shape [7] where ResNet50 has [512]'),
    );
    state.delete('backbone.fc.weight');
    expect(() => foldBatchNorm(state)).toThrow(/has no fc.weight/);
  });
});

test('a name that looks as if it told other dimensions is told apart', async () => {
  const out = mkdtempSync(join(tmpdir(), 'likeness-named-'));
  const weights = join(out, 'trained-512d.safetensors');
  writeFileSync(weights, safetensorsOf(syntheticStateDict()));
  const { model } = await prepareModel({ weights, out });
  expect(model.modelId).toMatch(/^trained-512d-2048d-[0-9a-f]{8}$/);
  expect(dimensionsOf(model.modelId)).toBe(DIMENSIONS);
});
