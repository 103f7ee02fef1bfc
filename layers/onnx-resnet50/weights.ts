/** Which weights there are: torchvision's two files, SSCD's, a file of the user's, and random numbers. */

import { basename, extname, join } from 'node:path';
import type { CropMode } from '../../pictures/embedding/geometry.ts';
import { download, type Progress } from './download.ts';
import { WeightsUnusable } from './errors.ts';
import { sha256OfFile } from './file-hash.ts';
import type { Pool } from './graph.ts';
import { readStateDict } from './state-dict.ts';
import { syntheticStateDict } from './synthetic.ts';
import type { StateDict } from './tensor.ts';

interface OfficialWeights {
  readonly url: string;
  /**
   * SHA-256 of the file, in hex. Its name carries the first eight digits, too few to be believed. Absent where nobody has downloaded
   * the file for us yet: then what came first is what must come again.
   */
  readonly sha256?: string;
  readonly pool?: Pool;
  readonly crop?: CropMode;
}

const OFFICIAL: Readonly<Record<string, OfficialWeights>> = {
  'imagenet1k-v2': {
    url: 'https://download.pytorch.org/models/resnet50-11ad3fa6.pth',
    sha256: '11ad3fa62ca79e40addfd354a8ec4b7c75143b3038b8d2a807fbc68deab379ca',
  },
  'imagenet1k-v1': {
    url: 'https://download.pytorch.org/models/resnet50-0676ba61.pth',
    sha256: '0676ba61b6795bbe1773cffd859882e5e297624d384b6993f7c9e683e722fb8a',
  },
  // A descriptor for copies (Pizzi et al., 2022), MIT licence with its weights, trained for squares of 320.
  sscd: {
    url: 'https://dl.fbaipublicfiles.com/sscd-copy-detection/sscd_disc_mixup.torchvision.pt',
    pool: 'gem3',
    crop: 'whole320',
  },
};

export const DEFAULT_WEIGHTS = 'imagenet1k-v2';
export const SYNTHETIC_WEIGHTS = 'synthetic';

/** Weights that are known but not yet read. */
export interface WeightsSource {
  /** Stands at the front of the model's id. */
  readonly name: string;
  readonly synthetic: boolean;
  /** What the weights were made for, where nothing else is asked for. */
  readonly pool: Pool;
  readonly crop: CropMode;
  /** Changes when the weights do; mostly cheaper to get than the weights. @throws DownloadFailed */
  fingerprint(onProgress: (progress: Progress) => void): Promise<string>;
  /** @throws WeightsUnusable, DownloadFailed */
  read(onProgress: (progress: Progress) => void): Promise<StateDict>;
}

/**
 * @param weights `imagenet1k-v2`, `imagenet1k-v1`, `sscd`, `synthetic`, or the path of a `.pth` or `.safetensors` file.
 * @param downloads Folder that keeps what was downloaded.
 */
export function weightsSource(weights: string, downloads: string): WeightsSource {
  if (weights === SYNTHETIC_WEIGHTS) {
    return {
      name: SYNTHETIC_WEIGHTS,
      synthetic: true,
      ...PLAIN,
      fingerprint: async () => SYNTHETIC_WEIGHTS,
      read: async () => syntheticStateDict(),
    };
  }
  const known = Object.hasOwn(OFFICIAL, weights) ? OFFICIAL[weights] : undefined;
  if (known) return official(weights, known, downloads);
  if (!/[./\\]/.test(weights)) {
    const names = [...Object.keys(OFFICIAL), SYNTHETIC_WEIGHTS].join(', ');
    throw new WeightsUnusable(
      `there are no weights named "${weights}"; give one of ${names}, or the path of a file`,
    );
  }
  return {
    name: nameOf(weights),
    synthetic: false,
    ...PLAIN,
    fingerprint: () =>
      sha256OfFile(weights).catch((error) => {
        throw new WeightsUnusable(`the weights file ${weights} cannot be read`, { cause: error });
      }),
    read: () => readStateDict(weights),
  };
}

const PLAIN = { pool: 'average', crop: 'center224' } as const;

function official(
  name: string,
  { url, sha256, pool = PLAIN.pool, crop = PLAIN.crop }: OfficialWeights,
  downloads: string,
): WeightsSource {
  const path = join(downloads, basename(url));
  return {
    ...{ name, synthetic: false, pool, crop },
    // Eight digits, as they always were: models that were built stay valid.
    fingerprint: async (onProgress) => (sha256 ?? (await download({ url, path, onProgress }))).slice(0, 8),
    read: async (onProgress) => {
      await download({ url, path, onProgress, ...(sha256 && { sha256 }) });
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
