/** Appends are safetensors files, and damaged ones are refused. */

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { DIMENSIONS } from '../../../pictures/dimensions.ts';
import { systemClock } from '../../../vectorlog/clock.ts';
import {
  AppendUnreadable,
  decodeAppend,
  decodeRecords,
  encodeAppend,
} from '../../../vectorlog/log/append-file.ts';
import { readAppend, readRecords, writeAppend } from '../../../vectorlog/log/append-log.ts';
import type { Append, KeyState, LogRecord } from '../../../vectorlog/log/record.ts';
import { MemoryStore } from '../../../vectorlog/testing/memory-store.ts';
import { seededVector } from '../../factories/fake-embedder.ts';

const put = (key: string, row: number, metadata = {}): LogRecord => ({
  op: 'put',
  key,
  version: '0055AED6DCD90281E5',
  eTag: 'd41d8cd98f00b204e9800998ecf8427e',
  attributes: { size: 1234, contentType: 'image/jpeg', metadata, lastModified: '2026-06-01T12:00:00.000Z' },
  row,
});

const example = (keys: readonly string[]): Append => ({
  records: [...keys.map((key, row) => put(key, row)), { op: 'delete', key: 'old', version: '1F' }],
  vectors: Float32Array.from(keys.flatMap((key) => [...seededVector(key)])),
});

describe('an append file', () => {
  it('gives back what was written, whatever the keys are', () => {
    fc.assert(
      fc.property(fc.array(fc.string({ unit: 'grapheme' }), { maxLength: 3 }), (keys) => {
        expect(decodeAppend(encodeAppend(example(keys), DIMENSIONS), DIMENSIONS)).toEqual(example(keys));
      }),
      { numRuns: 8 },
    );
  });

  it('is a safetensors file: length, JSON header with strings as metadata, aligned tensor', () => {
    const file = encodeAppend(example(['a', 'b']), DIMENSIONS);
    const headerBytes = Number(new DataView(file.buffer).getBigUint64(0, true));
    const header = JSON.parse(new TextDecoder().decode(file.subarray(8, 8 + headerBytes)));
    expect(headerBytes % 8).toBe(0);
    expect(header.vectors).toEqual({
      dtype: 'F32',
      shape: [2, DIMENSIONS],
      data_offsets: [0, 2 * DIMENSIONS * 4],
    });
    expect(Object.values(header.__metadata__).every((value) => typeof value === 'string')).toBe(true);
    expect(new Float32Array(file.slice(8 + headerBytes).buffer)).toEqual(example(['a', 'b']).vectors);
  });

  it('is refused when it is cut anywhere, or is something else', () => {
    const file = encodeAppend(example(['a']), DIMENSIONS);
    for (const length of [0, 7, 8, 60, file.length - 1])
      expect(() => decodeAppend(file.slice(0, length), DIMENSIONS), `${length} bytes`).toThrow(
        AppendUnreadable,
      );
    expect(() => decodeAppend(new Uint8Array(64), DIMENSIONS)).toThrow(AppendUnreadable);
    expect(() =>
      decodeAppend(new TextEncoder().encode('this is no append at all, but long enough'), DIMENSIONS),
    ).toThrow(AppendUnreadable);
  });

  it('is refused when a record names a row that is not there', () => {
    const file = encodeAppend({ records: [put('a', 1)], vectors: seededVector('a') }, DIMENSIONS);
    expect(() => decodeAppend(file, DIMENSIONS)).toThrow('row 1 of 1');
  });
});

