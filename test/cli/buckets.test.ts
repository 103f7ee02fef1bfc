/** Commands that work on an index directly: over two buckets, with a queue or on-upload itself, and what a rebuild asks first. */

import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { run } from '../../cli/program.ts';
import type { ObjectStore } from '../../vectorlog/store/object-store.ts';
import { MemoryStore } from '../../vectorlog/testing/memory-store.ts';
import { picture } from '../factories/pictures.ts';

/** Buckets in memory, by name; what was put into the queue; what a person answers. */
const fake = vi.hoisted(() => ({
  buckets: new Map<string, unknown>(),
  clients: [] as unknown[],
  queues: [] as string[],
  sent: [] as string[],
  answers: [] as string[],
  questions: [] as string[],
}));

vi.mock('../../vectorlog/store/s3-client.ts', () => ({
  s3Client: (options: unknown) => {
    fake.clients.push(options);
    return {};
  },
}));
vi.mock('../../vectorlog/store/s3-store.ts', () => ({
  S3Store: class {
    constructor({ bucket }: { bucket: string }) {
      // biome-ignore lint/correctness/noConstructorReturn: the store of this bucket stands in for the one on S3.
      return fake.buckets.get(bucket) as object;
    }
  },
}));
vi.mock('../../cli/send-to-queue.ts', () => ({
  sendToQueue: (url: string) => {
    fake.queues.push(url);
    return {
      send: async (bodies: readonly string[]) => void fake.sent.push(...bodies),
      finish: async () => ({ failed: 0 }),
    };
  },
}));
vi.mock('node:readline/promises', () => ({
  createInterface: () => ({
    question: async (question: string) => {
      fake.questions.push(question);
      return fake.answers.shift() ?? '';
    },
    close: () => {},
  }),
}));

const BUCKETS = ['--images-bucket', 'pictures', '--index-bucket', 'index'];
const QUEUE = ['--queue-url', 'https://sqs.example/uploads'];
const MODEL = ['--model', 'resnet50-v2-00000000'];

const terminalOf = process.stdin.isTTY;
let pictures: MemoryStore;
let index: MemoryStore;

beforeEach(async () => {
  pictures = new MemoryStore();
  index = new MemoryStore();
  fake.buckets.set('pictures', pictures).set('index', index);
  for (const list of [fake.clients, fake.queues, fake.sent, fake.answers, fake.questions]) list.length = 0;
  await pictures.put('album/a.jpg', await picture(1));
  await pictures.put('b.jpg', await picture(2));
  await pictures.put('notes.txt', new Uint8Array(3));
});
afterEach(() => {
  process.stdin.isTTY = terminalOf;
});

async function likeness(args: readonly string[], { interactive = false } = {}) {
  const said: string[] = [];
  const terminal = {
    out: (line: string) => void said.push(line),
    err: (line: string) => void said.push(line),
  };
  process.stdin.isTTY = interactive;
  const code = await run([...args], { ...terminal, interactive });
  return { code, said: said.join('\n') };
}

const sentKeys = () => fake.sent.map((body) => /"key":"([^"]*)"/.exec(body)?.[1]);

async function namesIn(store: ObjectStore): Promise<string[]> {
  const names: string[] = [];
  for await (const page of store.list({ prefix: '' })) names.push(...page.map(({ key }) => key));
  return names;
}

describe('a store that ignores If-None-Match', () => {
  beforeEach(() => {
    // The environment of AWS can name another store than AWS's, and no flag tells of it.
    index.putIfAbsent = async (key, body) => {
      await index.put(key, body);
      return true;
    };
  });

  it.each([
    ['backfill', [...QUEUE]],
    ['rebuild', [...QUEUE, '--yes']],
    ['compact', []],
  ])('is refused by %s before anything is done', async (command, more) => {
    const { code, said } = await likeness([command, ...BUCKETS, ...MODEL, ...more]);
    expect(code).not.toBe(0);
    expect(said).toContain('it must honour If-None-Match');
    expect(fake.sent).toEqual([]);
    expect(await namesIn(index)).toEqual([]);
  });

  it('may be looked at by who only reads, perhaps without a right to write', async () => {
    const { code } = await likeness(['backfill', ...BUCKETS, ...MODEL, '--dry-run']);
    expect(code).toBe(0);
  });
});

it('one bucket for pictures and index is refused, since the index would be taken for pictures', async () => {
  const one = ['--images-bucket', 'pictures', '--index-bucket', 'pictures'];
  const { code, said } = await likeness(['backfill', ...one, ...QUEUE, ...MODEL, '--endings', 'all']);
  expect(code).toBe(2);
  expect(said).toContain('need a bucket each');
  expect(fake.sent).toEqual([]);
});

it('verify compares what belongs to the index, by default pictures alone, as backfill does', async () => {
  await pictures.put('film.mov', new Uint8Array(1));
  const verify = async (...more: string[]) =>
    JSON.parse((await likeness(['verify', ...BUCKETS, ...MODEL, '--json', ...more])).said) as {
      counts: Record<string, number>;
    };
  expect((await verify()).counts).toEqual({ 'picture-missing': 2 });
  expect((await verify('--prefix', 'album/')).counts).toEqual({ 'picture-missing': 1 });
  expect((await verify('--endings', '.mov')).counts).toEqual({ 'picture-missing': 1 });
});

