/** on-upload: one append for a batch, a bad picture costs one entry, and what failed comes back alone. */

import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { createOnUpload, EventFailed } from '../../../functions/on-upload/handler.ts';
import { PICTURE_LIMITS } from '../../../pictures/decoding/limits.ts';
import { DIMENSIONS } from '../../../pictures/dimensions.ts';
import type { Embedder } from '../../../pictures/embedding/embedder.ts';
import { ingest } from '../../../pictures/ingest/ingest.ts';
import { INGEST_LIMITS } from '../../../pictures/ingest/limits.ts';
import { readRejection, rejectionName } from '../../../pictures/ingest/rejections.ts';
import { listAppends, readAppend } from '../../../vectorlog/log/append-log.ts';
import type { LogRecord } from '../../../vectorlog/log/record.ts';
import { silentLogger } from '../../../vectorlog/logger.ts';
import { ObjectTooLarge, StoreUnavailable } from '../../../vectorlog/store/errors.ts';
import type { GetOptions } from '../../../vectorlog/store/object-store.ts';
import { MemoryStore } from '../../../vectorlog/testing/memory-store.ts';
import { countingStore } from '../../factories/counting-store.ts';
import { badPicture, fakeEmbedder, seededVector } from '../../factories/fake-embedder.ts';
import { movableClock } from '../../factories/movable-clock.ts';
import { s3Event, s3TestEvent, sqsEvent } from '../../factories/s3-events.ts';

const clock = movableClock();
let pictures: MemoryStore;
let index: MemoryStore;
let sequencer: number;

beforeEach(() => {
  pictures = new MemoryStore({ clock });
  index = new MemoryStore({ clock });
  sequencer = 0x100;
});

afterEach(() => vi.restoreAllMocks());

const text = (content: string) => new TextEncoder().encode(content);
const isSlow = (file: Uint8Array) => new TextDecoder().decode(file) === 'slow';
const onUpload = (deps: { embedder?: Embedder; pictures?: MemoryStore; index?: object } = {}) =>
  createOnUpload({
    pictures,
    index,
    embedder: fakeEmbedder(),
    clock,
    logger: silentLogger,
    ...deps,
  } as never);

/** Puts a picture and gives the event of it. */
async function upload(key: string, body: Uint8Array) {
  const { eTag } = await pictures.put(key, body, { contentType: 'image/png', metadata: { Album: 'one' } });
  return s3Event({ key, sequencer: (sequencer++).toString(16), eTag, size: body.length });
}

async function remove(key: string) {
  await pictures.delete([key]);
  return s3Event({ eventName: 'ObjectRemoved:Delete', key, sequencer: (sequencer++).toString(16) });
}

async function log(): Promise<LogRecord[]> {
  const records: LogRecord[] = [];
  for await (const { name } of listAppends(index))
    records.push(...(await readAppend(index, name, DIMENSIONS)).records);
  return records;
}

describe('a batch', () => {
  it('becomes one append with what the bucket knows of each picture', async () => {
    const event = sqsEvent(
      await upload('a b.png', text('a')),
      await upload('c', text('c')),
      await remove('c'),
    );
    expect(await onUpload()(event)).toEqual({ batchItemFailures: [] });

    const names: string[] = [];
    for await (const { name } of listAppends(index)) names.push(name);
    expect(names).toHaveLength(1);
    const { records, vectors } = await readAppend(index, names[0]!, DIMENSIONS);
    expect(records).toMatchObject([
      {
        op: 'put',
        key: 'a b.png',
        version: '100',
        attributes: { size: 1, contentType: 'image/png', metadata: { album: 'one' } },
        row: 0,
      },
      { op: 'delete', key: 'c', version: '102' },
    ]);
    expect(vectors).toEqual(seededVector(text('a')));
  });

  it('embeds a picture once that several events name', async () => {
    const event = await upload('a', text('a'));
    let embedded = 0;
    const embedder = fakeEmbedder();
    const counting: Embedder = {
      ...embedder,
      embed: (files) => {
        embedded += files.length;
        return embedder.embed(files);
      },
    };
    await onUpload({ embedder: counting })(sqsEvent(event, event));
    expect(embedded).toBe(1);
    expect(await log()).toMatchObject([
      { key: 'a', row: 0 },
      { key: 'a', row: 0 },
    ]);
  });

  it('drops what a newer event will tell of, and writes nothing for nothing', async () => {
    const replaced = await upload('a', text('one'));
    await upload('a', text('two'));
    const gone = await upload('b', text('b'));
    await remove('b');
    expect(await onUpload()(sqsEvent(replaced, gone, s3TestEvent()))).toEqual({ batchItemFailures: [] });
    expect(await log()).toEqual([]);
  });
});

