/** Create-if-absent on S3: how often it is tried, how long it waits in between, and what decides. */

import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { createObject } from '../../../../vectorlog/store/s3/creating.ts';
import { fakeClient, sdkError } from './fake-client.ts';

const pauses: number[] = vi.hoisted(() => []);
vi.mock(import('node:timers/promises'), async (original) => ({
  ...(await original()),
  setTimeout: (async (ms: number) => {
    pauses.push(ms);
  }) as never,
}));

beforeEach(() => {
  pauses.length = 0;
  vi.spyOn(Math, 'random').mockReturnValue(0.25);
});
afterEach(() => vi.restoreAllMocks());

const input = { Bucket: 'b', Key: 'k', Body: 'x' };
const conflict = () => sdkError(409, 'ConditionalRequestConflict');
const never = () => Promise.reject(new Error('nobody is to ask'));

it('asks once where nothing stands in the way, and never without the condition', async () => {
  const { client, sent } = fakeClient(() => ({}));

  expect(await createObject(client, input, never)).toBe(true);

  expect(sent).toEqual([{ name: 'PutObject', input: { ...input, IfNoneMatch: '*' } }]);
  expect(pauses).toEqual([]);
});

it('waits longer after each conflict, ten times in all, and then says what stood in its way', async () => {
  const { client, sent } = fakeClient(() => {
    throw conflict();
  });

  await expect(createObject(client, input, never)).rejects.toMatchObject({
    name: 'StoreUnavailable',
    message: 'writes to "k" keep colliding',
  });

  expect(sent).toHaveLength(10);
  // 50 ms a try so far, times 0.5 to 1.5.
  expect(pauses).toEqual([37.5, 75, 112.5, 150, 187.5, 225, 262.5, 300, 337.5, 375]);
});

it.each([400, 403, 500])('passes on a %i, which decides nothing that it could mend', async (status) => {
  const error = sdkError(status, 'X');
  const { client, sent } = fakeClient(() => {
    throw error;
  });
  await expect(createObject(client, input, never)).rejects.toBe(error);
  expect(sent).toHaveLength(1);
});

it('believes the first that says another was there, if it was sent once', async () => {
  const { client, sent } = fakeClient(() => {
    throw sdkError(412, 'PreconditionFailed', { attempts: 1 });
  });
  expect(await createObject(client, input, never)).toBe(false);
  expect(sent).toHaveLength(1);
});

it('asks whose the object is after a request that was sent twice, and goes by the answer', async () => {
  const late = () => sdkError(412, 'PreconditionFailed', { attempts: 2 });
  for (const own of [true, false]) {
    const { client, sent } = fakeClient(() => {
      throw late();
    });
    expect(await createObject(client, input, async () => own)).toBe(own);
    expect(sent).toHaveLength(1);
  }
});

it('does not forget over a conflict that a try before it may have written', async () => {
  const answers = [
    sdkError(409, 'X', { attempts: 2 }),
    sdkError(409, 'X', { attempts: 1 }),
    sdkError(412, 'X', { attempts: 1 }),
  ];
  const { client } = fakeClient((_, number) => {
    throw answers[number - 1]!;
  });
  expect(await createObject(client, input, async () => true)).toBe(true);
  expect(pauses).toEqual([37.5, 75]);
});

it('tries again, after a pause, when what was in its way has gone', async () => {
  const { client, sent } = fakeClient((_, number) => {
    if (number === 1) throw sdkError(412, 'X', { attempts: 2 });
    return {};
  });
  expect(await createObject(client, input, async () => undefined)).toBe(true);
  expect(sent).toHaveLength(2);
  expect(pauses).toEqual([37.5]);
});
