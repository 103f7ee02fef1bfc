import type { SQSBatchResponse, SQSEvent } from 'aws-lambda';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { type BatchOutcome, EventQueue, type EventQueueOptions } from '../../local/event-queue.ts';
import { QUEUE_LIMITS } from '../../pictures/ingest/limits.ts';
import { silentLogger } from '../../vectorlog/logger.ts';

// The queue's time is the test's: nothing here waits.
beforeEach(() => void vi.useFakeTimers());
const queues: EventQueue[] = [];
afterEach(async () => {
  await Promise.all(queues.splice(0).map((queue) => queue.stop()));
  vi.useRealTimers();
});

const WINDOW_MS = 100;
const VISIBILITY_MS = 5_000;
/** How far somebody has set the clock. */
let setBy = 0;
beforeEach(() => {
  setBy = 0;
});
const pass = (ms: number) => vi.advanceTimersByTimeAsync(ms);

/** A queue that writes down what it delivers. `respond` answers for the function. */
function queueWith(
  respond: (event: SQSEvent) => SQSBatchResponse | Promise<SQSBatchResponse>,
  options: Partial<EventQueueOptions> = {},
) {
  const delivered: SQSEvent[] = [];
  const outcomes: BatchOutcome[] = [];
  const queue = new EventQueue({
    handler: async (event) => {
      delivered.push(event);
      return respond(event);
    },
    clock: { now: () => Date.now() + setBy, monotonic: () => Date.now() },
    logger: silentLogger,
    batchWindowMs: WINDOW_MS,
    visibilityMs: VISIBILITY_MS,
    onBatch: (outcome) => void outcomes.push(outcome),
    ...options,
  });
  queue.start();
  queues.push(queue);
  return {
    queue,
    delivered,
    outcomes,
    bodies: () => delivered.map(({ Records }) => Records.map(({ body }) => body)),
  };
}

/** A promise that the test settles. Node 20 has no `Promise.withResolvers`. */
function promised<T>() {
  let resolve: (value: T) => void = () => {};
  const promise = new Promise<T>((done) => {
    resolve = done;
  });
  return { promise, resolve };
}

const allDone = { batchItemFailures: [] };
const failing =
  (isBad: (body: string, receives: number) => boolean) =>
  ({ Records }: SQSEvent): SQSBatchResponse => ({
    batchItemFailures: Records.filter(({ body, attributes }) =>
      isBad(body, Number(attributes.ApproximateReceiveCount)),
    ).map(({ messageId }) => ({ itemIdentifier: messageId })),
  });
const messages = (name: string, n: number) => Array.from({ length: n }, (_, i) => `${name} ${i}`);

