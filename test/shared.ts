/** Pictures and weights that may stand beside the repository; every path is `undefined` where they do not. */

import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

function beside(path: string): string | undefined {
  const absolute = fileURLToPath(new URL(`../../shared/${path}`, import.meta.url));
  return existsSync(absolute) ? absolute : undefined;
}

/** A folder of photos, with `reference-embeddings.json` and `.f32` that say what torchvision makes of them. */
export const sharedPhotos = beside('photos');

const models = beside('models');

/** A trained ResNet50 as a torchvision state dict, for measuring the quality of answers. */
export const sharedWeights = models && firstStateDict(models);

function firstStateDict(folder: string): string | undefined {
  const names = readdirSync(folder, { recursive: true, encoding: 'utf8' });
  const found = names.filter((name) => name.endsWith('.pth')).sort()[0];
  return found && join(folder, found);
}

/** What a test that skips for want of them prints as its reason. */
export const SHARED_MISSING = 'skipped: there is no folder "shared" beside the repository';
