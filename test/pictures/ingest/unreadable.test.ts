/** Events whose word is not enough, and pictures that the bucket has and does not give out. */

import { beforeEach, describe, expect, it, vi } from 'vitest';
import { createOnUpload, type OnUploadDeps } from '../../../functions/on-upload/handler.ts';
import { DIMENSIONS } from '../../../pictures/dimensions.ts';
import { backfill } from '../../../pictures/ingest/backfill.ts';
import { ingest } from '../../../pictures/ingest/ingest.ts';
import { readRejection } from '../../../pictures/ingest/rejections.ts';
import { listAppends, readAppend } from '../../../vectorlog/log/append-log.ts';
import { ABSENT, fold, type KeyState, type LogRecord } from '../../../vectorlog/log/record.ts';
import { silentLogger } from '../../../vectorlog/logger.ts';
import { ObjectUnreadable } from '../../../vectorlog/store/errors.ts';
import type { ObjectStore } from '../../../vectorlog/store/object-store.ts';
import { MemoryStore } from '../../../vectorlog/testing/memory-store.ts';
import { type CountingStore, countingStore } from '../../factories/counting-store.ts';
import { fakeEmbedder } from '../../factories/fake-embedder.ts';
import { movableClock } from '../../factories/movable-clock.ts';
import { eventBridgeEvent, s3Event, sqsEvent } from '../../factories/s3-events.ts';

const clock = movableClock();
let pictures: CountingStore;
let index: MemoryStore;

beforeEach(() => {
  pictures = countingStore(new MemoryStore({ clock }));
  index = new MemoryStore({ clock });
});

const deps = (more: Partial<OnUploadDeps> = {}): OnUploadDeps => ({
  pictures,
  index,
  embedder: fakeEmbedder(),
  clock,
  logger: silentLogger,
  ...more,
});
const onUpload = (event: object, more: Partial<OnUploadDeps> = {}) =>
  createOnUpload(deps(more))(sqsEvent(event));

async function log(): Promise<LogRecord[]> {
  const records: LogRecord[] = [];
  for await (const { name } of listAppends(index))
    records.push(...(await readAppend(index, name, DIMENSIONS)).records);
  return records;
}

const put = async (key: string, text = key) => {
  const { eTag } = await pictures.put(key, new TextEncoder().encode(text));
  return { key, eTag, size: text.length };
};

/** Has reads of these keys fail as the bucket would have them fail. */
const lock = (obstacle: ObjectUnreadable['obstacle'], isLocked: (key: string) => boolean) => {
  pictures.before = (method, key) => {
    if ((method === 'get' || method === 'read') && isLocked(key))
      throw new ObjectUnreadable(key, obstacle, 'the bucket says no');
  };
};

describe('a version that was deleted', () => {
  const removal = (key: string) =>
    s3Event({ eventName: 'ObjectRemoved:Delete', key, sequencer: '20', versionId: 'v0' });

  it('leaves the picture that is there in the index', async () => {
    const { eTag } = await put('a');
    await onUpload(removal('a'));
    expect(await log()).toMatchObject([{ op: 'put', key: 'a', version: '20', eTag }]);
  });

  it('takes a picture away that is there no more', async () => {
    await onUpload(removal('a'));
    expect(await log()).toEqual([{ op: 'delete', key: 'a', version: '20' }]);
  });

  it('leaves it though the event names no version, as where a bucket has stopped keeping them', async () => {
    const { eTag } = await put('a');
    const event = s3Event({ eventName: 'LifecycleExpiration:Delete', key: 'a', sequencer: '20' });
    await onUpload(event);
    expect(await log()).toMatchObject([{ op: 'put', key: 'a', version: '20', eTag }]);
  });

  it('is not asked about where there can be none', async () => {
    await put('a');
    const event = s3Event({ eventName: 'ObjectRemoved:Delete', key: 'a', sequencer: '20' });
    await onUpload(event, { versions: false });
    expect(await log()).toEqual([{ op: 'delete', key: 'a', version: '20' }]);
  });

  it('takes the picture away when the one before it, which is the picture now, is a bad one', async () => {
    await put('a', 'reject');
    await onUpload(removal('a'));
    expect(await log()).toEqual([{ op: 'delete', key: 'a', version: '20' }]);
    expect(await readRejection(index, 'a')).toMatchObject({ code: 'not-an-image' });
  });

  it('takes nothing away when what is there cannot be read', async () => {
    await put('a');
    lock('archived', () => true);
    await onUpload(removal('a'));
    expect(await log()).toEqual([]);
    expect(await readRejection(index, 'a')).toMatchObject({ code: 'archived' });
  });
});