describe('a bad picture', () => {
  it('costs one entry and none of its neighbours, and takes away the picture that it replaced', async () => {
    const event = sqsEvent(
      await upload('good', text('a')),
      await upload('bad/1.png', badPicture()),
      await upload('0', new Uint8Array(0)),
    );
    expect(await onUpload()(event)).toEqual({ batchItemFailures: [] });
    expect(await log()).toMatchObject([
      { op: 'put', key: 'good' },
      { op: 'delete', key: 'bad/1.png', version: '101' },
      { op: 'delete', key: '0', version: '102' },
    ]);
    expect(await readRejection(index, 'bad/1.png')).toMatchObject({
      key: 'bad/1.png',
      version: '101',
      code: 'not-an-image',
      at: '2026-06-01T00:00:00.000Z',
    });
    expect(await readRejection(index, '0')).toMatchObject({ code: 'empty' });
  });

  it('that is too large is not even read', async () => {
    const { eTag } = await pictures.put('huge', text('x'));
    const store = countingStore(pictures);
    const event = s3Event({
      key: 'huge',
      sequencer: '1',
      eTag,
      size: PICTURE_LIMITS.maxBytesOfLargeKinds + 1,
    });
    await onUpload({ pictures: store as never })(sqsEvent(event));
    expect(store.calls.filter(({ method }) => method === 'get')).toEqual([]);
    expect(await readRejection(index, 'huge')).toMatchObject({ code: 'too-many-bytes' });
  });

  it('that is larger than its event said is refused by the size that it has', async () => {
    const { eTag } = await pictures.put('huge', text('x'));
    const store = countingStore(pictures);
    const size = PICTURE_LIMITS.maxBytesOfLargeKinds + 1;
    const get = async (key: string, { maxBytes = size }: GetOptions = {}) => {
      if (size > maxBytes) throw new ObjectTooLarge(key, size);
      return store.get(key);
    };
    const event = s3Event({ key: 'huge', sequencer: '1', eTag, size: 1 });
    await onUpload({ pictures: { ...store, get } as never })(sqsEvent(event));
    expect(await readRejection(index, 'huge')).toMatchObject({
      code: 'too-many-bytes',
      reason: expect.stringContaining(`${size} bytes`),
    });
  });

  it('loses its entry when the key succeeds or is deleted, but not to an older event', async () => {
    const older = await upload('a', text('fine'));
    const olderDeletion = await remove('a');
    const bad = await upload('a', badPicture());
    await onUpload()(sqsEvent(bad));
    await onUpload()(sqsEvent(older, olderDeletion));
    expect(await readRejection(index, 'a')).toBeDefined();
    await onUpload()(sqsEvent(await upload('a', text('fine again'))));
    expect(await readRejection(index, 'a')).toBeUndefined();

    await onUpload()(sqsEvent(await upload('a', badPicture('2'))));
    await onUpload()(sqsEvent(await remove('a')));
    expect(await readRejection(index, 'a')).toBeUndefined();
  });

  it('has an entry whatever its key is', () => {
    const long = 'ключ/'.repeat(200);
    const names = ['..', 'a/b', long, `${long}!`].map(rejectionName);
    expect(new Set(names).size).toBe(names.length);
    for (const name of names) expect(name).toMatch(/^rejected\/[^/]{1,240}\.json$/);
  });
});

