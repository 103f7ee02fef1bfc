/** A store that hangs is given up, and what it had begun is taken up again. */

import { expect, it, vi } from 'vitest';
import { StoreUnavailable } from '../../../vectorlog/store/errors.ts';
import { scriptedS3 } from './scripted-s3.ts';

vi.mock(import('../../../vectorlog/store/limits.ts'), async (original) => {
  const limits = await original();
  return { ...limits, STORE_LIMITS: { ...limits.STORE_LIMITS, idleTimeoutMs: 200 as never } };
});

it('gives up a store that never answers', async () => {
  const { store, requests } = await scriptedS3(() => ({ status: 'hang' }));

  await expect(store.head('a')).rejects.toBeInstanceOf(StoreUnavailable);

  expect(requests).toHaveLength(5);
});

it('takes up a body that stands still', async () => {
  const { store, requests } = await scriptedS3(({ number, headers }) => {
    const start = Number(/^bytes=(\d+)-/.exec(headers.range!)![1]);
    return {
      status: 206,
      headers: { etag: '"e"', 'content-range': `bytes ${start}-9/10` },
      body: '0123456789'.slice(start),
      ...(number === 1 && { hangAfter: 4 }),
    };
  });

  const bytes = await store.read('a', { start: 0, end: 10 });

  expect(Buffer.from(bytes).toString()).toBe('0123456789');
  expect(requests.map(({ headers }) => headers.range)).toEqual(['bytes=0-9', 'bytes=4-9']);
});
