/** The files of an index: FAISS opens what is written, and what is damaged is refused. */

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import faiss from 'faiss-node';
import { describe, expect, it } from 'vitest';
import { DIMENSIONS } from '../../../pictures/dimensions.ts';
import { IndexDamaged } from '../../../vectorlog/commit/errors.ts';
import {
  CodesLayout,
  decodeCodesHeader,
  decodeDead,
  decodeFaissHeader,
  decodeRows,
  encodeCodesHeader,
  encodeDead,
  encodeFaissHeader,
  encodeRow,
  FAISS_HEADER_BYTES,
  readRows,
} from '../../../vectorlog/commit/file-formats.ts';
import type { Entry } from '../../../vectorlog/log/record.ts';
import { Bitset } from '../../../vectorlog/scan/bitset.ts';
import { Frame } from '../../../vectorlog/scan/codes.ts';
import { DIRECTIONS } from '../../../vectorlog/scan/layout.ts';
import { MemoryStore } from '../../../vectorlog/testing/memory-store.ts';
import { seededVector } from '../../factories/fake-embedder.ts';

const entry = (key: string): Entry => ({
  key,
  version: 'AB',
  eTag: 'e',
  attributes: {
    size: 1,
    contentType: undefined,
    metadata: { camera: 'line one\nline two' },
    lastModified: '2026-06-01T12:00:00.000Z',
  },
});

describe('the FAISS file', () => {
  it('has the header that FAISS itself writes', () => {
    for (const rows of [0, 1, 3]) {
      const index = new faiss.IndexFlatIP(DIMENSIONS);
      for (let row = 0; row < rows; row++) index.add([...seededVector(`${row}`)]);
      const written = index.toBuffer();
      expect(Buffer.from(encodeFaissHeader(rows, DIMENSIONS))).toEqual(
        written.subarray(0, FAISS_HEADER_BYTES),
      );
      expect(decodeFaissHeader('f', written, DIMENSIONS)).toBe(rows);
    }
  });

  it('is opened by FAISS, row by row as it was put together', () => {
    const folder = mkdtempSync(join(tmpdir(), 'likeness-faiss-'));
    const vectors = ['a', 'b', 'c'].map(seededVector);
    const file = join(folder, 'index.faiss');
    writeFileSync(
      file,
      Buffer.concat([
        encodeFaissHeader(3, DIMENSIONS),
        ...vectors.map((vector) => new Uint8Array(vector.buffer)),
      ]),
    );
    const index = faiss.IndexFlatIP.read(file);
    const { labels, distances } = index.search([...vectors[1]!], 3);
    expect(labels[0]).toBe(1);
    expect(distances[0]).toBeCloseTo(1, 5);
    rmSync(folder, { recursive: true });
  });

  it('is refused with another header', () => {
    const header = encodeFaissHeader(3, DIMENSIONS);
    for (const at of [0, 4, 32, 33, 37]) {
      const wrong = header.slice();
      wrong[at]! ^= 1;
      expect(() => decodeFaissHeader('f', wrong, DIMENSIONS), `byte ${at}`).toThrow(IndexDamaged);
    }
    expect(() => decodeFaissHeader('f', header.subarray(0, 44), DIMENSIONS)).toThrow(IndexDamaged);
  });
});

describe('the codes file', () => {
  const vectors = ['a', 'b', 'c'].map(seededVector);
  const layout = new CodesLayout(DIMENSIONS, DIRECTIONS);

  it('says what its records are made against', async () => {
    const frame = await Frame.of(vectors, DIMENSIONS);
    const header = encodeCodesHeader({ frame, frameRows: 3, rows: 7 });
    expect(header.length).toBe(layout.headerBytes);
    expect(decodeCodesHeader('c', header, layout)).toEqual({ frame, frameRows: 3, rows: 7 });
  });

  it('of an earlier version has no directions', () => {
    const frame = new Frame(vectors[0]!);
    const header = Buffer.from(encodeCodesHeader({ frame, frameRows: 3, rows: 7 }));
    expect(header.toString('ascii', 0, 8)).toBe('vlcodes1');
    expect(decodeCodesHeader('c', header, new CodesLayout(DIMENSIONS, 0))).toMatchObject({ rows: 7 });
    expect(() => decodeCodesHeader('c', header, layout)).toThrow(IndexDamaged);
  });

  it('is refused with another header, or one that is damaged', async () => {
    const header = encodeCodesHeader({ frame: await Frame.of(vectors, DIMENSIONS), frameRows: 3, rows: 7 });
    for (const at of [0, 8, 12, 32 + DIMENSIONS * 4 + 3]) {
      const wrong = header.slice();
      wrong[at]! ^= 0x7f;
      expect(() => decodeCodesHeader('c', wrong, layout), `byte ${at}`).toThrow(IndexDamaged);
    }
    expect(() => decodeCodesHeader('c', header.subarray(0, -1), layout)).toThrow(IndexDamaged);
  });
});

describe('the rows file', () => {
  it('is one line a picture, read in blocks that cut lines anywhere', async () => {
    const store = new MemoryStore();
    const entries = Array.from({ length: 60_000 }, (_, i) => entry(`ключ ${i} 🖼️`));
    const bytes = Buffer.from(entries.map(encodeRow).join(''));
    expect(bytes.length).toBeGreaterThan(8 * 1024 * 1024);
    await store.put('rows', bytes);
    const read: Entry[] = [];
    for await (const block of readRows(store, 'rows', { start: 0, end: bytes.length })) read.push(...block);
    expect(read).toEqual(entries);
  });

  it('is refused where it is cut or not JSON', () => {
    const line = Buffer.from(encodeRow(entry('a')));
    expect(() => decodeRows('r', line.subarray(0, -1))).toThrow(IndexDamaged);
    expect(() => decodeRows('r', Buffer.from('{"key":1}\n'))).toThrow(IndexDamaged);
  });
});

describe('the file of dead rows', () => {
  it('is as long as its rows need', () => {
    const dead = new Bitset(9);
    dead.add(8);
    expect(encodeDead(dead)).toEqual(new Uint8Array([0, 1]));
    expect(decodeDead('d', encodeDead(dead), 9).has(8)).toBe(true);
    expect(() => decodeDead('d', new Uint8Array(1), 9)).toThrow(IndexDamaged);
  });
});
