/** What pictures are compared by is there when they are indexed, and goes with them. */

import { unlink } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { createCompact } from '../../functions/compact/handler.ts';
import { findFeatures } from '../../pictures/duplicates/features.ts';
import { dropFingerprints } from '../../pictures/duplicates/fingerprint-writer.ts';
import { decodePack } from '../../pictures/duplicates/pack-store.ts';
import { FINGERPRINTS_PREFIX } from '../../pictures/names.ts';
import { systemClock } from '../../vectorlog/clock.ts';
import { silentLogger } from '../../vectorlog/logger.ts';
import { FileStore } from '../../vectorlog/store/file-store.ts';
import { prefixed } from '../../vectorlog/store/prefixed-store.ts';
import { fakeEmbedder } from '../factories/fake-embedder.ts';
import { picture } from '../factories/pictures.ts';
import { type ServedFolder, servedFolder } from '../factories/serving.ts';

// Calls in this thread alone are seen: the workers' program is a bundle of its own.
vi.mock('../../pictures/duplicates/features.ts', { spy: true });

let library: ServedFolder;
beforeEach(async () => {
  library = await servedFolder();
});
afterEach(() => library.remove());

async function kept(): Promise<number> {
  const index = new FileStore(join(library.folder, '.likeness'));
  let count = 0;
  for await (const page of index.list({ prefix: `${fakeEmbedder().model.modelId}/${FINGERPRINTS_PREFIX}` }))
    for (const { key } of page) count += decodePack((await index.get(key)).body).length;
  return count;
}

test('a server keeps a fingerprint of each picture that it indexes, until a compaction leaves the picture behind', async () => {
  await library.write('a.png', await picture(1));
  await library.write('b.png', await picture(2));
  const first = await library.serve();
  await first.serving.stop();
  expect(await kept()).toBe(2);
  const { modelId } = fakeEmbedder().model;
  const index = prefixed(new FileStore(join(library.folder, '.likeness')), `${modelId}/`);
  const onDropped = dropFingerprints(index, systemClock, silentLogger);
  // A server folds by amounts; this one folds all.
  const compact = createCompact({ index, modelId, clock: systemClock, logger: silentLogger, onDropped });
  await compact();
  expect(await kept()).toBe(2);

  await unlink(join(library.folder, 'a.png'));
  await (await library.serve()).serving.stop();
  await compact();
  expect(await kept()).toBe(1);
});

test('the thread that answers searches computes no fingerprints', async () => {
  await library.write('a.png', await picture(1));
  await (await library.serve()).serving.stop();
  expect(await kept()).toBe(1);
  expect(findFeatures).not.toHaveBeenCalled();
});