describe('backfill over buckets', () => {
  it('puts what the index misses into the queue, pictures only', async () => {
    const { code, said } = await likeness(['backfill', ...BUCKETS, ...QUEUE, ...MODEL]);

    expect(said).toContain('2 missing, 0 changed, 0 gone; the queue has them');
    expect(code).toBe(0);
    expect(sentKeys()).toEqual(['album/a.jpg', 'b.jpg']);
    expect(fake.queues).toEqual(['https://sqs.example/uploads']);
  });

  it('takes a prefix, other endings and a place to go on from', async () => {
    await likeness(['backfill', ...BUCKETS, ...QUEUE, ...MODEL, '--prefix', 'album/']);
    expect(sentKeys()).toEqual(['album/a.jpg']);
    fake.sent.length = 0;
    await likeness([
      'backfill',
      ...BUCKETS,
      ...QUEUE,
      ...MODEL,
      '--endings',
      'all',
      '--start-after',
      'b.jpg',
    ]);
    expect(sentKeys()).toEqual(['notes.txt']);
  });

  it('counts and sends nothing with --dry-run, which needs no queue', async () => {
    const { code, said } = await likeness(['backfill', ...BUCKETS, ...MODEL, '--dry-run']);
    expect([code, fake.sent]).toEqual([0, []]);
    expect(said).toContain('nothing was changed');
  });

  it.each([
    ['one bucket of two', ['--images-bucket', 'pictures', ...QUEUE, ...MODEL], 'name both buckets'],
    ['a folder beside buckets', ['/tmp', ...BUCKETS, ...QUEUE, ...MODEL], 'either a folder or buckets'],
    ['neither queue nor function', [...BUCKETS, ...MODEL], 'name the queue of on-upload'],
    ['no model, and no index', [...BUCKETS, ...QUEUE], 'there is no index yet'],
  ])('refuses %s', async (_, args, words) => {
    const { code, said } = await likeness(['backfill', ...args]);
    expect([code, said]).toEqual([2, expect.stringContaining(words)]);
    expect(fake.sent).toEqual([]);
  });

  it('works on the only model of the bucket, and asks which where there are several', async () => {
    await index.put('model-one/log/x', new Uint8Array(1));
    await likeness(['backfill', ...BUCKETS, ...QUEUE]);
    expect(fake.sent).toHaveLength(2);
    await index.put('model-two/log/x', new Uint8Array(1));
    const { code, said } = await likeness(['backfill', ...BUCKETS, ...QUEUE]);
    expect([code, said]).toEqual([2, expect.stringContaining('model-one, model-two')]);
  });

  it('tries a store that is not AWS’s before it builds on it', async () => {
    Object.assign(index, { putIfAbsent: async () => true });
    const flags = ['--s3-endpoint', 'http://127.0.0.1:1'];
    const { code, said } = await likeness(['backfill', ...BUCKETS, ...QUEUE, ...MODEL, ...flags]);
    expect(fake.clients).toEqual([{ endpoint: 'http://127.0.0.1:1' }]);
    expect([code, said]).toEqual([1, expect.stringMatching(/atomic|If-None-Match/i)]);
    expect(fake.sent).toEqual([]);
  });
});

describe('rebuild', () => {
  const rebuild = ['rebuild', ...BUCKETS, ...QUEUE, ...MODEL];

  it('empties nothing without --yes where nobody can be asked', async () => {
    const { code, said } = await likeness(rebuild);
    expect([code, said]).toEqual([2, expect.stringContaining('--yes')]);
    expect(await namesIn(index)).toEqual([]);
    expect(fake.questions).toEqual([]);
  });

  it.each(['', 'n', 'no', 'yesterday'])('changes nothing when the answer is "%s"', async (answer) => {
    fake.answers.push(answer);
    const { code, said } = await likeness(rebuild, { interactive: true });
    expect(fake.questions).toEqual([expect.stringContaining('Empty the index')]);
    expect([code, said]).toEqual([1, expect.stringContaining('nothing was changed')]);
    expect([await namesIn(index), fake.sent]).toEqual([[], []]);
  });

  it.each(['y', 'YES', ' yes '])(
    'commits an empty index and asks for all when the answer is "%s"',
    async (answer) => {
      fake.answers.push(answer);
      expect((await likeness(rebuild, { interactive: true })).code).toBe(0);
      expect(sentKeys()).toEqual(['album/a.jpg', 'b.jpg']);
      expect(await namesIn(index)).toContainEqual(expect.stringMatching(/\/manifest\/0+1\.json$/));
    },
  );

  it.each([['--yes'], ['--dry-run'], ['--prefix', 'album/']])('asks nobody with %s %s', async (...flags) => {
    const { code } = await likeness([...rebuild, ...flags], { interactive: true });
    expect([code, fake.questions]).toEqual([0, []]);
  });
});