describe.each(['encrypted', 'forbidden'] as const)(
  'a version that ended before one that is %s',
  (obstacle) => {
    beforeEach(async () => {
      await put('a.b');
      pictures.before = (method, key) => {
        if (['head', 'get', 'read'].includes(method) && key === 'a')
          throw new ObjectUnreadable('a', obstacle, 'the bucket says no');
      };
    });
    const event = s3Event({ eventName: 'ObjectRemoved:Delete', key: 'a', sequencer: '20', versionId: 'v0' });

    it('leaves a rejection of what is there now, though its head says nothing', async () => {
      const { eTag } = await put('a');
      expect(await onUpload(event)).toEqual({ batchItemFailures: [] });
      expect(await readRejection(index, 'a')).toMatchObject({ code: 'not-readable', eTag });
      expect(await log()).toEqual([]);
    });

    it('was the last one when the list shows none', async () => {
      expect(await onUpload(event)).toEqual({ batchItemFailures: [] });
      expect(await log()).toEqual([{ op: 'delete', key: 'a', version: '20' }]);
    });

    it('costs a backfill nothing, whether it is rejected or gone', async () => {
      const { eTag } = await put('a');
      await onUpload(s3Event({ key: 'a', eTag, size: 1, sequencer: '10' }));
      const sent: string[] = [];
      const run = () => backfill({ pictures, index, send: async (bodies) => void sent.push(...bodies) });
      expect(await run()).toMatchObject({ missing: 2, gone: 0 });
      expect(await readRejection(index, 'a')).toBeDefined();
      await pictures.delete(['a']);
      await run();
      expect(await readRejection(index, 'a')).toBeUndefined();
    });
  },
);

describe('a picture that the bucket does not give out', () => {
  it.each([
    ['archived', 'archived'],
    ['encrypted', 'not-readable'],
  ] as const)('because it is %s is rejected as %s, at the first try', async (obstacle, code) => {
    const picture = await put('a');
    lock(obstacle, () => true);
    expect(await onUpload(s3Event({ ...picture, sequencer: '1' }))).toEqual({ batchItemFailures: [] });
    expect(await readRejection(index, 'a')).toMatchObject({ code, version: '1' });
  });

  it('is indexed when it is restored', async () => {
    const picture = await put('a');
    lock('archived', () => true);
    await onUpload(s3Event({ ...picture, sequencer: '1' }));
    pictures.before = () => {};
    await onUpload(s3Event({ ...picture, eventName: 'ObjectRestore:Completed', sequencer: '2' }));
    expect(await log()).toMatchObject([{ op: 'delete' }, { op: 'put', key: 'a', version: '2' }]);
    expect(await readRejection(index, 'a')).toBeUndefined();
  });

  describe('is indexed by a restore without a sequencer', () => {
    const restored = eventBridgeEvent({ key: 'a', detailType: 'Object Restore Completed' });
    const live = async () => {
      let state: KeyState = ABSENT;
      for (const record of await log()) state = fold(state, record) ?? state;
      return state;
    };

    it('after the event that found it in the archive, once, and before what comes then', async () => {
      const picture = await put('a');
      lock('archived', () => true);
      await onUpload(s3Event({ ...picture, sequencer: '0062E99A88DC407460' }));
      pictures.before = () => {};
      expect(await onUpload(restored)).toEqual({ batchItemFailures: [] });
      expect(await live()).toMatchObject({ state: 'live', eTag: picture.eTag });
      expect(await readRejection(index, 'a')).toBeUndefined();

      const next = { eventName: 'ObjectRemoved:DeleteMarkerCreated', key: 'a' };
      await onUpload(s3Event({ ...next, sequencer: '0062E99A88DC407461' }));
      expect(await live()).toMatchObject({ state: 'deleted' });
    });

    it('where nothing was known of it, as after a backfill that passed it over', async () => {
      const { eTag } = await put('a');
      await onUpload(restored);
      expect(await live()).toEqual({ state: 'live', version: undefined, eTag });
    });

    it('but not where it has an event already, or is gone by now', async () => {
      const picture = await put('a');
      await onUpload(s3Event({ ...picture, sequencer: '0062' }));
      await onUpload(restored);
      expect(await live()).toMatchObject({ state: 'live', version: '0062' });
      const before = await log();
      await pictures.delete(['a']);
      expect(await onUpload(restored)).toEqual({ batchItemFailures: [] });
      expect(await log()).toEqual(before);
    });

    it('or where it does not belong to the index', async () => {
      await put('a');
      await onUpload(restored, { filter: { prefix: '', endings: ['.jpg'] } });
      expect(await log()).toEqual([]);
    });
  });

  it('alone is rejected, and asked for again by a backfill', async () => {
    const picture = await put('a');
    await put('b');
    lock('forbidden', (key) => key === 'a');
    expect(await onUpload(s3Event({ ...picture, sequencer: '1' }))).toEqual({ batchItemFailures: [] });
    expect(await readRejection(index, 'a')).toMatchObject({ code: 'not-readable' });
    expect((await backfill({ pictures, index, send: async () => {} })).missing).toBe(2);
  });

  it('like all others is tried again: the permission may be lost for a while', async () => {
    const picture = await put('a');
    await put('b');
    lock('forbidden', () => true);
    const { batchItemFailures } = await onUpload(s3Event({ ...picture, sequencer: '1' }));
    expect(batchItemFailures).toHaveLength(1);
    expect(await log()).toEqual([]);
  });

  it('is no business of a backfill while it is in an archive', async () => {
    await put('a');
    const archive: ObjectStore = {
      ...pictures,
      list: async function* (options) {
        for await (const page of pictures.list(options))
          yield page.map((each) => ({ ...each, isArchived: true as const }));
      },
    };
    expect(await backfill({ pictures: archive, index, send: async () => {} })).toMatchObject({
      missing: 0,
      archived: 1,
    });
  });
});

