/** Other pooling and other crops of the same weights are other models, and compute what they say. */

import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import sharp from 'sharp';
import { expect, test } from 'vitest';
import { prepareModel } from '../../../layers/onnx-resnet50/build.ts';
import { addEmbedding } from '../../../layers/onnx-resnet50/graph.ts';
import { ELEMENT, OnnxGraph } from '../../../layers/onnx-resnet50/onnx.ts';
import { DIMENSIONS } from '../../../pictures/dimensions.ts';
import { CROP_MODES, SIDE, seenSquare, sideOf } from '../../../pictures/embedding/geometry.ts';
import { loadEmbedder } from '../../../pictures/embedding/load.ts';
import { readModelInfo } from '../../../pictures/embedding/model-folder.ts';
import { openSession } from '../../../pictures/embedding/session.ts';
import { preprocess } from '../../factories/preprocess.ts';

const out = mkdtempSync(join(tmpdir(), 'likeness-variants-'));

test('gem3 is the cube root of the mean of cubes', async () => {
  const { Tensor } = await import('onnxruntime-node');
  const graph = new OnnxGraph('pool');
  addEmbedding(graph, graph.input('maps', ELEMENT.float32, ['n', DIMENSIONS, 7, 7]), 'gem3');
  const session = await openSession(graph.encode({}));
  const maps = Float32Array.from({ length: DIMENSIONS * 49 }, (_, i) => Math.max(0, Math.sin(i * 12.9898)));
  const { embedding } = await session.run({ maps: new Tensor('float32', maps, [1, DIMENSIONS, 7, 7]) });

  const pooled = Array.from({ length: DIMENSIONS }, (_, d) => {
    const cubes = maps.subarray(d * 49, (d + 1) * 49).reduce((sum, x) => sum + x ** 3, 0);
    return Math.cbrt(cubes / 49);
  });
  const length = Math.hypot(...pooled);
  for (const [d, x] of (embedding!.data as Float32Array).entries())
    expect(x).toBeCloseTo(pooled[d]! / length, 5);
});

test('each is a model of its own, and says what it is', async () => {
  const plain = await prepareModel({ weights: 'synthetic', out });
  const other = await prepareModel({ weights: 'synthetic', pool: 'gem3', crop: 'whole224', out });
  expect(other.model).toMatchObject({ weights: 'synthetic', pool: 'gem3', crop: 'whole224' });
  expect(other.model.modelId).toMatch(/^synthetic-gem3-whole224-[0-9a-f]{8}$/);
  expect(plain.model).toMatchObject({ pool: 'average', crop: 'center224' });
  expect(plain.model.modelId).toMatch(/^synthetic-[0-9a-f]{8}$/);
  expect(await readModelInfo(other.folder)).toEqual(other.model);
  expect((await prepareModel({ weights: 'synthetic', pool: 'gem3', crop: 'whole224', out })).built).toBe(
    false,
  );

  // A wide picture, of which the default sees the middle alone.
  const wide = (edge: string) =>
    sharp({ create: { width: 600, height: 200, channels: 3, background: edge } })
      .composite([
        {
          input: { create: { width: 300, height: 200, channels: 3, background: 'navy' } },
          left: 150,
          top: 0,
        },
      ])
      .png()
      .toBuffer();
  const alike = async (folder: string) => {
    const embedder = await loadEmbedder(folder);
    const [a, b] = await embedder.embed([await wide('red'), await wide('lime')]);
    return a!.embedding!.reduce((sum, x, i) => sum + x * b!.embedding![i]!, 0);
  };
  expect(await alike(plain.folder)).toBeGreaterThan(0.9999);
  expect(await alike(other.folder)).toBeLessThan(0.999);
});

test('what each crop sees of a picture', async () => {
  expect(seenSquare(500, 250, 'center224').x).toMatchObject({ target: 512, start: 144, length: SIDE });
  expect(seenSquare(500, 250, 'center224-of-232').x).toMatchObject({ target: 464, start: 120, length: SIDE });
  expect(seenSquare(500, 250, 'whole224').x).toEqual({ source: 500, target: SIDE, start: 0, length: SIDE });
  const picture = await sharp({ create: { width: SIDE, height: SIDE, channels: 3, background: 'teal' } })
    .composite([{ input: Buffer.from('<svg><circle cx="60" cy="90" r="40" fill="gold"/></svg>') }])
    .removeAlpha()
    .png()
    .toBuffer();
  expect(await preprocess(picture, { mode: 'whole224' })).toEqual(
    new Uint8Array(await sharp(picture).raw().toBuffer()),
  );
  for (const mode of CROP_MODES)
    expect(await preprocess(picture, { mode })).toHaveLength(sideOf(mode) ** 2 * 3);
});
