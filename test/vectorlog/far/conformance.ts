/** What every far index must do: held against the fake here, and against AWS where there are credentials. */

import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type FarIndex, type FarRow, FarUnsuitable } from '../../../vectorlog/far/far-index.ts';
import { byKey, byRows, farFilterOf, filterableOf } from '../../../vectorlog/far/filterable.ts';
import { seeded } from './vectors.ts';

export const CONFORMANCE_DIMENSIONS = 16;

interface Subject {
  readonly far: FarIndex;
  readonly close: () => Promise<void>;
}

const vector = (seed: string) => seeded(seed, CONFORMANCE_DIMENSIONS);

const row = (number: number, more: Partial<FarRow> = {}): FarRow => ({
  name: `a-${number}`,
  vector: vector(`row ${number}`),
  filterable: filterableOf(`album/${number}.jpg`, number, { colour: number % 2 ? 'red' : 'blue' }),
  line: `{"key":"album/${number}.jpg"}`,
  ...more,
});

export function farConformance(name: string, open: () => Promise<Subject>): void {
  describe(`${name} as a far index`, () => {
    let subject: Subject;
    let far: FarIndex;
    beforeAll(async () => {
      subject = await open();
      far = subject.far;
      await far.put(Array.from({ length: 300 }, (_, i) => row(i)));
    });
    afterAll(() => subject.close());

    test('finds a row by its own vector, first, with its line', async () => {
      const [first] = await far.query(vector('row 7'), { count: 5 });
      expect(first).toEqual({ name: 'a-7', line: '{"key":"album/7.jpg"}' });
    });

    test('gives as many as are asked for, over all pages', async () => {
      const found = await far.query(vector('any'), { count: 250 });
      expect(new Set(found.map((each) => each.name)).size).toBe(250);
    });

    test('gives a line back to the last character', async () => {
      const line = JSON.stringify({ key: 'ä "quoted" \\ 日本 😀 \u0001', more: 'x'.repeat(3_000) });
      await far.put([row(1_000, { line })]);
      const [first] = await far.query(vector('row 1000'), { count: 1 });
      expect(first?.line).toBe(line);
      await far.delete(['a-1000']);
    });

    test('replaces a row that is put again, and shows it at once', async () => {
      await far.put([row(1_001)]);
      await far.put([row(1_001, { line: '{"key":"new"}' })]);
      const [first] = await far.query(vector('row 1001'), { count: 1 });
      expect(first).toEqual({ name: 'a-1001', line: '{"key":"new"}' });
      await far.delete(['a-1001']);
    });

    test('deletes rows, and takes those that are not there for deleted', async () => {
      await far.put([row(1_002)]);
      await far.delete(['a-1002', 'a-never']);
      const found = await far.query(vector('row 1002'), { count: 10 });
      expect(found.map((each) => each.name)).not.toContain('a-1002');
    });

    test('filters by key, by the beginning of keys, by rows and by attributes', async () => {
      const names = async (filter: Parameters<FarIndex['query']>[1]['filter']) =>
        (await far.query(vector('any'), { count: 300, ...(filter && { filter }) }))
          .map((each) => each.name)
          .sort();
      expect(await names(byKey('album/12.jpg'))).toEqual(['a-12']);
      expect(await names(byRows(4, 7))).toEqual(['a-4', 'a-5', 'a-6']);
      expect(await names(farFilterOf({ prefix: 'album/29' }))).toHaveLength(11);
      const colour = (...values: string[]) =>
        farFilterOf({
          prefix: 'album/1',
          condition: { name: 'colour', holds: () => true, terms: [{ name: 'colour', values }] },
        });
      expect(await names(colour('red'))).toHaveLength(56);
      expect(await names(colour('red', 'blue'))).toHaveLength(111);
      expect(await names(colour('green'))).toEqual([]);
    });

    test('shows a row whose attributes are not all there to every filter by attributes', async () => {
      const attributes = { long: 'x'.repeat(3_000) };
      await far.put([row(1_003, { filterable: filterableOf('partial.jpg', 1_003, attributes) })]);
      const condition = { name: '', holds: () => true, terms: [{ name: 'long', values: ['y'] }] };
      const filter = farFilterOf({ prefix: '', condition })!;
      const found = await far.query(vector('any'), { count: 10, filter });
      expect(found.map((each) => each.name)).toEqual(['a-1003']);
      await far.delete(['a-1003']);
    });

    test('is asked for no more candidates than it gives', async () => {
      expect(await far.query(vector('any'), { count: 10_001 })).toHaveLength(300);
    });

    test.each<[string, () => Promise<unknown>]>([
      ['more than 500 rows', () => far.put(Array.from({ length: 501 }, (_, i) => row(2_000 + i)))],
      ['vectors of another length', () => far.put([row(2_000, { vector: new Float32Array(3).fill(1) })])],
      [
        'a vector of zeros',
        () => far.put([row(2_000, { vector: new Float32Array(CONFORMANCE_DIMENSIONS) })]),
      ],
      ['a line of more than 40 KB', () => far.put([row(2_000, { line: 'x'.repeat(41_000) })])],
      [
        'filterable metadata of more than 2 KB',
        () => far.put([row(2_000, { filterable: { long: 'x'.repeat(2_100) } })]),
      ],
      [
        'a filter by what cannot be filtered by',
        () => far.query(vector('any'), { count: 1, filter: { line: { $eq: 'x' } } }),
      ],
    ])('refuses %s', async (_, act) => {
      await expect(act()).rejects.toThrow(FarUnsuitable);
    });
  });
}
