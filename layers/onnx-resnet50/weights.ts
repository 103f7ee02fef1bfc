/** Which weights there are: two official files, a file of the user's, and random numbers. */

import { basename, extname, join } from 'node:path';
import { download, type Progress } from './download.ts';
import { WeightsUnusable } from './errors.ts';
import { sha256OfFile } from './file-hash.ts';
import { readStateDict } from './state-dict.ts';
import { syntheticStateDict } from './synthetic.ts';
import type { StateDict } from './tensor.ts';

/** As torch.hub has it: the name ends in the first eight hex digits of the file's SHA-256. */
const OFFICIAL: Readonly<Record<string, string>> = {
  'imagenet1k-v2': 'https://download.pytorch.org/models/resnet50-11ad3fa6.pth',
  'imagenet1k-v1': 'https://download.pytorch.org/models/resnet50-0676ba61.pth',
};

export const DEFAULT_WEIGHTS = 'imagenet1k-v2';
export const SYNTHETIC_WEIGHTS = 'synthetic';

/** Weights that are known but not yet read. */
export interface WeightsSource {
  /** Stands at the front of the model's id. */
  readonly name: string;
  readonly synthetic: boolean;
  /** Changes when the weights do; cheaper to get than the weights. */
  fingerprint(): Promise<string>;
  /** @throws WeightsUnusable, DownloadFailed */
  read(onProgress: (progress: Progress) => void): Promise<StateDict>;
}

/**
 * @param weights `imagenet1k-v2`, `imagenet1k-v1`, `synthetic`, or the path of a `.pth` or `.safetensors` file.
 * @param downloads Folder that keeps what was downloaded.
 */
export function weightsSource(weights: string, downloads: string): WeightsSource {
  if (weights === SYNTHETIC_WEIGHTS) {
    return {
      name: SYNTHETIC_WEIGHTS,
      synthetic: true,
      fingerprint: async () => SYNTHETIC_WEIGHTS,
      read: async () => syntheticStateDict(),
    };
  }
  const url = OFFICIAL[weights];
  if (url) return official(weights, url, downloads);
  if (!/[./\\]/.test(weights)) {
    const names = [...Object.keys(OFFICIAL), SYNTHETIC_WEIGHTS].join(', ');
    throw new WeightsUnusable(
      `there are no weights named "${weights}"; give one of ${names}, or the path of a file`,
    );
  }
  return {
    name: nameOf(weights),
    synthetic: false,
    fingerprint: () =>
      sha256OfFile(weights).catch((error) => {
        throw new WeightsUnusable(`the weights file ${weights} cannot be read`, { cause: error });
      }),
    read: () => readStateDict(weights),
  };
}

function official(name: string, url: string, downloads: string): WeightsSource {
  const file = basename(url);
  const hash = /-([0-9a-f]{8})\.pth$/.exec(file)![1]!;
  return {
    name,
    synthetic: false,
    fingerprint: async () => hash,
    read: async (onProgress) => {
      const path = join(downloads, file);
      await download({ url, path, sha256Prefix: hash, onProgress });
      return readStateDict(path);
    },
  };
}

/** The file's name as a part of object keys: lower case letters, digits, dots and hyphens. */
function nameOf(path: string): string {
  const name = basename(path, extname(path))
    .toLowerCase()
    .replaceAll(/[^a-z0-9.]+/g, '-')
    .replace(/^[-.]+/, '');
  let end = name.length;
  while (end > 0 && '-.'.includes(name[end - 1]!)) end--;
  return name.slice(0, end) || 'weights';
}
