/** The layer: the network, its description, and the ONNX Runtime that runs it. */

import { copyFileSync, mkdirSync, rmSync } from 'node:fs';
import { basename, join } from 'node:path';
import { type ModelRequest, prepareModel } from '../../layers/onnx-resnet50/build.ts';
import { CACHE_FOLDER } from '../../layers/onnx-resnet50/cache-folder.ts';
import { descriptionFile, modelFile } from '../../pictures/embedding/model-folder.ts';
import { type LambdaArchitecture, nativePackages, shipNativePackage } from './native-packages.ts';

/**
 * Makes the model where it is not there yet, and writes `<out>/layers/<model>/`, which becomes /opt.
 *
 * @returns the folder
 * @throws WeightsUnusable, DownloadFailed
 */
export async function buildLayer(
  request: Omit<ModelRequest, 'out'>,
  architecture: LambdaArchitecture,
  out: string,
): Promise<string> {
  const { folder: model } = await prepareModel({ ...request, out: join(CACHE_FOLDER, 'models') });
  const layer = join(out, 'layers', basename(model));
  rmSync(layer, { recursive: true, force: true });
  mkdirSync(join(layer, 'model'), { recursive: true });
  for (const file of [modelFile, descriptionFile]) copyFileSync(file(model), file(join(layer, 'model')));
  for (const native of nativePackages(architecture)) {
    if (native.place === 'layer') shipNativePackage(native, join(layer, 'nodejs', 'node_modules'));
  }
  return layer;
}
