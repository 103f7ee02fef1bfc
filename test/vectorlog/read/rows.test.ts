/** Row lines, looked up by key and filtered without parsing: the same as if all of them were parsed. */

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { metadataCondition } from '../../../pictures/attributes.ts';
import { IndexDamaged } from '../../../vectorlog/commit/errors.ts';
import { encodeRow } from '../../../vectorlog/commit/file-formats.ts';
import type { Entry } from '../../../vectorlog/log/record.ts';
import { FilteredRows, matches } from '../../../vectorlog/read/filter.ts';
import { KeyLookup } from '../../../vectorlog/read/key-lookup.ts';
import { RowLines } from '../../../vectorlog/read/row-lines.ts';

/** Texts that JSON escapes, that contain each other, and that look like the line around them. */
const text = fc.oneof(
  fc.constantFrom('a', 'ab', '"', '\\', '\\"', '\n', 'ä', '😀', '":"', '"album":"a"', 'metadata', ''),
  fc.string({ unit: 'grapheme', maxLength: 6 }),
);
const metadata = fc.dictionary(fc.constantFrom('album', 'rating', 'albu', '"album'), text, { maxKeys: 3 });
const entry = fc.record({ key: text.filter((key) => key !== ''), metadata }).map(
  ({ key, metadata }): Entry => ({
    key,
    version: '1',
    eTag: 'e',
    attributes: { size: 1, contentType: undefined, metadata, lastModified: 'x' },
  }),
);
const blocks = fc.array(fc.array(entry, { maxLength: 12 }), { maxLength: 5 });

function append(lines: RowLines, entries: readonly Entry[]): void {
  lines.append('rows', Buffer.from(entries.map(encodeRow).join('')), entries.length);
}

describe('row lines', () => {
  test('give back every entry, however they were added', () => {
    fc.assert(
      fc.property(blocks, (added) => {
        const lines = new RowLines();
        for (const pictures of added) append(lines, pictures);
        const back = Array.from({ length: lines.length }, (_, row) => lines.entry(row));
        expect(back).toEqual(added.flat());
      }),
    );
  });

  test.each([
    ['too few', '{"key":"a"}\n', 2],
    ['too many', '{"key":"a"}\n{"key":"b"}\n', 1],
    ['a cut one', '{"key":"a"}\n{"key":', 2],
  ])('refuse %s', (_, bytes, rows) => {
    expect(() => new RowLines().append('rows', Buffer.from(bytes), rows)).toThrow(IndexDamaged);
  });
});

describe('key lookup', () => {
  test('finds the last row of each key, and no other key', () => {
    fc.assert(
      fc.property(blocks, text, (added, other) => {
        const lines = new RowLines();
        const lookup = new KeyLookup(lines);
        const rowOf = new Map<string, number>();
        for (const pictures of added) {
          for (const [i, { key }] of pictures.entries()) rowOf.set(key, lines.length + i);
          append(lines, pictures);
          lookup.update();
        }
        for (const [key, row] of rowOf) expect(lookup.find(key)).toBe(row);
        expect(lookup.find(other)).toBe(rowOf.get(other));
      }),
    );
  });

  test('finds for an earlier generation the row that the key had then, though it was replaced since', () => {
    fc.assert(
      fc.property(blocks, (added) => {
        const lines = new RowLines();
        const lookup = new KeyLookup(lines);
        const generations: { rows: number; rowOf: Map<string, number> }[] = [];
        const rowOf = new Map<string, number>();
        for (const pictures of added) {
          for (const [i, { key }] of pictures.entries()) rowOf.set(key, lines.length + i);
          append(lines, pictures);
          lookup.update();
          generations.push({ rows: lines.length, rowOf: new Map(rowOf) });
        }
        for (const { rows, rowOf: then } of generations)
          for (const key of rowOf.keys()) expect(lookup.find(key, rows)).toBe(then.get(key));
      }),
    );
  });

  test('grows', () => {
    const lines = new RowLines();
    const lookup = new KeyLookup(lines);
    const pictures = Array.from({ length: 5_000 }, (_, i) => ({
      key: `k${i}`,
      version: undefined,
      eTag: '',
      attributes: {},
    }));
    append(lines, pictures);
    lookup.update();
    expect(pictures.every(({ key }, row) => lookup.find(key) === row)).toBe(true);
    expect(lookup.find('k5000')).toBeUndefined();
  });
});

describe('filters', () => {
  test('let through what they say, whether asked once or again after rows were added', () => {
    const condition = fc.record({
      name: fc.constantFrom('album', 'rating'),
      values: fc.array(text, { minLength: 1, maxLength: 2 }),
    });
    const filter = fc
      .record({ prefix: text, metadata: fc.array(condition, { maxLength: 2 }) })
      .map(({ prefix, metadata }) => ({ prefix, condition: metadataCondition(metadata) }));
    fc.assert(
      fc.property(blocks, fc.array(filter, { minLength: 1, maxLength: 3 }), (added, filters) => {
        const lines = new RowLines();
        const filtered = new FilteredRows(lines);
        for (const pictures of added) {
          append(lines, pictures);
          for (const each of filters) {
            const rows = filtered.rows(each, lines.length);
            for (let row = 0; row < lines.length; row++)
              expect(rows.has(row)).toBe(matches(each, lines.entry(row)));
          }
        }
      }),
      { numRuns: 300 },
    );
  });

  test('do not take inherited names for metadata', () => {
    const condition = { name: 'constructor', values: ['x'] };
    expect(
      matches({ prefix: '', condition: metadataCondition([condition]) }, { key: 'a', attributes: {} }),
    ).toBe(false);
  });
});
