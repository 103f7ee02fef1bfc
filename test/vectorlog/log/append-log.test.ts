/** Names, lists and reads of the append log: what is no append is left alone, and what cannot be read is named. */

import { describe, expect, it } from 'vitest';
import { systemClock } from '../../../vectorlog/clock.ts';
import { AppendUnreadable, encodeAppend } from '../../../vectorlog/log/append-file.ts';
import {
  appendTime,
  isAppendName,
  listAppends,
  readAppend,
  readRecords,
  writeAppend,
} from '../../../vectorlog/log/append-log.ts';
import type { Append } from '../../../vectorlog/log/record.ts';
import { ObjectNotFound, StoreUnavailable } from '../../../vectorlog/store/errors.ts';
import { MemoryStore } from '../../../vectorlog/testing/memory-store.ts';

const DIMENSIONS = 8;
const append: Append = {
  records: [
    { op: 'put', key: 'a', version: '1F', eTag: 'e', attributes: { size: 3 }, row: 0 },
    { op: 'delete', key: 'b', version: undefined, basis: { state: 'absent' } },
  ],
  vectors: Float32Array.from({ length: DIMENSIONS }, (_, i) => i),
};
const ULID = '01KT00000000000000000000AB';
const nameOf = (ulid: string) => `log/${ulid}.safetensors`;

describe('the name of an append', () => {
  it.each([nameOf(ULID), nameOf('7ZZZZZZZZZZZZZZZZZZZZZZZZZ')])('is %s', (name) =>
    expect(isAppendName(name)).toBe(true),
  );

  it.each([
    nameOf(ULID.slice(1)),
    nameOf(`${ULID}0`),
    nameOf('81KT00000000000000000000AB'),
    nameOf('01KT00000000000000000000AI'),
    nameOf('01kt00000000000000000000ab'),
    `old/${nameOf(ULID)}`,
    `${nameOf(ULID)}.part`,
    `log/${ULID}xsafetensors`,
  ])('is not %s', (name) => expect(isAppendName(name)).toBe(false));

  it('says when it was made', () => {
    const before = Date.now();
    const time = appendTime(nameOf(systemClock.ulid()));
    expect(time).toBeGreaterThanOrEqual(before);
    expect(time).toBeLessThanOrEqual(Date.now());
  });
});

describe('writing', () => {
  it('makes an object that is named by the clock', async () => {
    const store = new MemoryStore();
    const name = await writeAppend(store, { ...systemClock, ulid: () => ULID }, append, DIMENSIONS);
    expect(name).toBe(nameOf(ULID));
    expect(await store.head(name)).toMatchObject({
      contentType: 'application/octet-stream',
      size: encodeAppend(append, DIMENSIONS).length,
    });
  });

  it('never writes over another append', async () => {
    const store = new MemoryStore();
    const clock = { ...systemClock, ulid: () => ULID };
    await writeAppend(store, clock, append, DIMENSIONS);
    const again = writeAppend(store, clock, { ...append, records: [] }, DIMENSIONS);
    await expect(again).rejects.toThrow(StoreUnavailable);
    await expect(again).rejects.toThrow(/is taken/);
    expect((await readAppend(store, nameOf(ULID), DIMENSIONS)).records).toHaveLength(2);
  });
});

describe('listing', () => {
  it('gives appends in order with their sizes, from a name on, and leaves all else alone', async () => {
    const store = new MemoryStore({ pageSize: 2 });
    const names = [
      '01KT00000000000000000000AA',
      '01KT00000000000000000000AB',
      '01KT00000000000000000000AC',
    ].map(nameOf);
    for (const [i, name] of names.entries()) await store.put(name, new Uint8Array(i + 1));
    for (const other of ['log/notes.txt', 'log/', 'manifest/1.json', 'lo'])
      await store.put(other, new Uint8Array(1));

    const listed = async (startAfter?: string) => {
      const all = [];
      for await (const each of listAppends(store, startAfter)) all.push(each);
      return all;
    };

    expect(await listed()).toEqual(names.map((name, i) => ({ name, size: i + 1 })));
    expect(await listed(names[0])).toEqual([
      { name: names[1], size: 2 },
      { name: names[2], size: 3 },
    ]);
  });
});

describe('reading', () => {
  const name = nameOf(ULID);
  async function holding(file: Uint8Array) {
    const store = new MemoryStore();
    await store.put(name, file);
    return store;
  }

  it('of records alone asks for no more than the beginning of a large append', async () => {
    const vectors = new Float32Array(DIMENSIONS * 10_000);
    const store = await holding(encodeAppend({ ...append, vectors }, DIMENSIONS));
    const ends: number[] = [];
    const read = store.read.bind(store);
    store.read = (key, range, target) => {
      ends.push(range.end);
      return read(key, range, target);
    };
    const { size } = (await store.head(name))!;
    expect(await readRecords(store, { name, size })).toEqual(append.records);
    expect(ends).toEqual([64 * 1024]);
  });

  it('names an append that ends within its header', async () => {
    const whole = encodeAppend({ ...append, records: Array(2_000).fill(append.records[0]) }, DIMENSIONS);
    const file = whole.subarray(0, 70_000);
    const store = await holding(file);
    const failure = readRecords(store, { name, size: file.length });
    await expect(failure).rejects.toThrow(AppendUnreadable);
    await expect(failure).rejects.toThrow(`${name}: the file ends within its header`);
  });

  it('names an append whose header claims more than any header has', async () => {
    const file = new Uint8Array(100);
    new DataView(file.buffer).setBigUint64(0, 64n * 1024n * 1024n + 1n, true);
    const store = await holding(file);
    await expect(readRecords(store, { name, size: file.length })).rejects.toThrow(
      /a header of 67108865 bytes/,
    );
    await expect(readAppend(store, name, DIMENSIONS)).rejects.toThrow(`${name}: a header of 67108865 bytes`);
  });

  it('leaves failures of the store as they are', async () => {
    const store = new MemoryStore();
    await expect(readAppend(store, name, DIMENSIONS)).rejects.toThrow(ObjectNotFound);
    const down = await holding(
      encodeAppend({ ...append, records: Array(2_000).fill(append.records[0]) }, DIMENSIONS),
    );
    const read = down.read.bind(down);
    down.read = (key, range, target) =>
      range.end === 64 * 1024 ? read(key, range, target) : Promise.reject(new StoreUnavailable('503'));
    const { size } = (await down.head(name))!;
    await expect(readRecords(down, { name, size })).rejects.toThrow(StoreUnavailable);
  });
});
