/** Stands in for the packages of the functions, so that a template can be made without bundling. */

import { mkdirSync, mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Assets } from '../../cdk/bundling/assets.ts';
import type { ModelInfo } from '../../pictures/embedding/embedder.ts';

const STUB_MODEL: ModelInfo = {
  modelId: 'imagenet1k-v2-01234567',
  weights: 'imagenet1k-v2',
  synthetic: false,
  precision: 'fp32',
};

/** Folders that look like packages from outside. */
export function stubAssets(model: Partial<ModelInfo> = {}): Assets {
  const root = mkdtempSync(join(tmpdir(), 'likeness-stub-'));
  const code = (name: string): string => {
    const folder = join(root, name);
    mkdirSync(folder);
    writeFileSync(join(folder, 'index.mjs'), `export const handler = async () => '${name}';\n`);
    return folder;
  };
  const layer = join(root, 'layer');
  mkdirSync(join(layer, 'model'), { recursive: true });
  writeFileSync(join(layer, 'model', 'model.json'), JSON.stringify({ ...STUB_MODEL, ...model }));
  return {
    onUpload: code('on-upload'),
    compact: code('compact'),
    search: code('search'),
    front: code('front'),
    backfill: code('backfill'),
    layer,
  };
}
