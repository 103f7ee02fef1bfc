/** A small copy costs no more memory than its picture may have bytes, whatever the file becomes meanwhile. */

import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { Thumbnails } from '../../local/thumbnails.ts';
import { PictureDecoder } from '../../pictures/decoding/decoder.ts';
import { ObjectTooLarge } from '../../vectorlog/store/errors.ts';
import { MemoryStore } from '../../vectorlog/testing/memory-store.ts';
import { picture } from '../factories/pictures.ts';

it('does not read a file that has become too large since it was looked at', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'likeness-test-'));
  const bytes = await picture(1);
  const store = new MemoryStore();
  await store.put('a.png', bytes);
  const found = (await store.head('a.png'))!;
  const decoder = new PictureDecoder({ maxBytesOfLargeKinds: bytes.length });
  const thumbnails = new Thumbnails(store, folder, decoder);

  await store.put('a.png', new Uint8Array(bytes.length + 1));
  await expect(thumbnails.get('a.png', found, 160)).rejects.toThrow(ObjectTooLarge);
  await store.put('a.png', bytes);
  expect((await thumbnails.get('a.png', found, 160)).length).toBeGreaterThan(0);
  await rm(folder, { recursive: true });
});
