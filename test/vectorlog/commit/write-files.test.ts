/** The files of a generation, byte by byte: what is copied inside the store, and what is written. */

import { beforeEach, describe, expect, it } from 'vitest';
import { encodeFaissHeader, encodeRow } from '../../../vectorlog/commit/file-formats.ts';
import type { NewRow } from '../../../vectorlog/commit/fold-log.ts';
import { composeFiles, liveBlocks, rewriteFiles, writeDead } from '../../../vectorlog/commit/write-files.ts';
import { Bitset } from '../../../vectorlog/scan/bitset.ts';
import type { ComposePart } from '../../../vectorlog/store/object-store.ts';
import { MemoryStore } from '../../../vectorlog/testing/memory-store.ts';
import { countingStore } from '../../factories/counting-store.ts';

const DIMENSIONS = 2;

/** A row whose numbers say which it is. */
const row = (i: number): NewRow => ({
  entry: { key: `k${i}`, version: undefined, eTag: 'e', attributes: {} },
  vector: new Float32Array([i, -i]),
});
const rows = (from: number, to: number) => Array.from({ length: to - from }, (_, i) => row(from + i));
const faissOf = (given: readonly NewRow[]) =>
  Buffer.concat([
    encodeFaissHeader(given.length, DIMENSIONS),
    ...given.map(({ vector }) => new Uint8Array(vector.buffer)),
  ]);
const linesOf = (given: readonly NewRow[]) => given.map(({ entry }) => encodeRow(entry)).join('');
const bitsetOf = (length: number, ...set: readonly number[]) => {
  const bits = new Bitset(length);
  for (const i of set) bits.add(i);
  return bits;
};
const range = (from: number, to: number) => Array.from({ length: to - from }, (_, i) => from + i);

const names = { faiss: 'new.faiss', rows: 'new.jsonl', dead: 'new.dead' };
let store: MemoryStore;
beforeEach(() => {
  store = new MemoryStore();
});

/** Writes the files of some rows, as a generation before has them, with more behind them, as a file that has grown. */
async function oldOf(given: readonly NewRow[]) {
  const files = { faiss: 'old.faiss', rows: 'old.jsonl', dead: 'old.dead', rowsBytes: linesOf(given).length };
  await store.put(files.faiss, Buffer.concat([faissOf(given), Buffer.from('more')]));
  await store.put(files.rows, Buffer.from(`${linesOf(given)}more\n`));
  return { files, rows: given.length };
}

async function assertFiles(expected: readonly NewRow[], rowsBytes: number): Promise<void> {
  const [faiss, lines] = await Promise.all([store.get(names.faiss), store.get(names.rows)]);
  expect(Buffer.compare(faiss.body, faissOf(expected))).toBe(0);
  expect(Buffer.from(lines.body).toString()).toBe(linesOf(expected));
  expect([faiss.contentType, lines.contentType]).toEqual(['application/octet-stream', 'application/jsonl']);
  expect(rowsBytes).toBe(lines.size);
}

describe('composed files', () => {
  it('have the old rows, which are not read, and then the new ones', async () => {
    const old = await oldOf(rows(0, 3));
    const counted = countingStore(store);
    const added = rows(3, 5);
    await assertFiles(rows(0, 5), await composeFiles(counted, { old, added, names, dimensions: DIMENSIONS }));
    expect(counted.calls.map(({ method }) => method)).toEqual(['compose', 'compose']);
  });

  it.each([0, 1, 1_024, 1_025, 2_049])('are new where there are none before: of %i rows', async (count) => {
    const added = rows(0, count);
    const bytes = await composeFiles(store, { old: undefined, added, names, dimensions: DIMENSIONS });
    await assertFiles(added, bytes);
  });

  it('copy nothing of files that have no rows', async () => {
    const old = { ...(await oldOf([])), files: { ...(await oldOf([])).files, faiss: 'gone', rows: 'gone' } };
    await assertFiles(
      rows(0, 1),
      await composeFiles(store, { old, added: rows(0, 1), names, dimensions: DIMENSIONS }),
    );
  });
});

describe('files that are written anew', () => {
  it.each<[string, number, readonly number[]]>([
    ['one', 5, [1]],
    ['the first of a block and the last of another', 3_000, [1_024, 2_999]],
    ['a whole block', 3_000, range(1_024, 2_048)],
    ['all', 3, [0, 1, 2]],
    ['none', 3, []],
  ])('leave out the dead rows: %s', async (_, count, dead) => {
    const old = await oldOf(rows(0, count));
    const added = rows(5_000, 5_003);
    const live = rows(0, count).filter((_, i) => !dead.includes(i));
    await assertFiles(
      [...live, ...added],
      await rewriteFiles(store, { old, added, names, dimensions: DIMENSIONS }, bitsetOf(count, ...dead)),
    );
  });
});

it('the file of dead rows is as long as its rows need', async () => {
  await writeDead(store, 'd', bitsetOf(9, 0, 8));
  expect(await store.get('d')).toMatchObject({
    body: new Uint8Array([1, 1]),
    contentType: 'application/octet-stream',
  });
});

describe('the live rows of a file', () => {
  /** Rows of one byte behind a head of ten: row 5 is at 15. */
  const places = { offset: (row: number) => 10 + row, rowBytes: 1 };

  it.each<[string, number, readonly number[] | undefined, readonly ([number, number] | number)[], number]>([
    ['are all where none are known to be dead', 3_000, undefined, [[10, 3_010]], 0],
    ['are all where none are dead', 3_000, [], [[10, 3_010]], 0],
    ['are none of none', 0, [], [], 0],
    ['are none where all are dead', 1_500, range(0, 1_500), [], 0],
    ['are copied past a dead block', 3_000, range(0, 1_024), [[1_034, 3_010]], 0],
    ['are read where one is dead', 3_000, [1_500], [[10, 1_034], 1_023, [2_058, 3_010]], 1_024],
    ['are read in the last block, which is short', 3_000, [2_999], [[10, 2_058], 951], 952],
    ['are copied between blocks that are read', 3_000, [0, 2_048], [1_023, [1_034, 2_058], 951], 1_976],
    ['are copied up to a dead block', 2_048, range(1_024, 2_048), [[10, 1_034]], 0],
  ])('%s', async (_, count, dead, expected, bytesRead) => {
    await store.put(
      'f',
      Uint8Array.from({ length: 10 + count }, (_, i) => i % 251),
    );
    const counted = countingStore(store);
    const parts: ComposePart[] = [];
    for await (const part of liveBlocks(counted, 'f', count, dead && bitsetOf(count, ...dead), places))
      parts.push(part instanceof Uint8Array ? part.slice() : part);
    expect(
      parts.map((part) => (part instanceof Uint8Array ? part.length : [part.range.start, part.range.end])),
    ).toEqual(expected);
    expect(counted.bytesRead()).toBe(bytesRead);
    const bytes = await Promise.all(
      parts.map((part) => (part instanceof Uint8Array ? part : store.read(part.copyFrom, part.range))),
    );
    const live = range(0, count).filter((i) => !dead?.includes(i));
    expect([...Buffer.concat(bytes)]).toEqual(live.map((i) => (10 + i) % 251));
  });
});
