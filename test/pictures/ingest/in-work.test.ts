/** A picture that ends the process is rejected at last, and takes none of its batch along. */

import { expect, test } from 'vitest';
import type { Embedder } from '../../../pictures/embedding/embedder.ts';
import { ingest } from '../../../pictures/ingest/ingest.ts';
import { listRejections } from '../../../pictures/ingest/rejections.ts';
import { IN_WORK_PREFIX } from '../../../pictures/names.ts';
import { listAppends, readAppend } from '../../../vectorlog/log/append-log.ts';
import { silentLogger } from '../../../vectorlog/logger.ts';
import { MemoryStore } from '../../../vectorlog/testing/memory-store.ts';
import { fakeEmbedder } from '../../factories/fake-embedder.ts';
import { movableClock } from '../../factories/movable-clock.ts';
import { s3Event } from '../../factories/s3-events.ts';

const clock = movableClock();
const KEYS = ['a', 'killer', 'b', 'c'];

/** Never answers for the killer, and says so: as little as a process that is gone. */
function deadlyEmbedder(onDeath: () => void): Embedder {
  const fake = fakeEmbedder();
  return {
    ...fake,
    embed: (pictures) => {
      if (!pictures.some((bytes) => new TextDecoder().decode(bytes) === 'killer'))
        return fake.embed(pictures);
      onDeath();
      return new Promise(() => {});
    },
  };
}

test('it is rejected at its fourth try, and its neighbours are indexed', async () => {
  const pictures = new MemoryStore({ clock });
  const index = new MemoryStore({ clock });
  const bodies: string[] = [];
  for (const [i, key] of KEYS.entries()) {
    const body = new TextEncoder().encode(key);
    const { eTag } = await pictures.put(key, body);
    bodies.push(JSON.stringify(s3Event({ key, sequencer: `10${i}`, eTag, size: body.length })));
  }
  const outcomeOf = (receives: number) => {
    const messages = bodies.map((body, i) => ({ id: String(i), body, receives }));
    return new Promise((resolve) => {
      const embedder = deadlyEmbedder(() => resolve('died'));
      void ingest({ pictures, index, embedder, clock, logger: silentLogger }, messages).then(resolve);
    });
  };

  for (const receives of [1, 2, 3]) expect(await outcomeOf(receives)).toBe('died');
  expect(await outcomeOf(4)).toMatchObject({ failed: new Set(), embedded: 3, rejected: 1 });

  const indexed: string[] = [];
  for await (const { name } of listAppends(index))
    for (const { key, op } of (await readAppend(index, name, 2_048)).records)
      if (op === 'put') indexed.push(key);
  expect(indexed.sort()).toEqual(['a', 'b', 'c']);
  const reasons: unknown[] = [];
  for await (const { key, code } of listRejections(index)) reasons.push([key, code]);
  expect(reasons).toEqual([['killer', 'crashed']]);
  for await (const page of index.list({ prefix: IN_WORK_PREFIX })) expect(page).toEqual([]);
});