describe('an append file of somebody else', () => {
  const record = { op: 'put', key: 'a', version: '1', eTag: 'e', row: 0 };
  const headers: [string, unknown][] = [
    ['null', null],
    ['an array', []],
    ['no metadata', { vectors: { dtype: 'F32', shape: [0, DIMENSIONS] } }],
    [
      'another format',
      {
        __metadata__: { format: 'likeness-append-2', records: '[]' },
        vectors: { dtype: 'F32', shape: [1, DIMENSIONS] },
      },
    ],
    [
      'records that are no text',
      {
        __metadata__: { format: 'likeness-append-1', records: [] },
        vectors: { dtype: 'F32', shape: [1, DIMENSIONS] },
      },
    ],
    [
      'vectors of another type',
      {
        __metadata__: { format: 'likeness-append-1', records: '[]' },
        vectors: { dtype: 'F16', shape: [1, DIMENSIONS] },
      },
    ],
    [
      'a shape of one number',
      { __metadata__: { format: 'likeness-append-1', records: '[]' }, vectors: { dtype: 'F32', shape: [1] } },
    ],
    [
      'a shape that is a text',
      {
        __metadata__: { format: 'likeness-append-1', records: '[]' },
        vectors: { dtype: 'F32', shape: '18' },
      },
    ],
    [
      'fewer rows than none',
      {
        __metadata__: { format: 'likeness-append-1', records: '[]' },
        vectors: { dtype: 'F32', shape: [-1, DIMENSIONS] },
      },
    ],
    ['vectors of no shape', { __metadata__: { format: 'likeness-append-1', records: '[]' }, vectors: null }],
    ...(
      [
        ['records that are no array', { length: 1 }],
        ['null for records', null],
        ['a record that is null', [null]],
        ['a record without a key', [{ ...record, key: undefined }]],
        ['a record without an eTag', [{ ...record, eTag: 1 }]],
        ['a record of another kind', [{ ...record, op: 'move' }]],
        ['a version that is a number', [{ ...record, version: 1 }]],
        ['a basis that is no state', [{ ...record, version: undefined, basis: { state: 'lost' } }]],
        ['a record that is a list', [[record]]],
        ['a key that is a number', [{ ...record, key: 1 }]],
        ['a deletion without a key', [{ op: 'delete' }]],
        ['a basis that is a text', [{ ...record, version: undefined, basis: 'absent' }]],
        ['a basis that is live without an eTag', [{ ...record, basis: { state: 'live', version: '1' } }]],
        [
          'a basis that is live with a number for a version',
          [{ ...record, basis: { state: 'live', eTag: 'e', version: 1 } }],
        ],
        [
          'a basis that is deleted with a number for a version',
          [{ ...record, basis: { state: 'deleted', version: 1 } }],
        ],
        ['the row behind the last', [{ ...record, row: 1 }]],
        ['no row', [{ ...record, row: undefined }]],
        ['half a row', [{ ...record, row: 0.5 }]],
        ['a row before the first', [{ ...record, row: -1 }]],
      ] as [string, unknown][]
    ).map(([what, records]): [string, unknown] => [
      what,
      {
        __metadata__: { format: 'likeness-append-1', records: JSON.stringify(records) },
        vectors: { dtype: 'F32', shape: [1, DIMENSIONS] },
      },
    ]),
  ];

  it.each(headers)('is refused, not crashed on: %s', (_, header) => {
    const json = Buffer.from(JSON.stringify(header));
    const file = Buffer.alloc(8 + json.length + DIMENSIONS * 4);
    file.writeBigUInt64LE(BigInt(json.length));
    json.copy(file, 8);
    expect(() => decodeAppend(file, DIMENSIONS)).toThrow(AppendUnreadable);
  });

  it('is taken when records and vectors fit together, whatever states comparisons saw', () => {
    const states: KeyState[] = [
      { state: 'absent' },
      { state: 'live', version: '1', eTag: 'e' },
      { state: 'live', version: undefined, eTag: 'e' },
      { state: 'deleted', version: '1' },
      { state: 'deleted', version: undefined },
    ];
    const records = states.flatMap((basis): LogRecord[] => [
      { op: 'put', key: 'a', version: undefined, eTag: 'e', attributes: {}, row: 0, basis },
      { op: 'delete', key: 'b', version: undefined, basis },
    ]);
    const append = { records, vectors: new Float32Array(8) };
    const file = encodeAppend(append, 8);
    expect(decodeAppend(file, 8)).toEqual(append);
    expect(decodeRecords(file)).toEqual(records);
    // From any place in memory.
    const shifted = new Uint8Array(file.length + 3).subarray(3);
    shifted.set(file);
    expect(decodeAppend(shifted, 8)).toEqual(append);
    expect(() => decodeAppend(Buffer.concat([file, Buffer.alloc(1)]), 8)).toThrow(
      /bytes and not those of 1 vectors/,
    );
  });

  it('is refused when its header is no UTF-8', () => {
    const file = encodeAppend({ records: [], vectors: new Float32Array(8) }, 8);
    file[9] = 0xff;
    expect(() => decodeAppend(file, 8)).toThrow('the header is not JSON');
  });

  it('is refused when its vectors have other dimensions', () => {
    const file = encodeAppend({ records: [], vectors: new Float32Array(16) }, 8);
    expect(decodeAppend(file, 8).vectors).toHaveLength(16);
    expect(() => decodeAppend(file, 16)).toThrow(AppendUnreadable);
  });
});

describe('the append log', () => {
  it('reads records without the vectors, long headers too', async () => {
    const store = new MemoryStore();
    const long = { records: [put('a', 0, { note: 'x'.repeat(200_000) })], vectors: seededVector('a') };
    for (const append of [example(['a', 'b']), long]) {
      const name = await writeAppend(store, systemClock, append, DIMENSIONS);
      const size = (await store.head(name))!.size;
      expect(await readRecords(store, { name, size })).toEqual(append.records);
      expect((await readAppend(store, name, DIMENSIONS)).vectors).toEqual(append.vectors);
    }
  });

  it('says which append cannot be read', async () => {
    const store = new MemoryStore();
    const name = 'log/01KT00000000000000000000AB.safetensors';
    await store.put(name, new Uint8Array(20).fill(1));
    await expect(readAppend(store, name, DIMENSIONS)).rejects.toThrow(name);
    await expect(readRecords(store, { name, size: 20 })).rejects.toThrow(AppendUnreadable);
  });
});
