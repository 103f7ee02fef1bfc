/** The templates of a stack, made as for a deployment but without packaging the functions. */

import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { App, Stack } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import type { Assets } from '../../cdk/bundling/assets.ts';
import type { ImageSearchProps } from '../../cdk/image-search-props.ts';
import { LikenessStack } from '../../cdk/likeness-stack.ts';
import type { Resources } from './idle.ts';

const { context } = JSON.parse(readFileSync(new URL('../../cdk.json', import.meta.url), 'utf8')) as {
  context: Record<string, unknown>;
};

/** The resources of both stacks. */
export function templatesOf(search: ImageSearchProps = {}): Resources[] {
  const root = mkdtempSync(join(tmpdir(), 'likeness-cost-'));
  try {
    const app = new App({ context, stackTraces: false, treeMetadata: false, analyticsReporting: false });
    const stack = new LikenessStack(app, 'Likeness', { search: { assets: emptyAssets(root), ...search } });
    return [stack, Stack.of(stack.search!)].map(
      (one) => Template.fromStack(one).toJSON().Resources as Resources,
    );
  } finally {
    rmSync(root, { recursive: true });
  }
}

function emptyAssets(root: string): Assets {
  const folder = (name: string, file: string, content: string): string => {
    mkdirSync(join(root, name, file, '..'), { recursive: true });
    writeFileSync(join(root, name, file), content);
    return join(root, name);
  };
  const model = {
    modelId: 'imagenet1k-v2-00000000',
    weights: 'imagenet1k-v2',
    synthetic: false,
    precision: 'fp32',
  };
  return {
    onUpload: folder('on-upload', 'index.mjs', ''),
    compact: folder('compact', 'index.mjs', ''),
    search: folder('search', 'index.mjs', ''),
    front: folder('front', 'index.mjs', ''),
    backfill: folder('backfill', 'index.mjs', ''),
    layer: folder('layer', 'model/model.json', JSON.stringify(model)),
  };
}
