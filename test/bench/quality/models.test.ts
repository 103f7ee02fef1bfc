/** Several weights are compared, each as a model of its own; what cannot be had is said in a sentence. */

import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { chosenModels } from '../../../bench/quality/models.ts';
import { WeightsUnusable } from '../../../layers/onnx-resnet50/errors.ts';
import { syntheticStateDict } from '../../../layers/onnx-resnet50/synthetic.ts';
import { readModelInfo } from '../../../pictures/embedding/model-folder.ts';
import { safetensorsOf } from '../../factories/state-dict.ts';

const out = mkdtempSync(join(tmpdir(), 'likeness-quality-'));

test('each of several weights becomes a model, and each pool and crop of it', async () => {
  const weights = [1, 2].map((recipe) => {
    const file = join(out, `recipe-${recipe}.safetensors`);
    writeFileSync(file, safetensorsOf(syntheticStateDict(recipe)));
    return file;
  });
  const folders = await chosenModels({ weights: weights.join(','), pool: 'average,gem3' }, out);
  const ids = await Promise.all(folders.map(async (folder) => (await readModelInfo(folder)).modelId));
  expect(ids.map((id) => id.replace(/-[0-9a-f]{8}$/, ''))).toEqual([
    'recipe-1',
    'recipe-1-gem3',
    'recipe-2',
    'recipe-2-gem3',
  ]);
  expect(new Set(ids)).toHaveLength(4);
});

test('unknown weights are refused by name', async () => {
  await expect(chosenModels({ weights: 'imagenet1k-v9' }, out)).rejects.toThrow(WeightsUnusable);
});
