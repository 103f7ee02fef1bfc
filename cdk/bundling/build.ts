/** The program that packages the functions: says on stderr how large they are, and on stdout where, as JSON. */

import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import type { ModelRequest } from '../../layers/onnx-resnet50/build.ts';
import { DownloadFailed } from '../../layers/onnx-resnet50/errors.ts';
import { LikenessError } from '../../vectorlog/errors.ts';
import type { Assets } from './assets.ts';
import { packFunction } from './functions.ts';
import { buildLayer } from './layer.ts';
import { BUILD_FOLDER as out } from './lock-file.ts';
import { isNative, refuseForeign } from './native-files.ts';
import type { LambdaArchitecture } from './native-packages.ts';
import { filesBelow, sizeTable } from './sizes.ts';

const WAYS_TO_WEIGHTS = `
Ways to continue, any one of them:
- run this where download.pytorch.org can be reached; the file is kept in .cache/models
- npx cdk deploy -c weights=path/to/resnet50.pth   a file that you have (a state dict of torchvision's ResNet50)
- npx cdk deploy -c weights=synthetic              random weights: everything runs, but no likeness of meaning`;

async function main(): Promise<Assets> {
  const { values } = parseArgs({
    options: {
      weights: { type: 'string' },
      precision: { type: 'string' },
      pool: { type: 'string' },
      crop: { type: 'string' },
      architecture: { type: 'string', default: 'x64' },
    },
  });
  const architecture = values.architecture as LambdaArchitecture;
  const [onUpload, compact, search, front, backfill, layer] = await Promise.all([
    packFunction('onUpload', architecture, join(out, 'functions')),
    packFunction('compact', architecture, join(out, 'functions')),
    packFunction('search', architecture, join(out, 'functions')),
    packFunction('front', architecture, join(out, 'functions')),
    packFunction('backfill', architecture, join(out, 'functions')),
    buildLayer(
      {
        ...(values.weights && { weights: values.weights }),
        ...(values.precision && { precision: values.precision as 'fp32' | 'int8' }),
        ...(values.pool && { pool: values.pool as NonNullable<ModelRequest['pool']> }),
        ...(values.crop && { crop: values.crop as NonNullable<ModelRequest['crop']> }),
      },
      architecture,
      out,
    ),
  ]);
  const assets = { onUpload, compact, search, front, backfill, layer };
  for (const { path } of Object.values(assets).flatMap((folder) => filesBelow(resolve(folder)))) {
    if (isNative(path)) refuseForeign(path, architecture);
  }
  console.error(sizeTable(assets));
  return assets;
}

try {
  console.log(JSON.stringify(await main()));
} catch (error) {
  if (!(error instanceof LikenessError)) throw error;
  console.error(`${error.message}${error instanceof DownloadFailed ? `\n${WAYS_TO_WEIGHTS}` : ''}`);
  process.exitCode = 1;
}
