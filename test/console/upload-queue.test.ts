/** Tests that every file comes to an end, whatever the server does, and that the reader learns which. */

import { describe, expect, it } from 'vitest';
import { summarise } from '../../console/uploads/summary.ts';
import {
  type Known,
  type Upload,
  UploadQueue,
  UploadRefused,
  type UploadServer,
} from '../../console/uploads/upload-queue.ts';

const file = (name: string) => new File([name], name, { type: 'image/png' });
const files = (count: number) =>
  Array.from({ length: count }, (_, n) => ({ key: `${n}.png`, file: file(`${n}.png`) }));

/** A server that indexes what it was sent when it is asked the second time. */
class FakeServer implements UploadServer {
  readonly sent: string[] = [];
  readonly indexed = new Set<string>();
  atWork = 0;
  mostAtWork = 0;
  readonly faults = new Map<string, Error[]>();
  readonly rejected = new Map<string, string>();
  private readonly asked = new Set<string>();

  /** How many keys each request asked for, and those requests alone of which no file was sent yet. */
  readonly requests: number[] = [];
  readonly looks: number[] = [];

  async statesOf(keys: readonly string[]) {
    this.requests.push(keys.length);
    if (!keys.some((key) => this.sent.includes(key))) this.looks.push(keys.length);
    return keys.map((key) => this.stateOf(key));
  }

  stateOf(key: string): Known {
    const reason = this.rejected.get(key);
    if (reason && this.sent.includes(key)) return { state: 'rejected', reason };
    if (this.indexed.has(key)) return { state: 'indexed' };
    if (!this.sent.includes(key)) return { state: 'absent' };
    if (this.asked.has(key)) this.indexed.add(key);
    this.asked.add(key);
    return { state: 'pending' };
  }

  async send({ key, file: { size } }: Upload, onSent: (bytes: number) => void) {
    this.atWork += 1;
    this.mostAtWork = Math.max(this.mostAtWork, this.atWork);
    await new Promise((resolve) => setImmediate(resolve));
    onSent(size);
    this.atWork -= 1;
    const fault = this.faults.get(key)?.shift();
    if (fault) throw fault;
    this.sent.push(key);
  }
}

/** Resolves when nothing is under way any more. */
const settled = (queue: UploadQueue) =>
  new Promise<void>((resolve) => {
    const check = () => {
      if (summarise(queue.list()).underway > 0) return;
      unsubscribe();
      resolve();
    };
    const unsubscribe = queue.subscribe(check);
    check();
  });

const queueOn = (server: UploadServer) => new UploadQueue(server, { sleep: () => Promise.resolve() });
const stepsOf = (queue: UploadQueue) =>
  Object.fromEntries(queue.list().map(({ key, state }) => [key, state.step]));

