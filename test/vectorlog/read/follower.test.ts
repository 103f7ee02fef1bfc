/** How readers share refreshes, what a refresh tries again, and which appends are taken in. */

import { describe, expect, test, vi } from 'vitest';
import { encodeAppend } from '../../../vectorlog/log/append-file.ts';
import { silentLogger } from '../../../vectorlog/logger.ts';
import { appendName } from '../../../vectorlog/names.ts';
import {
  type Consistency,
  Follower,
  fitting,
  readOrSkip,
  withFreshRetry,
} from '../../../vectorlog/read/follower.ts';
import { ObjectNotFound, RangeNotSatisfiable, StoreUnavailable } from '../../../vectorlog/store/errors.ts';
import { MemoryStore } from '../../../vectorlog/testing/memory-store.ts';
import { gate } from '../../factories/live-index.ts';
import { putRecord } from '../../factories/log-records.ts';

const loggerOf = () => ({ info: vi.fn(), warn: vi.fn(), error: vi.fn() });

interface Snapshot {
  readonly name: number;
  readonly age: () => number;
}

/** A follower whose every refresh makes a snapshot with the next number, after what `before` does. */
function followerOf({ before = async (_attempt: number): Promise<unknown> => undefined } = {}) {
  const logger = loggerOf();
  const attempts: number[] = [];
  const retained: number[] = [];
  const age = { ms: 0 };
  const follower: Follower<Snapshot> = new Follower({
    logger,
    follow: async (attempt) => {
      attempts.push(attempt);
      const name = attempts.length;
      if ((await before(attempt)) === false) return false;
      follower.snapshot = { name, age: () => age.ms };
      return true;
    },
    retain: ({ name }: Snapshot) => void retained.push(name),
  });
  const read = async (consistency: Consistency) => (await follower.read(consistency)).name;
  return { follower, read, logger, attempts, retained, age };
}

const turn = () => new Promise((resolve) => setImmediate(resolve));

describe('a strong read', () => {
  test('has a refresh of its own when none waits to begin, and keeps what it was given', async () => {
    const { read, attempts, retained } = followerOf();
    expect([await read('strong'), await read('strong'), await read('strong')]).toEqual([1, 2, 3]);
    expect(attempts).toEqual([1, 1, 1]);
    expect(retained).toEqual([1, 2, 3]);
  });

  test('shares one that has not begun with all others, and never one that has', async () => {
    const held = gate();
    const { read, attempts } = followerOf({ before: () => held.opened });
    const early = read('strong');
    await turn();
    const late = [read('strong'), read('strong'), read('strong')];
    await turn();
    expect(attempts).toHaveLength(1);
    held.open();

    expect(await early).toBe(1);
    expect(await Promise.all(late)).toEqual([2, 2, 2]);
    expect(await read('strong')).toBe(3);
  });

  test('is not harmed by a refresh before it that failed', async () => {
    const held = gate();
    let calls = 0;
    const { read } = followerOf({
      before: async () => {
        if (++calls > 1) return;
        await held.opened;
        throw new Error('down');
      },
    });
    const early = read('strong');
    const late = read('strong');
    held.open();
    await expect(early).rejects.toThrow('down');
    expect(await late).toBe(2);
  });

  test('waits as its reader wants to, while the refresh goes on', async () => {
    const held = gate();
    const { follower, read, attempts } = followerOf({ before: () => held.opened });
    const impatient = follower.read('strong', () => Promise.reject(new Error('not now')));
    await expect(impatient).rejects.toThrow('not now');
    held.open();
    await turn();
    expect(await read('eventual')).toBe(1);
    expect(attempts).toEqual([1]);
  });

  test('refreshes again when there is no snapshot by then', async () => {
    const { follower, attempts } = followerOf();
    let waits = 0;
    const { name } = await follower.read('strong', async (refresh) => {
      await refresh;
      if (++waits === 1) follower.snapshot = undefined;
    });
    expect(name).toBe(2);
    expect(attempts).toEqual([1, 1]);
  });

  test('needs nobody who keeps snapshots', async () => {
    const follower: Follower<Snapshot> = new Follower({
      logger: silentLogger,
      follow: async () => {
        follower.snapshot = { name: 7, age: () => 0 };
        return true;
      },
    });
    expect((await follower.read('strong')).name).toBe(7);
  });
});

describe('an eventual read', () => {
  test('refreshes where there is nothing, and asks nothing else', async () => {
    const { follower, read, attempts, retained } = followerOf();
    expect([await read('eventual'), await read('eventual')]).toEqual([1, 1]);
    const patiently = vi.fn();
    await follower.read('eventual', patiently);
    expect(patiently).not.toHaveBeenCalled();
    expect(attempts).toEqual([1]);
    expect(retained).toEqual([1, 1, 1]);
  });

  test.each([
    [30_000, 1],
    [30_001, 2],
  ])('of an answer that is %i ms old leaves the next one to find refresh %i', async (ms, next) => {
    const { read, age } = followerOf();
    await read('eventual');
    age.ms = ms;
    expect(await read('eventual')).toBe(1);
    await turn();
    expect(await read('eventual')).toBe(next);
  });

  test('refreshes an old answer once at a time, and again when it is old again', async () => {
    const gates = [gate(), gate(), gate()];
    gates[0]!.open();
    let calls = 0;
    const { read, age, attempts } = followerOf({ before: () => gates[calls++]!.opened });
    await read('eventual');
    age.ms = 30_001;
    await Promise.all([read('eventual'), read('eventual')]);
    await turn();
    expect(attempts).toHaveLength(2);
    gates[1]!.open();
    await turn();
    expect(await read('eventual')).toBe(2);
    expect(attempts).toHaveLength(3);
    gates[2]!.open();
  });

  test('tells the log of a refresh that failed, and answers', async () => {
    const error = new Error('down');
    let isDown = false;
    const { read, age, logger } = followerOf({
      before: async () => {
        if (isDown) throw error;
      },
    });
    await read('eventual');
    isDown = true;
    age.ms = 30_001;
    expect(await read('eventual')).toBe(1);
    await turn();
    expect(logger.warn.mock.calls).toEqual([['the index was not refreshed', { error }]]);
  });
});

