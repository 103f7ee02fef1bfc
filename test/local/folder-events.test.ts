import { describe, expect, it } from 'vitest';
import { FolderEvents } from '../../local/folder-events.ts';
import { Sequencer } from '../../local/sequencer.ts';
import { decodeMessage } from '../../pictures/ingest/messages.ts';
import { MemoryStore } from '../../vectorlog/testing/memory-store.ts';

function folder() {
  const pictures = new MemoryStore();
  const sent: string[] = [];
  const clock = { now: () => 1_000 };
  const events = new FolderEvents({
    pictures,
    clock: { now: () => Date.now() },
    secondLookMs: 5,
    manySecondLookMs: 50,
    sequencer: new Sequencer(clock),
    send: async (body) => void sent.push(body),
  });
  const put = (key: string, text: string) => pictures.put(key, new TextEncoder().encode(text));
  return { pictures, events, put, changes: () => sent.flatMap(decodeMessage) };
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

    expect(changes().map(({ op }) => op)).toEqual(['put', 'put', 'delete']);
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