describe('a failure', () => {
  it('of the bucket sends one message back, and does the others', async () => {
    const store = countingStore(pictures);
    const event = sqsEvent(await upload('a', text('a')), await upload('b', text('b')), 'no message');
    store.before = (_, key) => {
      if (key === 'a') throw new StoreUnavailable('503');
    };
    expect(await onUpload({ pictures: store as never })(event)).toEqual({
      batchItemFailures: [{ itemIdentifier: 'message-2' }, { itemIdentifier: 'message-0' }],
    });
    expect(await log()).toMatchObject([{ key: 'b' }]);
  });

  it('of the log sends back all that should have been in it', async () => {
    const store = countingStore(index);
    store.before = (method) => {
      if (method === 'putIfAbsent') throw new StoreUnavailable('503');
    };
    const gone = await upload('gone', text('g'));
    await remove('gone');
    const event = sqsEvent(await upload('a', text('a')), gone);
    expect(await onUpload({ index: store })(event)).toEqual({
      batchItemFailures: [{ itemIdentifier: 'message-0' }],
    });
  });

  it('of time sends back what is not embedded yet, and finishes the others', async () => {
    const over = new AbortController();
    const fast = fakeEmbedder();
    const embedder: Embedder = {
      ...fast,
      embed: async (files) => {
        if (files.some(isSlow)) return new Promise(() => {});
        const outcomes = await fast.embed(files);
        setImmediate(() => over.abort());
        return outcomes;
      },
    };
    const event = sqsEvent(await upload('a', text('a')), await upload('b', text('slow')));
    const messages = event.Records.map(({ messageId, body }) => ({ id: messageId, body }));

    const deps = { pictures, index, embedder, clock, logger: silentLogger };
    const never = new AbortController().signal;
    const deadlines = { taking: over.signal, beforeAppend: never, writing: never };
    const report = await ingest(deps, messages, deadlines);

    expect(report).toMatchObject({ failed: new Set(['message-1']), embedded: 1 });
    expect(await log()).toMatchObject([{ key: 'a' }]);
  });

  describe('a store that does not answer any more', () => {
    const isPicture = (key: string) => key === 'hung.jpg';
    /** What hangs, until which deadline it is waited for, and which messages come back; the others are in the log. */
    it.each([
      {
        name: 'at a look at the key that an event is about',
        hangs: (method: string, key: string) => method === 'head' && isPicture(key),
        until: 'step',
        back: ['message-1'],
      },
      {
        name: 'at the picture',
        hangs: (method: string, key: string) => method === 'get' && isPicture(key),
        until: 'step',
        back: ['message-1'],
      },
      {
        name: 'at the note of a picture that came back',
        hangs: (method: string, key: string) => method === 'put' && key.includes('in-work'),
        until: 'taking',
        back: ['message-2'],
      },
      {
        name: 'at removing that note',
        hangs: (method: string, key: string) => method === 'delete' && key.includes('in-work'),
        until: 'beforeAppend',
        back: [],
      },
      {
        name: 'at a thumbnail',
        hangs: (method: string, key: string) => method === 'put' && key.startsWith('thumbnails/'),
        until: 'beforeAppend',
        back: [],
      },
      {
        name: 'at the entry of a rejected picture',
        hangs: (method: string, key: string) => method === 'put' && key.startsWith('rejected/'),
        until: 'writing',
        back: ['message-3'],
      },
      {
        name: 'at the append',
        hangs: (method: string) => method === 'putIfAbsent',
        until: 'writing',
        back: ['message-0', 'message-1', 'message-2', 'message-3'],
      },
    ] as const)('$name costs no neighbour', async ({ hangs, until, back }) => {
      const over = {
        taking: new AbortController(),
        beforeAppend: new AbortController(),
        writing: new AbortController(),
        /** Of the steps under way: all others have ended when it is over. */
        step: new AbortController(),
      };
      vi.spyOn(AbortSignal, 'timeout').mockImplementation(() => over.step.signal);
      const hanging = (store: MemoryStore) => {
        const counting = countingStore(store);
        counting.before = async (method, key) => {
          if (!hangs(method, key)) return;
          setImmediate(() => {
            over[until].abort();
            over.step = new AbortController();
          });
          await new Promise(() => {});
        };
        return counting;
      };
      const written = await upload('hung.jpg', text('h'));
      const restored = s3Event({ eventName: 'ObjectRestore:Completed', key: 'hung.jpg', sequencer: 'F00' });
      const isLook = hangs('head', 'hung.jpg');
      const event = sqsEvent(
        await upload('fine.jpg', text('f')),
        isLook ? restored : written,
        await upload('again.jpg', text('a')),
        await upload('bad.jpg', badPicture()),
      );
      const messages = event.Records.map(({ messageId, body }, i) => ({
        id: messageId,
        body,
        receives: i === 2 ? 2 : 1,
      }));

      const report = await ingest(
        {
          pictures: hanging(pictures),
          index: hanging(index),
          embedder: fakeEmbedder(),
          thumbnail: async () => ({ body: text('small'), hash: 'h', hasExif: false }),
          clock,
          logger: silentLogger,
        },
        messages,
        {
          taking: over.taking.signal,
          beforeAppend: over.beforeAppend.signal,
          writing: over.writing.signal,
        },
      );

      expect([...report.failed].sort()).toEqual([...back]);
      const keys = ['fine.jpg', 'hung.jpg', 'again.jpg', 'bad.jpg'];
      // A deletion is written for a rejected picture, whatever becomes of its entry.
      const isThere = (i: number) => i === 3 || !(back as readonly string[]).includes(`message-${i}`);
      const expected = report.appended ? keys.filter((_, i) => isThere(i)) : [];
      expect((await log()).map(({ key }) => key).sort()).toEqual(expected.sort());
    });
  });

  it('of what wakes compaction, or of the queue, does not keep the run from its end', async () => {
    /** By their milliseconds. */
    const over = new Map<number, AbortController>();
    vi.spyOn(AbortSignal, 'timeout').mockImplementation((ms) => {
      const controller = new AbortController();
      over.set(ms, controller);
      return controller.signal;
    });
    const remaining = 60_000;
    const hangUntil = (left: number) => () => {
      setImmediate(() => over.get(remaining - left)!.abort());
      return new Promise<never>(() => {});
    };
    const { timeToReportMs } = INGEST_LIMITS;
    const handle = createOnUpload({
      pictures,
      index,
      embedder: fakeEmbedder(),
      clock,
      logger: silentLogger,
      wakeCompaction: hangUntil(timeToReportMs),
      queue: { postpone: hangUntil(timeToReportMs / 2), bury: hangUntil(timeToReportMs / 2) },
    });
    const event = sqsEvent(await upload('a', text('a')), 'no message');
    const answer = await handle(event, { getRemainingTimeInMillis: () => remaining });
    expect(answer).toEqual({ batchItemFailures: [{ itemIdentifier: 'message-1' }] });
    expect(await log()).toMatchObject([{ key: 'a' }]);
  });

  it('of time is known before Lambda ends the run', async () => {
    const fast = fakeEmbedder();
    const embedder: Embedder = { ...fast, embed: () => new Promise(() => {}) };
    const event = sqsEvent(await upload('a', text('slow')));
    const context = { getRemainingTimeInMillis: () => INGEST_LIMITS.timeToFinishMs };
    expect(await onUpload({ embedder })(event, context)).toEqual({
      batchItemFailures: [{ itemIdentifier: 'message-0' }],
    });
  });

  it('of the embedder sends back only the picture that causes it', async () => {
    const embedder = fakeEmbedder();
    const failing: Embedder = {
      ...embedder,
      embed: async (files) => {
        if (files.some((file) => new TextDecoder().decode(file) === 'poison'))
          throw new Error('out of memory');
        return embedder.embed(files);
      },
    };
    const event = sqsEvent(await upload('a', text('a')), await upload('b', text('poison')));
    expect(await onUpload({ embedder: failing })(event)).toEqual({
      batchItemFailures: [{ itemIdentifier: 'message-1' }],
    });
    expect(await log()).toMatchObject([{ key: 'a' }]);
  });
});

