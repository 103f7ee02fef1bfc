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
  codesLayoutOf,
  deadBytes,
  decodeCodesHeader,
  decodeDead,
  decodeFaissHeader,
  decodeRows,
  encodeCodesHeader,
  encodeDead,
  encodeFaissHeader,
  encodeRow,
  FAISS_HEADER_BYTES,
  readLines,
  readRows,
  rowOffset,
} from '../../../vectorlog/commit/file-formats.ts';
import type { Entry } from '../../../vectorlog/log/record.ts';
import { Bitset } from '../../../vectorlog/scan/bitset.ts';
import { Frame } from '../../../vectorlog/scan/codes.ts';
import { DIRECTIONS } from '../../../vectorlog/scan/layout.ts';
import { MemoryStore } from '../../../vectorlog/testing/memory-store.ts';
import { countingStore } from '../../factories/counting-store.ts';
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
    const vectors = ['a', 'b', 'c'].map((key) => seededVector(key));
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

  it('begins with 45 bytes, and rows follow', () => {
    const header = encodeFaissHeader(3, 32);
    expect(Buffer.from(header).toString('hex')).toBe(
      // IxFI, 32, 3, 2^20 twice, 1, 0, 96
      '49784649 20000000 0300000000000000 0000100000000000 0000100000000000 01 00000000 6000000000000000'.replaceAll(
        ' ',
        '',
      ),
    );
    expect([0, 1, 3].map((row) => rowOffset(row, 32))).toEqual([45, 173, 429]);
    const within = Buffer.concat([new Uint8Array(3), header, new Uint8Array(9)]).subarray(3);
    expect(decodeFaissHeader('f', within, 32)).toBe(3);
  });

  it('says what is wrong with its header', () => {
    const header = encodeFaissHeader(3, 32);
    const failure = (bytes: Uint8Array, dimensions = 32) => {
      try {
        return decodeFaissHeader('f', bytes, dimensions);
      } catch (error) {
        return (error as Error).message;
      }
    };
    expect(failure(header.subarray(0, 44))).toBe('f: it is shorter than a header');
    expect(failure(header, 64)).toBe('f: not an IndexFlatIP of 64 dimensions');
    const negative = header.slice();
    negative.fill(0xff, 8, 16);
    expect(failure(negative)).toBe('f: not an IndexFlatIP of 32 dimensions');
    expect(failure(encodeFaissHeader(0, 32))).toBe(0);
  });
});