describe('the upload queue', () => {
  it('sends a few files at a time and follows each until it is found', async () => {
    const server = new FakeServer();
    const queue = queueOn(server);

    queue.add(files(50));
    await settled(queue);

    expect(summarise(queue.list()).steps.done).toBe(50);
    expect(server.mostAtWork).toBe(4);
    expect(new Set(server.sent).size).toBe(50);
  });

  it('asks for many files in one request, before they are sent and after', async () => {
    const server = new FakeServer();
    const queue = queueOn(server);

    queue.add(files(250));
    await settled(queue);

    expect(summarise(queue.list()).steps.done).toBe(250);
    expect(server.looks).toEqual([100, 100, 50]);
    expect(Math.max(...server.requests)).toBeLessThanOrEqual(100);
  });

  it('asks again where the library did not answer before a file was sent', async () => {
    const server = new FakeServer();
    const statesOf = server.statesOf.bind(server);
    let tries = 0;
    server.statesOf = async (keys) => {
      if (tries++ === 0) throw new Error('busy');
      return statesOf(keys);
    };
    const queue = queueOn(server);

    queue.add(files(3));
    await settled(queue);

    expect(stepsOf(queue)).toEqual({ '0.png': 'done', '1.png': 'done', '2.png': 'done' });
  });

  it('tries again what failed by chance, and only that', async () => {
    const server = new FakeServer();
    server.faults.set('0.png', [new Error('busy'), new Error('busy')]);
    server.faults.set('1.png', [new UploadRefused('too large')]);
    const queue = queueOn(server);

    queue.add(files(3));
    await settled(queue);

    expect(stepsOf(queue)).toEqual({ '0.png': 'done', '1.png': 'refused', '2.png': 'done' });
    expect(queue.list()[1]?.state).toEqual({ step: 'refused', reason: 'too large' });
  });

  it('gives up after three tries, says why, and sends it again when asked', async () => {
    const server = new FakeServer();
    server.faults.set(
      '0.png',
      [1, 2, 3].map((n) => new Error(`busy ${n}`)),
    );
    const queue = queueOn(server);

    queue.add(files(1));
    await settled(queue);
    expect(queue.list()[0]?.state).toEqual({ step: 'failed', reason: 'busy 3' });

    queue.retry();
    await settled(queue);
    expect(stepsOf(queue)).toEqual({ '0.png': 'done' });
  });

  it('passes on why a picture was rejected after it had arrived', async () => {
    const server = new FakeServer();
    server.rejected.set('0.png', 'the file is damaged');
    const queue = queueOn(server);

    queue.add(files(1));
    await settled(queue);

    expect(queue.list()[0]?.state).toEqual({ step: 'refused', reason: 'the file is damaged' });
  });

  it('finds what arrived behind more files than it asks for at once that never do', async () => {
    const server = new FakeServer();
    const lost = new Set(files(110).map(({ key }) => key));
    const { stateOf } = server;
    server.stateOf = (key) =>
      lost.has(key) && server.sent.includes(key) ? { state: 'pending' } : stateOf.call(server, key);
    const queue = new UploadQueue(server, { sleep: () => new Promise((resolve) => setImmediate(resolve)) });

    queue.add(files(120));
    await expect.poll(() => summarise(queue.list()).steps.done).toBe(10);

    expect(summarise(queue.list()).underway).toBe(110);
    lost.clear();
    await settled(queue);
  });

  it('overwrites a picture only when told to', async () => {
    const server = new FakeServer();
    server.indexed.add('0.png');
    const queue = queueOn(server);

    queue.add(files(1));
    await settled(queue);
    expect(stepsOf(queue)).toEqual({ '0.png': 'exists' });
    expect(server.sent).toEqual([]);

    queue.replace();
    await settled(queue);
    expect(stepsOf(queue)).toEqual({ '0.png': 'done' });
    expect(server.sent).toEqual(['0.png']);
  });

  it('does not take what it sent itself for a picture that was there before', async () => {
    const server = new FakeServer();
    const send = server.send.bind(server);
    let tries = 0;
    server.send = async (...sent) => {
      await send(...sent);
      tries += 1;
      if (tries === 1) throw new Error('the connection broke after the last byte');
    };
    const queue = queueOn(server);

    queue.add(files(1));
    await settled(queue);

    expect(stepsOf(queue)).toEqual({ '0.png': 'done' });
  });

  it('forgets what has ended, and nothing else', async () => {
    const server = new FakeServer();
    const queue = queueOn(server);
    queue.refuse('notes.txt', file('notes.txt'), 'It is not a picture.');
    queue.add(files(1));
    queue.clear();
    expect(stepsOf(queue)).toEqual({ '0.png': expect.stringMatching(/sending|waiting/) });
    await settled(queue);
  });

  it('never says that all is done while something is under way', () => {
    const half = {
      id: 1,
      key: 'a',
      file: file('abcd'),
      metadata: {},
      state: { step: 'sending', sent: 3 },
    } as const;
    const done = { id: 2, key: 'b', file: file('b'), metadata: {}, state: { step: 'done' } } as const;
    const { progress, underway } = summarise([half, done]);
    expect(underway).toBe(1);
    expect(progress).toBeGreaterThan(0.5);
    expect(progress).toBeLessThan(1);
    expect(summarise([done]).progress).toBe(1);
  });

  it('does not count what will not arrive as progress', () => {
    const failed = {
      id: 1,
      key: 'a',
      file: file('a'),
      metadata: {},
      state: { step: 'failed', reason: '' },
    } as const;
    expect(summarise([failed]).progress).toBe(0);
  });

  it('stops what waits and what is being sent, and keeps what has arrived', async () => {
    const server = new FakeServer();
    const queue = queueOn(server);
    queue.add(files(3));
    await settled(queue);
    queue.add(files(10).map(({ file: each }, n) => ({ key: `more-${n}.png`, file: each })));
    queue.cancel();
    await settled(queue);
    const steps = stepsOf(queue);
    expect([steps['0.png'], steps['more-9.png']]).toEqual(['done', 'cancelled']);
    expect(server.sent).not.toContain('more-9.png');
  });

  it('stops one file, and tries it no more', async () => {
    const server = new FakeServer();
    server.faults.set('0.png', [new Error('busy'), new Error('busy')]);
    const queue = new UploadQueue(server, {
      sleep: async () => queue.cancel(queue.list()[0]!.id),
    });
    queue.add(files(2));
    await settled(queue);
    expect(stepsOf(queue)).toEqual({ '0.png': 'cancelled', '1.png': 'done' });
  });
});