describe('a refresh', () => {
  test('looks again when what it saw does not fit together, four times at the most', async () => {
    let misses = 3;
    const { read, attempts, logger } = followerOf({ before: async () => misses-- <= 0 });
    expect(await read('strong')).toBe(4);
    expect(attempts).toEqual([1, 2, 3, 4]);

    misses = 4;
    const refusal = await read('strong').catch((error: unknown) => error);
    expect(refusal).toBeInstanceOf(StoreUnavailable);
    expect(refusal).toMatchObject({ message: 'the index changes faster than it can be read' });
    expect(attempts).toEqual([1, 2, 3, 4, 1, 2, 3, 4]);
    expect(logger.info).not.toHaveBeenCalled();
  });

  test('looks again when an object was gone, and says which', async () => {
    const { read, logger } = followerOf({
      before: async (attempt) => {
        if (attempt < 3) throw new ObjectNotFound(`index/${attempt}`);
      },
    });
    expect(await read('strong')).toBe(3);
    expect(logger.info.mock.calls).toEqual([
      ['an object was gone before it was read', { key: 'index/1', attempt: 1 }],
      ['an object was gone before it was read', { key: 'index/2', attempt: 2 }],
    ]);
  });

  test('does not try anything else again', async () => {
    const error = new RangeNotSatisfiable('index/1');
    const { read, attempts } = followerOf({ before: () => Promise.reject(error) });
    await expect(read('strong')).rejects.toBe(error);
    expect(attempts).toEqual([1]);
  });
});

describe('a reader whose files were cleaned away', () => {
  test.each([
    ['reads once more, strongly', [new ObjectNotFound('index/1-A.faiss')], ['eventual', 'strong'], 'read'],
    [
      'and once more only',
      [new ObjectNotFound('index/1-A.faiss'), new ObjectNotFound('index/2-A.faiss')],
      ['eventual', 'strong'],
      new ObjectNotFound('index/2-A.faiss'),
    ],
    [
      'hears of what is no file of the index',
      [new ObjectNotFound('log/1')],
      ['eventual'],
      new ObjectNotFound('log/1'),
    ],
    [
      'hears of other faults of a file',
      [new RangeNotSatisfiable('index/1-A.faiss')],
      ['eventual'],
      new RangeNotSatisfiable('index/1-A.faiss'),
    ],
    ['hears of other faults', [new Error('down')], ['eventual'], new Error('down')],
    ['and one that reads well reads once', [], ['eventual'], 'read'],
  ] as const)('%s', async (_, failures, expected, outcome) => {
    const asked: Consistency[] = [];
    const reading = withFreshRetry('eventual', async (consistency) => {
      const failure = failures[asked.push(consistency) - 1];
      if (failure) throw failure;
      return 'read';
    });
    expect(await reading.catch((error: unknown) => error)).toEqual(outcome);
    expect(asked).toEqual(expected);
  });
});

describe('an append', () => {
  const name = appendName('01KT0000000000000000000001');
  const read = async (body?: Uint8Array) => {
    const [store, logger] = [new MemoryStore(), loggerOf()];
    if (body) await store.put(name, body);
    return { logger, reading: readOrSkip({ store, logger, dimensions: 2 }, name) };
  };

  test('is read', async () => {
    const append = { records: [putRecord('a', '1')], vectors: Float32Array.of(0.6, 0.8) };
    const { logger, reading } = await read(encodeAppend(append, 2));
    expect(await reading).toEqual(append);
    expect(logger.error).not.toHaveBeenCalled();
  });

  test('that cannot be read counts as empty, and the log hears of it', async () => {
    const { logger, reading } = await read(new Uint8Array(3));
    expect(await reading).toEqual({ records: [], vectors: new Float32Array(0) });
    expect(logger.error.mock.calls).toEqual([
      ['an append cannot be read and is left out', { name, error: expect.any(Error) }],
    ]);
  });

  test('that is gone is no empty one', async () => {
    const { logger, reading } = await read();
    await expect(reading).rejects.toThrow(ObjectNotFound);
    expect(logger.error).not.toHaveBeenCalled();
  });
});

describe('of the appends', () => {
  const appends = [
    { name: 'log/3', size: 1 },
    { name: 'log/1', size: 10 },
    { name: 'log/2', size: 20 },
  ];

  test.each([
    [-1, []],
    [0, []],
    [9, []],
    [10, ['log/1']],
    // The third one would fit, and is newer than one that does not.
    [29, ['log/1']],
    [30, ['log/1', 'log/2']],
    [31, ['log/1', 'log/2', 'log/3']],
  ])('the oldest are taken that fit into %i bytes', (bytes, names) => {
    expect(fitting(appends, bytes).map(({ name }) => name)).toEqual(names);
  });

  test('those of no bytes fit where nothing is left', () => {
    expect(fitting([{ name: 'log/1', size: 0 }], 0)).toEqual([{ name: 'log/1', size: 0 }]);
    expect(fitting([{ name: 'log/1', size: 0 }], -1)).toEqual([]);
  });
});
