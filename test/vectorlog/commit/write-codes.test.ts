/** The codes of a generation: composed of those before, or made anew where another frame is due. */

import { beforeEach, describe, expect, it } from 'vitest';
import {
  CodesLayout,
  decodeCodesHeader,
  encodeCodesHeader,
  encodeFaissHeader,
} from '../../../vectorlog/commit/file-formats.ts';
import type { NewRow } from '../../../vectorlog/commit/fold-log.ts';
import { readVectors, writeCodes } from '../../../vectorlog/commit/write-codes.ts';
import { Bitset } from '../../../vectorlog/scan/bitset.ts';
import { Frame } from '../../../vectorlog/scan/codes.ts';
import { MemoryStore } from '../../../vectorlog/testing/memory-store.ts';
import { countingStore } from '../../factories/counting-store.ts';

const DIMENSIONS = 32;
const HEADER = 1_184;
const RECORD = 80;

/** A vector that tells a number from every other. */
const vectorOf = (i: number) =>
  Float32Array.from({ length: DIMENSIONS }, (_, at) => Math.cos(i + at) + (at === i % 32 ? 1 : 0));
const range = (from: number, to: number) => Array.from({ length: to - from }, (_, i) => from + i);
const rows = (from: number, to: number): NewRow[] =>
  range(from, to).map((i) => ({
    entry: { key: `k${i}`, version: undefined, eTag: 'e', attributes: {} },
    vector: vectorOf(i),
  }));
const bitsetOf = (length: number, ...set: readonly number[]) => {
  const bits = new Bitset(length);
  for (const i of set) bits.add(i);
  return bits;
};
const axis = (at: number) => Float32Array.from({ length: DIMENSIONS }, (_, i) => (i === at ? 1 : 0));
const FRAME = new Frame(axis(0), range(1, 9).map(axis));
const BARE = new Frame(axis(0));

let store: MemoryStore;
beforeEach(() => {
  store = new MemoryStore();
});

/** Files of `count` rows whose records are no codes at all, so that only a copy can have them: record `i` is all `i + 1`. */
async function oldOf(
  count: number,
  { frame = FRAME, frameRows = count, centre = 'old frame' as string | undefined } = {},
) {
  const directions = frame.directions.length;
  const layout = new CodesLayout(DIMENSIONS, directions);
  const records = new Uint8Array(count * layout.recordBytes);
  for (const i of range(0, Math.min(count, 200)))
    records.fill(i + 1, i * layout.recordBytes, (i + 1) * layout.recordBytes);
  await store.put(
    'old.codes',
    Buffer.concat([encodeCodesHeader({ frame, frameRows, rows: count }), records]),
  );
  const files = {
    faiss: 'old.faiss',
    rows: 'r',
    rowsBytes: 0,
    dead: 'd',
    codes: 'old.codes',
    centre,
    directions,
  };
  return { files, rows: count };
}

async function writeVectors(count: number): Promise<void> {
  await store.put(
    'old.faiss',
    Buffer.concat([
      encodeFaissHeader(count, DIMENSIONS),
      ...rows(0, count).map(({ vector }) => new Uint8Array(vector.buffer)),
    ]),
  );
}

const write = (source: Partial<Parameters<typeof writeCodes>[1]>) =>
  writeCodes(store, {
    old: undefined,
    dead: undefined,
    added: [],
    dimensions: DIMENSIONS,
    name: 'new.codes',
    frame: 'new frame',
    ...source,
  });

/** What was written: its header, and the records. */
async function written() {
  const { body, contentType } = await store.get('new.codes');
  expect(contentType).toBe('application/octet-stream');
  const header = decodeCodesHeader('new.codes', body.subarray(0, HEADER), new CodesLayout(DIMENSIONS, 8));
  expect(body.length).toBe(HEADER + header.rows * RECORD);
  const records = range(0, header.rows).map((i) =>
    body.subarray(HEADER + i * RECORD, HEADER + (i + 1) * RECORD),
  );
  return { ...header, records };
}
const ANEW = { centre: 'new frame', directions: 8 };
const GOES_ON = { centre: 'old frame', directions: 8 };

describe('codes that go on', () => {
  it('have the old records, and those of new rows against the same frame', async () => {
    const old = await oldOf(3);
    const added = rows(3, 5);

    expect(await write({ old, added })).toEqual(GOES_ON);

    const { frame, frameRows, rows: count, records } = await written();
    expect([frame, frameRows, count]).toEqual([FRAME, 3, 5]);
    expect(records.slice(0, 3)).toEqual([1, 2, 3].map((byte) => new Uint8Array(RECORD).fill(byte)));
    expect(records.slice(3)).toEqual(added.map(({ vector }) => FRAME.encode(vector)));
  });

  it('leave out dead rows, and read neither vectors nor what is copied', async () => {
    const old = await oldOf(4);
    const counted = countingStore(store);
    const source = { old, dead: bitsetOf(4, 1), added: rows(4, 5), dimensions: DIMENSIONS };
    expect(await writeCodes(counted, { ...source, name: 'new.codes', frame: 'new frame' })).toEqual(GOES_ON);
    const { rows: count, records } = await written();
    expect(count).toBe(4);
    expect(records.slice(0, 3).map(([first]) => first)).toEqual([1, 3, 4]);
    expect(counted.calls.filter(({ method }) => method === 'read')).toEqual([
      { method: 'read', key: 'old.codes', bytes: HEADER },
      { method: 'read', key: 'old.codes', bytes: 4 * RECORD },
    ]);
  });

  it('may be without directions, of an older version', async () => {
    const old = await oldOf(3, { frame: BARE });
    expect(await write({ old, added: rows(3, 4) })).toEqual({ centre: 'old frame', directions: 0 });
    const { body } = await store.get('new.codes');
    expect(body.length).toBe(160 + 4 * 64);
    expect(body.subarray(160, 160 + 64)).toEqual(new Uint8Array(64).fill(1));
  });

  it('of more than a block of new rows are all there', async () => {
    const old = await oldOf(2, { frameRows: 1_000 });
    const added = rows(2, 1_030);
    await write({ old, added });
    const { records } = await written();
    expect(records).toHaveLength(1_030);
    for (const at of [2, 1_025, 1_026, 1_029]) expect(records[at]).toEqual(FRAME.encode(vectorOf(at)));
  });
});

