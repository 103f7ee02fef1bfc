/** A backfill keeps the queue busy, and knows after a fault from where to go on. */

import { expect, test } from 'vitest';
import { backfill } from '../../../pictures/ingest/backfill.ts';
import { MemoryStore } from '../../../vectorlog/testing/memory-store.ts';

async function bucket(count: number): Promise<MemoryStore> {
  const pictures = new MemoryStore();
  for (let i = 0; i < count; i++) await pictures.put(`${10_000 + i}`, new Uint8Array(1));
  return pictures;
}

test('eight batches are on their way at the same time, and no more', async () => {
  let now = 0;
  let most = 0;
  const send = async () => {
    most = Math.max(most, ++now);
    await new Promise((resolve) => setImmediate(resolve));
    now--;
  };
  const { missing, cursor } = await backfill({ pictures: await bucket(400), index: new MemoryStore(), send });
  expect([most, missing, cursor]).toEqual([8, 400, '10399']);
});

test('the cursor stays before a batch that has not arrived, whatever came after it', async () => {
  const cursors: (string | undefined)[] = [];
  let sends = 0;
  const send = async () => {
    if (++sends === 108) throw new Error('the queue is away');
  };
  const run = backfill(
    { pictures: await bucket(1_500), index: new MemoryStore(), send },
    { onProgress: ({ cursor }) => cursors.push(cursor) },
  );
  await expect(run).rejects.toThrow('the queue is away');
  expect(Number(cursors.at(-1))).toBeLessThan(10_000 + 1_070);
});