describe('what does not belong to the index', () => {
  it('costs no read, no rejection and no append, by its name alone', async () => {
    const store = countingStore(pictures);
    const handle = createOnUpload({
      pictures: store,
      index,
      embedder: fakeEmbedder(),
      clock,
      logger: silentLogger,
      filter: { prefix: 'photos/', endings: ['.jpg'] },
    });
    const events = [
      await upload('photos/film.mp4', text('a film')),
      await upload('other/a.jpg', text('elsewhere')),
      await remove('photos/notes.json'),
      await upload('photos/A.JPG', text('a picture')),
    ];

    expect(await handle(sqsEvent(...events))).toEqual({ batchItemFailures: [] });

    expect((await log()).map(({ key }) => key)).toEqual(['photos/A.JPG']);
    expect(store.calls.filter(({ method }) => method === 'get')).toHaveLength(1);
  });
});

describe('events that S3 brings itself', () => {
  it('are taken in like those of the queue', async () => {
    await onUpload()(await upload('a.jpg', text('one')));

    expect(await log()).toHaveLength(1);
  });

  it('fail as a whole when they must come again', async () => {
    const broken = Object.create(pictures, {
      get: { value: () => Promise.reject(new StoreUnavailable('down')) },
    }) as MemoryStore;

    await expect(onUpload({ pictures: broken })(await upload('a.jpg', text('one')))).rejects.toThrow(
      EventFailed,
    );
  });
});

describe('compaction', () => {
  it('is woken by an append and by nothing else', async () => {
    const wakeCompaction = vi.fn(async () => {});
    const handle = createOnUpload({
      pictures,
      index,
      embedder: fakeEmbedder(),
      clock,
      logger: silentLogger,
      wakeCompaction,
    });

    await handle(sqsEvent(s3TestEvent()));
    expect(wakeCompaction).not.toHaveBeenCalled();
    await handle(sqsEvent(await upload('a.jpg', text('one'))));
    expect(wakeCompaction).toHaveBeenCalledOnce();
  });
});
