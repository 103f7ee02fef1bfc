import fc from 'fast-check';
import { afterAll, describe, expect, it } from 'vitest';
import { DIMENSIONS } from '../../../pictures/dimensions.ts';
import {
  type DuplicateOptions,
  type DuplicateSource,
  type DuplicateStep,
  findDuplicates,
} from '../../../pictures/duplicates/find-duplicates.ts';
import type { DuplicateGroup } from '../../../pictures/duplicates/group.ts';
import { Bitset } from '../../../vectorlog/scan/bitset.ts';
import { byScore } from '../../../vectorlog/scan/hit.ts';
import { RowMatrix } from '../../../vectorlog/scan/row-matrix.ts';
import { ScanQueue } from '../../../vectorlog/scan/scan-queue.ts';
import { normalized, random, randomRows, rowOf } from '../../vectorlog/scan/rows.ts';

/** Pictures that are alike as the list says; their embeddings are their numbers. */
function graph(rows: readonly number[], ties: readonly (readonly [number, number, number])[]) {
  const asked: number[] = [];
  const source: DuplicateSource = {
    rows,
    read: async (wanted) => wanted.map((row) => Float32Array.of(row)),
    search: async (queries, { k, minScore }) =>
      queries.map(([query]) => {
        asked.push(query!);
        return [
          { row: query!, score: 1 },
          ...ties
            .filter(([a, b, score]) => (a === query || b === query) && score >= minScore)
            .map(([a, b, score]) => ({ row: a === query ? b : a, score })),
        ]
          .sort(byScore)
          .slice(0, k);
      }),
  };
  return { source, asked };
}

async function steps(source: DuplicateSource, minScore = 0.97, from?: number): Promise<DuplicateStep[]> {
  const all: DuplicateStep[] = [];
  for await (const step of findDuplicates(source, { minScore, from })) all.push(step);
  return all;
}

const groupsOf = (all: readonly DuplicateStep[]) => all.flatMap(({ groups }) => groups);
const numbers = (count: number): number[] => Array.from({ length: count }, (_, i) => i);