describe('EventQueue', () => {
  it('hands over together what takes no embedding, with no more pictures to embed than ever', async () => {
    const { queue, bodies } = queueWith(() => allDone);
    const light = messages('renamed', 100);
    const heavy = messages('new', QUEUE_LIMITS.batchSize + 1);

    for (const body of light) void queue.send(body, 'now', 'none');
    for (const body of heavy) void queue.send(body);
    await pass(WINDOW_MS);
    await queue.drained();

    expect(bodies()).toEqual([[...light, ...heavy.slice(0, -1)], heavy.slice(-1)]);
  });

  it('hands messages over in batches of the configured size, in their order', async () => {
    const { queue, bodies } = queueWith(() => allDone);
    const sent = messages('message', QUEUE_LIMITS.batchSize * 2 + 1);

    for (const body of sent) await queue.send(body);
    await pass(WINDOW_MS);

    expect(bodies().flat()).toEqual(sent);
    expect(bodies()[0]).toHaveLength(QUEUE_LIMITS.batchSize);
    expect(queue.pending).toBe(0);
  });

  it('waits a moment for more before it delivers a batch that is not full', async () => {
    const { queue, bodies } = queueWith(() => allDone);

    await queue.send('a');
    await pass(WINDOW_MS - 1);
    await queue.send('b');
    expect(bodies()).toEqual([]);
    await pass(1);

    expect(bodies()).toEqual([['a', 'b']]);
  });

  it('takes what somebody waits for before what a comparison found', async () => {
    const { queue, bodies } = queueWith(
      () => new Promise((resolve) => setTimeout(() => resolve(allDone), 1_000)),
    );
    const found = messages('found', QUEUE_LIMITS.batchSize * 3);

    for (const body of found) await queue.send(body, 'in-time');
    await queue.send('upload');
    await pass(10_000);

    expect(bodies()[1]).toContain('upload');
    expect(bodies().flat().sort()).toEqual([...found, 'upload'].sort());
  });

  it('gives back only the messages that failed, and counts how often they were received', async () => {
    const { queue, delivered } = queueWith(failing((body, receives) => body === 'bad' && receives === 1));

    await queue.send('good');
    await queue.send('bad');
    await pass(WINDOW_MS);
    expect(queue.failing).toBe(1);
    await pass(VISIBILITY_MS + WINDOW_MS);

    const received = delivered.flatMap(({ Records }) =>
      Records.map(({ body, attributes }) => [body, attributes.ApproximateReceiveCount]),
    );
    expect(received).toEqual([
      ['good', '1'],
      ['bad', '1'],
      ['bad', '2'],
    ]);
    expect(queue.pending).toBe(0);
  });

  it('tries again for ever, with pauses that grow, and takes the rest when it succeeds at last', async () => {
    let full = true;
    const { queue, delivered, bodies } = queueWith(() => {
      if (full) throw new Error('no space left on device');
      return allDone;
    });
    const sent = messages('message', 100);
    for (const body of sent) await queue.send(body);

    await pass(24 * 60 * 60_000);
    // A day of a full disk cost about a try a minute, not one a message.
    expect(delivered.length).toBeGreaterThan(100);
    expect(delivered.length).toBeLessThan(2_000);
    expect(queue.pending).toBe(100);
    full = false;
    await pass(60_000 + WINDOW_MS);

    expect(queue.pending).toBe(0);
    expect(queue.deadLetters).toEqual([]);
    expect(new Set(bodies().flat())).toEqual(new Set(sent));
  });

  it('pauses for no longer when the clock is set back', async () => {
    let broken = true;
    const { queue, bodies } = queueWith(failing(() => broken));
    await queue.send('one');
    await pass(WINDOW_MS);
    expect(bodies()).toEqual([['one']]);
    broken = false;
    setBy = -24 * 60 * 60_000;

    await pass(VISIBILITY_MS + WINDOW_MS);

    expect(bodies()).toEqual([['one'], ['one']]);
    expect(queue.pending).toBe(0);
  });

  it('lets a new message try its luck while the others rest', async () => {
    let full = true;
    const { queue, bodies } = queueWith(() => {
      if (full) throw new Error('no space left on device');
      return allDone;
    });
    await queue.send('old');
    await pass(60 * 60_000);
    full = false;
    const before = bodies().length;

    await queue.send('new');
    await pass(1_000 + 2 * WINDOW_MS);

    expect(bodies().slice(before).flat().sort()).toEqual(['new', 'old']);
  });

  it('gives a message up after as many tries as it was told to', async () => {
    const { queue, bodies } = queueWith(
      failing(() => true),
      { maxReceives: QUEUE_LIMITS.maxReceives },
    );

    await queue.send('a');
    await queue.send('b');
    const drained = queue.drained();
    await pass(600_000);
    await drained;

    expect(bodies()).toHaveLength(QUEUE_LIMITS.maxReceives);
    expect(queue.deadLetters).toEqual(['a', 'b']);
    expect(queue.pending).toBe(0);
  });

  it('delivers later messages while a failed one is out of sight', async () => {
    const { queue, bodies } = queueWith(failing((body, receives) => body === 'bad' && receives === 1));

    await queue.send('bad');
    await pass(WINDOW_MS);
    await queue.send('good');
    await pass(VISIBILITY_MS + WINDOW_MS);

    expect(bodies()).toEqual([['bad'], ['good'], ['bad']]);
  });

  it('makes senders wait when it is full', async () => {
    const blocked = promised<SQSBatchResponse>();
    const { queue } = queueWith(() => blocked.promise, { maxWaiting: QUEUE_LIMITS.batchSize });
    for (const body of messages('first', QUEUE_LIMITS.batchSize)) await queue.send(body);
    await pass(0);
    for (const body of messages('second', QUEUE_LIMITS.batchSize)) await queue.send(body);

    let accepted = false;
    const sending = queue.send('one too many').then(() => {
      accepted = true;
    });
    await pass(60_000);

    expect(accepted).toBe(false);
    blocked.resolve(allDone);
    await sending;
  });

  it('lets the batch in hand end when it stops, and takes up no other', async () => {
    const blocked = promised<SQSBatchResponse>();
    const { queue, bodies } = queueWith(() => blocked.promise);
    for (const body of messages('message', QUEUE_LIMITS.batchSize + 1)) await queue.send(body);
    await pass(0);

    const stopped = queue.stop();
    blocked.resolve(allDone);
    await stopped;

    expect(bodies()).toHaveLength(1);
    expect(queue.pending).toBe(1);
  });

  it('says how far it is, and nothing when nothing waits', async () => {
    const { queue } = queueWith(() => new Promise((resolve) => setTimeout(() => resolve(allDone), 1_000)));
    expect(queue.progress).toBeUndefined();

    for (const body of messages('message', 40)) await queue.send(body, 'in-time');
    await pass(3_000);
    expect(queue.progress).toEqual({ done: 30, total: 40, perSecond: 10 });
    await pass(2_000);

    expect(queue.progress).toBeUndefined();
  });

  it('tells after each batch how many are to be tried again', async () => {
    const { queue, outcomes } = queueWith(failing((body, receives) => body === 'bad' && receives === 1));

    await queue.send('good');
    await queue.send('bad');
    await pass(VISIBILITY_MS + 2 * WINDOW_MS);

    expect(outcomes).toEqual([
      { done: 1, failed: 1, failing: 1 },
      { done: 1, failed: 0, failing: 0 },
    ]);
  });
});
