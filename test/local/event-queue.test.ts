import type { SQSBatchResponse, SQSEvent } from 'aws-lambda';
import { afterEach, describe, expect, it } from 'vitest';
import { EventQueue } from '../../local/event-queue.ts';
import { QUEUE_LIMITS } from '../../pictures/ingest/limits.ts';
import { systemClock } from '../../vectorlog/clock.ts';
import { silentLogger } from '../../vectorlog/logger.ts';

const queues: EventQueue[] = [];
afterEach(() => Promise.all(queues.splice(0).map((queue) => queue.stop())));

/** A queue that writes down what it delivers. `respond` answers for the function. */
function queueWith(
  respond: (event: SQSEvent) => SQSBatchResponse | Promise<SQSBatchResponse>,
  options: { batchWindowMs?: number; maxWaiting?: number } = {},
) {
  const delivered: SQSEvent[] = [];
  const queue = new EventQueue({
    handler: async (event) => {
      delivered.push(event);
      return respond(event);
    },
    clock: systemClock,
    logger: silentLogger,
    batchWindowMs: 10,
    visibilityMs: 10,
    ...options,
  });
  queue.start();
  queues.push(queue);
  return { queue, delivered, bodies: () => delivered.map(({ Records }) => Records.map(({ body }) => body)) };
}

const allDone = { batchItemFailures: [] };

describe('EventQueue', () => {
  it('hands messages over in batches of the configured size, in their order', async () => {
    const { queue, bodies } = queueWith(() => allDone);
    const sent = Array.from({ length: QUEUE_LIMITS.batchSize * 2 + 1 }, (_, i) => `message ${i}`);

    for (const body of sent) await queue.send(body);
    await queue.drained();

    expect(bodies().flat()).toEqual(sent);
    expect(bodies()[0]).toHaveLength(QUEUE_LIMITS.batchSize);
    expect(queue.pending).toBe(0);
  });

  it('waits a moment for more before it delivers a batch that is not full', async () => {
    const { queue, bodies } = queueWith(() => allDone, { batchWindowMs: 60 });

    await queue.send('a');
    await systemClock.sleep(5);
    await queue.send('b');
    await queue.drained();

    expect(bodies()).toEqual([['a', 'b']]);
  });

  it('gives back only the messages that failed, and counts how often they were received', async () => {
    const { queue, delivered } = queueWith(({ Records }) => ({
      batchItemFailures: Records.filter(
        ({ body, attributes }) => body === 'bad' && attributes.ApproximateReceiveCount === '1',
      ).map(({ messageId }) => ({ itemIdentifier: messageId })),
    }));

    await queue.send('good');
    await queue.send('bad');
    await queue.drained();

    const received = delivered.flatMap(({ Records }) =>
      Records.map(({ body, attributes }) => [body, attributes.ApproximateReceiveCount]),
    );
    expect(received).toEqual([
      ['good', '1'],
      ['bad', '1'],
      ['bad', '2'],
    ]);
    expect(queue.deadLetters).toEqual([]);
  });

  it('retries a whole batch whose function threw, and buries what never succeeds', async () => {
    const { queue, bodies } = queueWith(() => {
      throw new Error('the machine is out of memory');
    });

    await queue.send('a');
    await queue.send('b');
    await queue.drained();

    expect(bodies()).toHaveLength(QUEUE_LIMITS.maxReceives);
    expect(queue.deadLetters).toEqual(['a', 'b']);
    expect(queue.pending).toBe(0);
  });

  it('delivers later messages while a failed one is out of sight', async () => {
    const { queue, bodies } = queueWith(({ Records }) => ({
      batchItemFailures: Records.filter(
        ({ body, attributes }) => body === 'bad' && attributes.ApproximateReceiveCount === '1',
      ).map(({ messageId }) => ({ itemIdentifier: messageId })),
    }));

    await queue.send('bad');
    await systemClock.sleep(12);
    await queue.send('good');
    await queue.drained();

    expect(bodies().flat().sort()).toEqual(['bad', 'bad', 'good']);
  });

  it('makes senders wait when it is full', async () => {
    let release = () => {};
    const blocked = new Promise<void>((resolve) => {
      release = resolve;
    });
    const { queue } = queueWith(() => blocked.then(() => allDone), { maxWaiting: QUEUE_LIMITS.batchSize });
    for (let i = 0; i < QUEUE_LIMITS.batchSize; i++) await queue.send(`first ${i}`);
    await systemClock.sleep(5);
    for (let i = 0; i < QUEUE_LIMITS.batchSize; i++) await queue.send(`second ${i}`);

    let accepted = false;
    const sending = queue.send('one too many').then(() => {
      accepted = true;
    });
    await systemClock.sleep(20);

    expect(accepted).toBe(false);
    release();
    await sending;
    await queue.drained();
  });

  it('lets the batch in hand end when it stops, and takes up no other', async () => {
    let ended = false;
    const { queue, bodies } = queueWith(async () => {
      await systemClock.sleep(30);
      ended = true;
      return allDone;
    });
    for (let i = 0; i < QUEUE_LIMITS.batchSize + 1; i++) await queue.send(`message ${i}`);
    await systemClock.sleep(5);

    await queue.stop();

    expect(ended).toBe(true);
    expect(bodies()).toHaveLength(1);
  });
});