describe('findDuplicates', () => {
  it('groups what is tied directly or through others', async () => {
    const { source } = graph(numbers(10), [
      [1, 4, 0.99],
      [4, 7, 0.98],
      [2, 3, 0.96],
      [8, 9, 0.975],
    ]);
    expect(groupsOf(await steps(source))).toEqual([
      { rows: [1, 4, 7], minScore: 0.98 },
      { rows: [8, 9], minScore: 0.975 },
    ]);
  });

  it('leaves a group to its lowest row, though others have only later neighbours', async () => {
    // 3 and 5 are both tied to 8, and 8 to 1: seen from 3, no neighbour is earlier.
    const { source } = graph(numbers(60), [
      [3, 8, 0.99],
      [5, 8, 0.98],
      [1, 8, 0.97],
    ]);
    expect(groupsOf(await steps(source))).toEqual([{ rows: [1, 3, 5, 8], minScore: 0.97 }]);
  });

  it('does not ask again for what belongs to a group that it has seen', async () => {
    const { source, asked } = graph(numbers(100), [[0, 99, 1]]);
    const all = await steps(source);
    expect(asked.filter((row) => row === 99)).toHaveLength(1);
    expect(all.reduce((total, { compared }) => total + compared, 0)).toBe(100);
  });

  it('gives every group once, wherever it is interrupted and taken up again', async () => {
    const ties = fc.array(fc.tuple(fc.nat(79), fc.nat(79), fc.constantFrom(0.96, 0.97, 0.98, 0.99)), {
      maxLength: 60,
    });
    await fc.assert(
      fc.asyncProperty(ties, fc.uniqueArray(fc.nat(79), { minLength: 1 }), async (edges, some) => {
        const rows = [...some].sort((a, b) => a - b);
        const inside = edges.filter(([a, b]) => a !== b && some.includes(a) && some.includes(b));
        const { source } = graph(rows, inside);
        const groups = [];
        let from: number | undefined = 0;
        while (from !== undefined) {
          // A new run for each step: nothing is remembered but where to go on.
          const { value } = await findDuplicates(source, { minScore: 0.97, from }).next();
          groups.push(...value!.groups);
          from = value!.next;
        }
        expect(groups.map((group) => group.rows)).toEqual(components(rows, inside));
      }),
    );
  });

  it('loses no member of a group of more than 1,000', async () => {
    const chain = numbers(2_500).map((row) => [row, row + 1, 0.98] as const);
    const { source } = graph(numbers(2_501), chain);
    const { value } = await findDuplicates(source, { minScore: 0.97 }).next();
    expect(value!.groups.map((group: DuplicateGroup) => group.rows.length)).toEqual([2_501]);
  });

  it('asks for more neighbours while all of them belong together, and keeps no other', async () => {
    const ties = numbers(40).map((row) => [0, row + 1, 0.9 - row / 1_000] as const);
    const { source } = graph(numbers(41), ties);
    const groups = [];
    const verify: DuplicateOptions['verify'] = async (pairs) =>
      pairs.map(({ row, hit }) => (row !== 40 && hit.row !== 40 ? 1 : 0));
    for await (const step of findDuplicates(source, { minScore: 0.5, nearest: 4, verify })) {
      groups.push(...step.groups);
    }
    expect(groups.map((group) => group.rows)).toEqual([numbers(40)]);
  });

  it('looks at more than the nearest where more is named, from either side and once', async () => {
    const { source } = graph(numbers(80), [[1, 2, 0.9]]);
    const judged: string[] = [];
    const verify: DuplicateOptions['verify'] = async (pairs) => {
      judged.push(...pairs.map(({ row, hit }) => `${row} ${hit.row} ${hit.score}`));
      return pairs.map(({ row, hit }) => (Math.abs(row - hit.row) === 1 ? 0 : 1));
    };
    // A turned copy far away in the index and in the model; and one that is among the nearest anyway.
    const named = new Map([
      [1, [2]],
      [3, [70]],
      [70, [3]],
    ]);
    const also = (row: number) => named.get(row) ?? [];
    const groups = [];
    for await (const step of findDuplicates(source, { minScore: 0.5, nearest: 8, also, verify }))
      groups.push(...step.groups);
    expect(groups.map((group) => group.rows)).toEqual([[3, 70]]);
    // The score of what was not found by it is the inner product of both embeddings.
    expect(judged.toSorted()).toEqual(['1 2 0.9', '2 1 0.9', '3 70 210', '70 3 210']);
  });

  it('takes a variant for no copy when the picture itself is there, and a copy for one from its own side', async () => {
    // 0 and 1 are as good as equal, 2 is a poor copy of them; 3 is a variant that is like 0 and even like 2.
    const sure = new Map([
      ['0 1', 0.99],
      ['0 2', 0.8],
      ['1 2', 0.8],
      ['2 3', 0.75],
      ['0 3', 0.6],
      ['1 3', 0.6],
    ]);
    const { source } = graph(
      numbers(4),
      [...sure.keys()].map((pair) => [Number(pair[0]), Number(pair[2]), 0.9] as const),
    );
    const verify: DuplicateOptions['verify'] = async (pairs) =>
      pairs.map(({ row, hit }) => sure.get([row, hit.row].sort().join(' ')) ?? 0);
    const groups = [];
    for await (const step of findDuplicates(source, { minScore: 0.5, verify, sureFrom: 0.78 })) {
      groups.push(...step.groups);
    }
    expect(groups.map((group) => group.rows)).toEqual([[0, 1, 2]]);
  });

  it('has nothing to say about no pictures', async () => {
    expect(await steps(graph([], []).source)).toEqual([]);
    expect(await steps(graph([1, 2], []).source, 0.97, 3)).toEqual([]);
  });

  it('finds the copies among the rows of a matrix that are not dead', async () => {
    const queue = new ScanQueue(2);
    afterAll(() => queue.stop());
    const next = random(5);
    const rows = randomRows(3_000, next);
    const copy = (from: number, to: number, noise: number): void => {
      for (let d = 0; d < DIMENSIONS; d++)
        rows[to * DIMENSIONS + d] = rows[from * DIMENSIONS + d]! + noise * (next() - 0.5);
    };
    copy(10, 2_500, 0.002);
    copy(10, 11, 0.001);
    copy(1_000, 1_001, 0.05);
    copy(2_000, 2_999, 0);
    copy(7, 8, 0);
    normalized(rows);
    const matrix = new RowMatrix(DIMENSIONS, { queue });
    matrix.append(rows);
    const live = new Bitset(3_000);
    for (let i = 0; i < 3_000; i++) if (i !== 8) live.add(i);
    const source: DuplicateSource = {
      rows: numbers(3_000).filter((row) => live.has(row)),
      read: async (wanted) => wanted.map((row) => rowOf(rows, row)),
      search: async (queries, options) => matrix.search(queries, { ...options, allowed: live }),
    };

    const groups = groupsOf(await steps(source));

    expect(groups.map((group) => group.rows)).toEqual([
      [10, 11, 2_500],
      [2_000, 2_999],
    ]);
    expect(groups[1]!.minScore).toBeCloseTo(1, 5);
    matrix.close();
  });
});

/** Connected components of two and more, by a method of its own. */
function components(
  rows: readonly number[],
  ties: readonly (readonly [number, number, number])[],
): number[][] {
  const label = new Map(rows.map((row) => [row, row]));
  for (let changed = true; changed; ) {
    changed = false;
    for (const [a, b, score] of ties) {
      const low = Math.min(label.get(a)!, label.get(b)!);
      if (score < 0.97 || (label.get(a) === low && label.get(b) === low)) continue;
      label.set(a, low).set(b, low);
      changed = true;
    }
  }
  const lowest = rows.filter((row) => label.get(row) === row);
  return lowest.map((low) => rows.filter((row) => label.get(row) === low)).filter(({ length }) => length > 1);
}