describe('codes against a new frame', () => {
  it.each([
    [8, GOES_ON],
    [9, ANEW],
  ])('come when an index has four times the rows of its frame: 3 and %i', async (count, expected) => {
    const old = await oldOf(3);
    await writeVectors(3);
    expect(await write({ old, added: rows(3, 3 + count) })).toEqual(expected);
    expect((await written()).frameRows).toBe(expected === ANEW ? 12 : 3);
  });

  it('do not come any more once the frame is of as many rows as one is made of', async () => {
    const old = await oldOf(65_535, { frameRows: 16_384 });
    expect(await write({ old, added: rows(0, 1) })).toEqual(GOES_ON);
  });

  it('are made around all rows that are kept, and hold them in their order', async () => {
    const old = await oldOf(3);
    await writeVectors(3);
    const added = rows(3, 14);
    expect(await write({ old, added })).toEqual(ANEW);
    const { frame, frameRows, rows: count, records } = await written();
    const vectors = range(0, 14).map(vectorOf);
    expect(frame).toEqual(await Frame.of(vectors, DIMENSIONS));
    expect([frameRows, count]).toEqual([14, 14]);
    expect(records).toEqual(vectors.map((vector) => frame.encode(vector)));
  });

  it('come when rows of an index without directions are left out', async () => {
    const old = await oldOf(4, { frame: BARE, frameRows: 100 });
    await writeVectors(4);
    expect(await write({ old, dead: bitsetOf(4, 0, 2), added: rows(4, 5) })).toEqual(ANEW);
    const { frame, frameRows, records } = await written();
    const vectors = [1, 3, 4].map(vectorOf);
    expect(frame).toEqual(await Frame.of(vectors, DIMENSIONS));
    expect(frameRows).toBe(3);
    expect(records).toEqual(vectors.map((vector) => frame.encode(vector)));
  });

  it('come where there are no codes yet, or nobody knows their frame', async () => {
    await writeVectors(3);
    const { files } = await oldOf(3);
    for (const missing of [{ codes: undefined }, { centre: undefined }]) {
      expect(await write({ old: { files: { ...files, ...missing }, rows: 3 } })).toEqual(ANEW);
      expect(await written()).toMatchObject({ frameRows: 3, rows: 3 });
    }
    expect(await write({ added: rows(0, 2) })).toEqual(ANEW);
    expect(await written()).toMatchObject({ frameRows: 2, rows: 2 });
  });

  it('are made of 16,384 rows at the most, the first ones', async () => {
    const count = 16_390;
    const some = rows(0, 200);
    const added = range(0, count).map((i) => some[i % 200]!);
    await write({ added });
    expect(await written()).toMatchObject({ frameRows: 16_384, rows: count });

    const { files } = await oldOf(0);
    const vectors = new Float32Array(count * DIMENSIONS);
    for (const [i, { vector }] of added.entries()) vectors.set(vector, i * DIMENSIONS);
    await store.put(
      'old.faiss',
      Buffer.concat([encodeFaissHeader(count, DIMENSIONS), new Uint8Array(vectors.buffer)]),
    );
    const counted = countingStore(store);
    const old = { files: { ...files, codes: undefined }, rows: count };
    const source = { old, dead: undefined, added: rows(0, 3), dimensions: DIMENSIONS };
    await writeCodes(counted, { ...source, name: 'new.codes', frame: 'new frame' });
    expect(await written()).toMatchObject({ frameRows: 16_384, rows: count + 3 });
    // For the frame no more blocks than hold so many rows, and then all 17.
    expect(counted.calls.filter(({ method }) => method === 'read')).toHaveLength(16 + 17);
  });
});

describe('the vectors of a file', () => {
  it('come block by block, from any row to any other', async () => {
    await writeVectors(1_100);
    const blocks: [number, number][] = [];
    for await (const { start, vectors } of readVectors(
      store,
      'old.faiss',
      { start: 2, end: 1_050 },
      DIMENSIONS,
    )) {
      blocks.push([start, vectors.length / DIMENSIONS]);
      expect(vectors.subarray(0, DIMENSIONS)).toEqual(vectorOf(start));
    }
    expect(blocks).toEqual([
      [2, 1_024],
      [1_026, 24],
    ]);
    for await (const _ of readVectors(store, 'old.faiss', { start: 3, end: 3 }, DIMENSIONS))
      expect.unreachable('there are none');
  });

  it('are those of the reader, who may change them, wherever the store has its bytes', async () => {
    const memory = new Uint8Array(1 + DIMENSIONS * 4);
    memory.set(new Uint8Array(vectorOf(7).buffer), 1);
    const before = memory.slice();
    const lending = new (class extends MemoryStore {
      override async read() {
        return memory.subarray(1);
      }
    })();
    for await (const { vectors } of readVectors(lending, 'f', { start: 0, end: 1 }, DIMENSIONS)) {
      expect(vectors).toEqual(vectorOf(7));
      vectors.fill(0);
    }
    expect(memory).toEqual(before);
  });
});
