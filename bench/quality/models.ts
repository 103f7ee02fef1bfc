/** Which models are compared: one for each combination of weights, pool and crop that was asked for. */

import { prepareModel } from '../../layers/onnx-resnet50/build.ts';
import { modelFolder, readModelChoice } from '../../local/model-choice.ts';
import { CROP_MODES } from '../../pictures/embedding/geometry.ts';
import { POOLS } from '../../pictures/embedding/model-folder.ts';

/** Names with commas between them. */
export const list = (text: string | undefined): string[] => text?.split(',') ?? [];

/**
 * @param asked `list`s; the model that was set up where nothing is asked for
 * @param out the folder of all models
 * @returns their folders
 * @throws WeightsUnusable, DownloadFailed
 */
export async function chosenModels(
  asked: { readonly weights?: string; readonly pool?: string; readonly crop?: string },
  out: string,
): Promise<string[]> {
  if (!asked.weights && !asked.pool && !asked.crop) return [await modelFolder()];
  // Without a word, what the weights were made for.
  const pools = asked.pool ? list(asked.pool).map((pool) => ({ pool: named(POOLS, pool) })) : [{}];
  const crops = asked.crop ? list(asked.crop).map((crop) => ({ crop: named(CROP_MODES, crop) })) : [{}];
  const chosen = asked.weights ? list(asked.weights) : [(await readModelChoice())?.weights];
  const folders: string[] = [];
  for (const weights of chosen)
    for (const pool of pools)
      for (const crop of crops)
        folders.push((await prepareModel({ ...(weights && { weights }), ...pool, ...crop, out })).folder);
  return folders;
}

function named<T extends string>(names: readonly T[], text: string): T {
  const name = names.find((each) => each === text);
  if (name === undefined) throw new Error(`"${text}" is none of ${names.join(', ')}`);
  return name;
}