describe('the codes file', () => {
  const vectors = ['a', 'b', 'c'].map((key) => seededVector(key));
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

  it('lies as its layout says', () => {
    const [bare, full] = [new CodesLayout(32, 0), new CodesLayout(32, 8)];
    // 32 bytes, and 128 for the centre and each direction; 32 codes, 32 bytes of bounds and 2 for each direction.
    expect([bare.headerBytes, bare.recordBytes, bare.offset(0), bare.offset(2)]).toEqual([160, 64, 160, 288]);
    expect([full.headerBytes, full.recordBytes, full.offset(2)]).toEqual([1_184, 80, 1_344]);
    expect(codesLayoutOf({}, 32)).toEqual(bare);
    expect(codesLayoutOf({ directions: 8 }, 32)).toEqual(full);
  });

  describe('of 32 dimensions', () => {
    const axis = (at: number, length = 1) =>
      Float32Array.from({ length: 32 }, (_, i) => (i === at ? length : 0));
    const small = new CodesLayout(32, 8);
    const frame = new Frame(
      axis(0, 2),
      Array.from({ length: 8 }, (_, i) => axis(i + 1)),
    );
    const header = encodeCodesHeader({ frame, frameRows: 5, rows: 7 });

    it('has each number in its place', () => {
      const bytes = Buffer.from(header);
      expect(bytes.toString('ascii', 0, 8)).toBe('vlcodes2');
      expect(bytes.subarray(8, 32).toString('hex')).toBe('200000000800000007000000000000000500000000000000');
      expect(bytes.readFloatLE(32)).toBe(2);
      for (let i = 0; i < 8; i++) expect(bytes.readFloatLE(32 + (i + 1) * 128 + (i + 1) * 4)).toBe(1);
      expect(header.filter((byte) => byte !== 0)).toHaveLength(8 + 4 + 1 + 8 * 2);
      const within = Buffer.concat([new Uint8Array(3), header, new Uint8Array(9)]).subarray(3);
      expect(decodeCodesHeader('c', within, small)).toEqual({ frame, frameRows: 5, rows: 7 });
    });

    it('says what is wrong with it', () => {
      const failure = (bytes: Uint8Array, layout = small) => {
        try {
          return decodeCodesHeader('c', bytes, layout);
        } catch (error) {
          expect(error).toBeInstanceOf(IndexDamaged);
          return (error as Error).message;
        }
      };
      const changed = (at: number, value: number) => {
        const bytes = header.slice();
        bytes[at] = value;
        return bytes;
      };
      const noHeader = 'c: it does not begin with the header of codes';
      expect(failure(header.subarray(0, 1_183))).toBe(noHeader);
      expect(failure(changed(7, 0x31))).toBe(noHeader);
      expect(failure(header, new CodesLayout(32, 0))).toBe(noHeader);
      expect(failure(changed(8, 64))).toBe('c: codes of 64 dimensions and not 32');
      expect(failure(changed(12, 7))).toBe('c: codes with 7 directions and not 8');
      // The first number of the first direction, which is then no longer 0.
      expect(failure(changed(32 + 128 + 3, 0x40))).toBe('c: direction 0 is no unit vector');
    });

    it('keeps the reason why it is no frame', () => {
      const bytes = header.slice();
      bytes[32 + 128 + 3] = 0x40;
      expect(() => decodeCodesHeader('c', bytes, small)).toThrow(
        expect.objectContaining({ file: 'c', cause: expect.any(RangeError) }),
      );
    });
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

  it('has an entry a line, flat', () => {
    const given = { key: 'k', version: 'AB', eTag: 'e', attributes: { size: 1 } };
    expect(encodeRow(given)).toBe('{"key":"k","version":"AB","eTag":"e","size":1}\n');
    expect(decodeRows('r', Buffer.from(encodeRow(given).repeat(2)))).toEqual([given, given]);
    expect(decodeRows('r', new Uint8Array(0))).toEqual([]);
  });

  it('says what is wrong with a line, of a long one the beginning', () => {
    expect(() => decodeRows('r', Buffer.from('{}'))).toThrow('r: it ends within a line');
    expect(() => decodeRows('r', Buffer.from(`${encodeRow(entry('a'))}{"key":1}\n`))).toThrow(
      expect.objectContaining({ message: 'r: not a row: {"key":1}', cause: expect.any(TypeError) }),
    );
    expect(() => decodeRows('r', Buffer.from(`${'x'.repeat(100)}\n`))).toThrow(
      expect.objectContaining({ message: `r: not a row: ${'x'.repeat(80)}`, cause: expect.any(SyntaxError) }),
    );
  });

  describe('read in parts', () => {
    const BLOCK = 8 * 1024 * 1024;
    const linesOf = async (text: string | Uint8Array, start = 0, end = text.length) => {
      const store = countingStore(new MemoryStore());
      await store.put('r', typeof text === 'string' ? Buffer.from(text) : text);
      const blocks: number[] = [];
      let whole = '';
      for await (const lines of readLines(store, 'r', { start, end })) {
        blocks.push(lines.length);
        whole += Buffer.from(lines).toString();
      }
      return {
        blocks,
        whole,
        read: store.calls.filter(({ method }) => method === 'read').map(({ bytes }) => bytes),
      };
    };

    it('is asked for from where to where it is wanted, and not at all for nothing', async () => {
      expect(await linesOf('one\ntwo\nsix\n', 4, 8)).toEqual({ blocks: [4], whole: 'two\n', read: [4] });
      expect(await linesOf('one\n', 4, 4)).toEqual({ blocks: [], whole: '', read: [] });
      await expect(linesOf('one\ntwo\n', 0, 6)).rejects.toThrow('r: it ends within a line');
    });

    it('has lines that go on from block to block', async () => {
      const long = Buffer.alloc(2 * BLOCK + 7, 'x');
      long[3] = 0x0a;
      long[long.length - 2] = 0x0a;
      long[long.length - 1] = 0x0a;
      const { blocks, whole, read } = await linesOf(long);
      expect(read).toEqual([BLOCK, BLOCK, 7]);
      expect(blocks).toEqual([4, 2 * BLOCK + 3]);
      expect(whole.length).toBe(long.length);
    });
  });
});

describe('the file of dead rows', () => {
  it('is as long as its rows need', () => {
    const dead = new Bitset(9);
    dead.add(8);
    expect(encodeDead(dead)).toEqual(new Uint8Array([0, 1]));
    expect(decodeDead('d', encodeDead(dead), 9).has(8)).toBe(true);
    expect(() => decodeDead('d', new Uint8Array(1), 9)).toThrow(IndexDamaged);
    expect(() => decodeDead('d', new Uint8Array(3), 9)).toThrow('d: 3 bytes for 9 rows');
    expect([0, 1, 8, 9].map(deadBytes)).toEqual([0, 1, 1, 2]);
    expect(encodeDead(new Bitset(9, new Uint8Array([1, 0, 0, 0])))).toEqual(new Uint8Array([1, 0]));
  });
});
