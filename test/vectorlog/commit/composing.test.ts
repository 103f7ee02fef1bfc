/** Compaction moves bytes in proportion to what is new, and a rewrite holds little in memory. */

import { beforeAll, describe, expect, it } from 'vitest';
import { DIMENSIONS, ROW_BYTES } from '../../../pictures/dimensions.ts';
import { systemClock } from '../../../vectorlog/clock.ts';
import { Compactor } from '../../../vectorlog/commit/compaction.ts';
import { codesLayoutOf, encodeDead, encodeRow, rowOffset } from '../../../vectorlog/commit/file-formats.ts';
import { commitManifest, type Manifest } from '../../../vectorlog/commit/manifest.ts';
import { latestManifest } from '../../../vectorlog/commit/newest-manifest.ts';
import { writeAppend } from '../../../vectorlog/log/append-log.ts';
import type { PutRecord } from '../../../vectorlog/log/record.ts';
import { silentLogger } from '../../../vectorlog/logger.ts';
import { Bitset } from '../../../vectorlog/scan/bitset.ts';
import { MeteredStore } from './metered-store.ts';

const MiB = 1024 * 1024;
const NEW_ROWS = 100;
const APPENDS = 10;

const record = (key: string, row: number): PutRecord => ({
  op: 'put',
  key,
  version: '0055AED6DCD90281E5',
  eTag: 'd41d8cd98f00b204e9800998ecf8427e',
  attributes: {
    size: 1_234_567,
    contentType: 'image/jpeg',
    metadata: {},
    lastModified: '2026-06-01T12:00:00.000Z',
  },
  row,
});

/** A committed index of `rows` rows, of which the first `dead` are dead. */
async function indexOf(rows: number, deadRows = 0): Promise<MeteredStore> {
  const store = new MeteredStore();
  const files = { faiss: 'index/1-x.faiss', rows: 'index/1-x.jsonl', dead: 'index/1-x.dead' };
  const lines = Buffer.from(
    Array.from({ length: rows }, (_, i) => encodeRow(record(`album/${i}.jpg`, 0))).join(''),
  );
  const dead = new Bitset(rows);
  for (let row = 0; row < deadRows; row++) dead.add(row * 3);
  store.pretend(files.faiss, rowOffset(rows, DIMENSIONS));
  await store.put(files.rows, lines);
  await store.put(files.dead, encodeDead(dead));
  const manifest: Manifest = {
    format: 1,
    generation: 1,
    modelId: 'm',
    createdAt: '2026-06-01T12:00:00.000Z',
    lineage: 'x',
    rows,
    live: rows - deadRows,
    files: { ...files, rowsBytes: lines.length },
    folded: [],
    markers: [],
    replaced: [],
  };
  await commitManifest(store, manifest);
  return store;
}

/** Writes new pictures to the log. */
async function upload(store: MeteredStore, name: string): Promise<void> {
  const rows = NEW_ROWS / APPENDS;
  for (let i = 0; i < APPENDS; i++)
    await writeAppend(
      store,
      systemClock,
      {
        records: Array.from({ length: rows }, (_, row) => record(`${name}/${i}-${row}.jpg`, row)),
        vectors: new Float32Array(rows * DIMENSIONS),
      },
      DIMENSIONS,
    );
}

const compactorOf = (index: MeteredStore) =>
  new Compactor({ index, modelId: 'm', dimensions: DIMENSIONS, clock: systemClock, logger: silentLogger });

describe('composing', () => {
  const figures = new Map<number, { sent: number; received: number; requests: number; cold: number }>();

  beforeAll(async () => {
    for (const rows of [1_000, 10_000, 100_000]) {
      const store = await indexOf(rows);
      // The index is of an older version: its codes come with the first commit.
      await upload(store, 'zeroth');
      await compactorOf(store).run();
      const compactor = compactorOf(store);
      await upload(store, 'first');
      store.reset();
      await compactor.run();
      const cold = store.received;
      await upload(store, 'second');
      store.reset();
      const report = await compactor.run();
      expect(report).toMatchObject({ outcome: 'committed', rows: rows + 3 * NEW_ROWS, rewritten: false });
      const { sent, received, requests } = store;
      figures.set(rows, { sent, received, requests, cold });
      const { files } = (await latestManifest(store))!.manifest;
      expect(store.lengthOf(files.faiss)).toBe(rowOffset(rows + 3 * NEW_ROWS, DIMENSIONS));
    }
  });

  it('sends and receives what is new and a few MiB, however large the index is', () => {
    for (const [rows, { sent, received }] of figures) {
      const news = NEW_ROWS * (ROW_BYTES + 300);
      expect(sent, `sent at ${rows} rows`).toBeLessThan(news + 11 * MiB);
      expect(received, `received at ${rows} rows`).toBeLessThan(news + 11 * MiB);
    }
  });

  it('sends at 100,000 rows what it sends at 10,000, but for the bitset of dead rows', () => {
    const [small, large] = [figures.get(10_000)!, figures.get(100_000)!];
    const bitset = 100_000 / 8;
    // Where a copied range ends decides whether a part of 5 MiB has to pass through here.
    expect(large.sent).toBeLessThan(small.sent + bitset + 5 * MiB);
  });

  it('asks for an append once each, and for little besides', () => {
    for (const { requests } of figures.values()) expect(requests).toBeLessThan(APPENDS + 40);
  });

  it('reads the rows file besides when it is cold, and no rows', () => {
    for (const rows of [10_000, 100_000]) {
      const { received, cold } = figures.get(rows)!;
      const rowsFile = rows * 250;
      expect(cold - received, `at ${rows} rows`).toBeLessThan(rowsFile);
      expect(cold - received, `at ${rows} rows`).toBeGreaterThan(rows * 150);
    }
  });
});

describe('a rewrite', () => {
  it('leaves the dead rows out, and has a few MiB of the index in memory', async () => {
    const rows = 20_000;
    const store = await indexOf(rows, 6_000);
    await upload(store, 'with codes');
    await compactorOf(store).run();
    await writeAppend(
      store,
      systemClock,
      {
        records: [{ op: 'delete', key: 'album/1.jpg', version: '1155AED6DCD90281E5' }],
        vectors: new Float32Array(0),
      },
      DIMENSIONS,
    );
    store.reset();
    const report = await compactorOf(store).run();
    expect(report).toMatchObject({ outcome: 'committed', rewritten: true, rows: 14_099, live: 14_099 });
    const { manifest } = (await latestManifest(store))!;
    expect(manifest.lineage).not.toBe('x');
    expect(store.lengthOf(manifest.files.faiss)).toBe(rowOffset(14_099, DIMENSIONS));
    expect(store.largestPiece).toBeLessThan(17 * MiB);
    // The last 2,000 rows have no dead ones among them, and never leave the store.
    const sent =
      rowOffset(13_999 - 1_024, DIMENSIONS) +
      codesLayoutOf(manifest.files, DIMENSIONS).offset(13_999 - 1_024);
    expect(store.sent).toBeLessThan(sent + 10 * MiB);
  });
});