describe('the end of a run', () => {
  it('does not wait for a read that stalls, and begins no embedding after it', async () => {
    const picture = await put('a');
    const over = new AbortController();
    pictures.before = (method) => {
      if (method !== 'get') return;
      over.abort();
      return new Promise(() => {});
    };
    const embed = vi.fn();
    const body = JSON.stringify(s3Event({ ...picture, sequencer: '1' }));
    const report = await ingest(deps({ embedder: { ...fakeEmbedder(), embed } }), [{ id: 'stalled', body }], {
      taking: over.signal,
      beforeAppend: over.signal,
      writing: new AbortController().signal,
    });
    expect([...report.failed]).toEqual(['stalled']);
    expect(embed).not.toHaveBeenCalled();
  });
});

describe('a message that failed', () => {
  const queue = () => ({ postpone: vi.fn(async () => {}), bury: vi.fn(async () => {}) });

  it('comes back after half a minute times its tries', async () => {
    const picture = await put('a');
    pictures.before = () => {
      throw new Error('a fault that nobody knows');
    };
    const asked = queue();
    const event = sqsEvent(s3Event({ ...picture, sequencer: '1' }));
    event.Records[0]!.attributes.ApproximateReceiveCount = '3';
    const answer = await createOnUpload(deps({ queue: asked }))(event);
    expect(answer.batchItemFailures).toEqual([{ itemIdentifier: 'message-0' }]);
    expect(asked.postpone).toHaveBeenCalledWith('receipt-of-message-0', 90);
    expect(await log()).toEqual([]);
  });

  it('that nobody understands goes to the dead letters at once', async () => {
    const asked = queue();
    expect(await onUpload({ odd: true }, { queue: asked })).toEqual({ batchItemFailures: [] });
    expect(asked.bury).toHaveBeenCalledWith('{"odd":true}');
  });

  it('stays in the queue when the queue does not hear of it', async () => {
    const asked = { ...queue(), bury: () => Promise.reject(new Error('no permission')) };
    const { batchItemFailures } = await onUpload({ odd: true }, { queue: asked });
    expect(batchItemFailures).toHaveLength(1);
  });
});
