import { describe, expect, it } from 'vitest';
import type { Effort } from '../../local/event-queue.ts';
import { FolderEvents, type FolderEventsOptions } from '../../local/folder-events.ts';
import { Sequencer } from '../../local/sequencer.ts';
import { decodeMessage } from '../../pictures/ingest/messages.ts';
import { MemoryStore } from '../../vectorlog/testing/memory-store.ts';

const info = { size: 100, lastModified: new Date(0), contentType: undefined, metadata: {} };

function folder(options: Partial<FolderEventsOptions> = {}) {
  const pictures = new MemoryStore();
  const sent: { readonly body: string; readonly effort: Effort }[] = [];
  const clock = { now: () => 1_000 };
  const events = new FolderEvents({
    pictures,
    clock: { now: () => Date.now(), monotonic: () => Date.now() },
    secondLookMs: 5,
    manySecondLookMs: 50,
    sequencer: new Sequencer(clock),
    send: async (body, _, effort) => void sent.push({ body, effort }),
    ...options,
  });
  const put = (key: string, text: string) => pictures.put(key, new TextEncoder().encode(text));
  return { pictures, events, put, sent, changes: () => sent.flatMap(({ body }) => decodeMessage(body)) };
}

describe('FolderEvents', () => {
  it('tells of a picture that appeared, changed and went, each once', async () => {
    const { events, pictures, put, changes } = folder();

    await put('a.jpg', 'one');
    await events.look('a.jpg');
    await events.look('a.jpg');
    await put('a.jpg', 'two!');
    await events.look('a.jpg');
    await pictures.delete(['a.jpg']);
    await events.look('a.jpg');
    await events.look('a.jpg');
    await events.settled();

    expect(changes().map(({ op }) => op)).toEqual(['put', 'put', 'look']);
  });

  it('says nothing of what the index has already', async () => {
    const { events, put, changes } = folder();
    const { eTag } = await put('a.jpg', 'one');

    events.remember('a.jpg', eTag);
    await events.look('a.jpg');

    expect(changes()).toEqual([]);
  });

  it('gives later looks later versions, however many happen at once', async () => {
    const { events, put, changes } = folder();
    const keys = Array.from({ length: 20 }, (_, i) => `${i}.jpg`);
    for (const key of keys) await put(key, key);

    await Promise.all(keys.map((key) => events.look(key)));

    const versions = changes().map(({ version }) => version!);
    expect(new Set(versions).size).toBe(keys.length);
    expect(versions).toEqual(versions.toSorted());
  });

  it('tells that a name is gone behind the new name of its file, also where it was missed first', async () => {
    const told: string[] = [];
    const { events, pictures, put } = folder({
      secondLookMs: 100,
      send: async (body, urgency) => {
        told.push(...decodeMessage(body).map(({ op, key }) => `${op} ${key} ${urgency}`));
      },
    });
    await put('old/a.jpg', 'one');
    const eTag = `100-${(1_000_000_001).toString(16)}`;
    pictures.head = async (key) => (key.startsWith('new/') ? { ...info, key, eTag } : undefined);
    events.remember('old/a.jpg', eTag);

    await events.lookBelow('old/');
    await events.look('new/a.jpg', 'in-time');
    await events.settled();

    expect(told).toEqual(['put new/a.jpg in-time', 'look old/a.jpg in-time']);
  });

  it('takes a file of the same length and time for the one that is gone, and does not hold that back', async () => {
    const { events, pictures, put, sent } = folder({ manySecondLookMs: 3_600_000 });
    const keys = Array.from({ length: 30 }, (_, i) => `${i}.jpg`);
    for (const key of keys) await put(key, key);
    const eTag = (i: number) => `100-${(1_000_000_001 + i).toString(16)}`;
    pictures.head = async (key) => {
      const i = Number.parseInt(key.replace('new/', ''), 10);
      return key.startsWith('new/') ? { ...info, key, eTag: eTag(i) } : undefined;
    };
    for (const [i, key] of keys.entries()) events.remember(key, eTag(i));

    await Promise.all(keys.map((key) => events.look(key)));
    await Promise.all(keys.map((key) => events.look(`new/${key}`)));
    await events.settled();

    expect(keys.map((key, i) => events.movedFrom(`new/${key}`, eTag(i)))).toEqual(keys);
    expect(sent.map(({ effort }) => effort)).toEqual(Array(60).fill('none'));
  });

  it('knows a renamed file again that is looked at before it is known what the index has', async () => {
    let known: () => void = () => {};
    const ready = new Promise<void>((resolve) => {
      known = resolve;
    });
    const { events, pictures, sent } = folder({ ready });
    const eTag = `100-${(1_000_000_001).toString(16)}`;
    pictures.head = async (key) => (key === 'new.jpg' ? { ...info, key, eTag } : undefined);

    const looked = events.look('new.jpg');
    events.remember('old.jpg', eTag);
    known();
    await looked;

    expect(events.movedFrom('new.jpg', eTag)).toBe('old.jpg');
    expect(sent.map(({ effort }) => effort)).toEqual(['none']);
    await events.stop();
  });

  it('goes on after a look that failed', async () => {
    const { events, pictures, put, changes } = folder();
    await put('a.jpg', 'one');
    const head = pictures.head.bind(pictures);
    pictures.head = async () => {
      throw new Error('the disk is gone');
    };

    await expect(events.look('a.jpg')).rejects.toThrow('the disk is gone');
    pictures.head = head;
    await events.look('a.jpg');

    expect(changes()).toHaveLength(1);
  });
});
