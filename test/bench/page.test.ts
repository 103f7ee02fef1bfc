/** docs/benchmarks.md is what bench/results says, and says where we lose. */

import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { exponent } from '../../bench/growth/exponent.ts';
import { benchmarksPage, PART_NAMES } from '../../bench/page/page.ts';
import { pairs } from '../../bench/page/pairs.ts';
import { svg } from '../../bench/page/plot.ts';
import { plots } from '../../bench/page/plots.ts';
import { RESULTS, type Result, type Results, readResults } from '../../bench/page/results.ts';

const docs = (path: string) => new URL(`../../docs/${path}`, import.meta.url);

describe('the page; "npm run bench -- --page" writes it', () => {
  const results = readResults(RESULTS, PART_NAMES);

  test('is what the results say', () => {
    expect(readFileSync(docs('benchmarks.md'), 'utf8')).toBe(benchmarksPage(results));
  });

  test('has the plots of the results, and no others', () => {
    const written = existsSync(docs('benchmarks')) ? readdirSync(docs('benchmarks')) : [];

    expect(
      Object.fromEntries(written.map((name) => [name, readFileSync(docs(`benchmarks/${name}`), 'utf8')])),
    ).toEqual(plots(results));
  });
});

const resultOf = <Figures>(part: string, figures: Figures): Result<Figures> => ({
  part,
  command: `npm run bench:${part}`,
  day: '2026-11-27',
  seconds: 1,
  loadBefore: 3.21,
  machine: { cpu: 'a processor', cores: 2, memoryGiB: 8, node: 'v20.0.0' },
  versions: { sharp: '1.2.3' },
  figures,
});

const reference = resultOf('reference', {
  pictures: 500,
  versions: null,
  ours: { index: 10, cold: [1, 2, 3], warm: [0.05, 0.1, 0.15] },
  reference: { index: 15, cold: [2, 4, 9], warm: [0.025, 0.05, 0.075] },
});
const faster = { ms: 5, spread: [4, 6], timesTheFirst: 1, same: 1 } as const;
const slower = { ms: 10, spread: [9, 11], timesTheFirst: 2.5, same: 0.5 } as const;
const search = resultOf('search', {
  model: 'resnet50',
  synthetic: false,
  measured: [
    {
      rows: 20_000,
      single: { 'likeness (codes)': faster, 'likeness (float32)': slower, usearch: slower },
      batch: { 'likeness (codes)': faster, usearch: { ...faster, timesTheFirst: 0.5 } },
    },
  ],
});
const results: Results = { reference, search };

describe('what is said of a pair', () => {
  test('is the median of the ratios round by round', () => {
    expect(pairs(results)).toEqual([
      { what: 'index 500 pictures', other: "the reference demo's scripts", ratio: 1.5 },
      { what: 'the first answer when nothing runs', other: "the reference demo's scripts", ratio: 2 },
      { what: 'an answer when all is in memory', other: "the reference demo's scripts", ratio: 0.5 },
      { what: 'a search over 20,000 rows', other: 'usearch', ratio: 2.5 },
      { what: '32 searches at once over 20,000 rows', other: 'usearch', ratio: 0.5 },
    ]);
  });

  test('is that we lose, where we do', () => {
    const page = benchmarksPage(results);

    expect(page).toContain(
      "| an answer when all is in memory: the reference demo's scripts | 0.50 x | **we lose** |",
    );
    expect(page).toContain('We are slower in 2 of 5 pairs');
  });
});

test('the page names machine, versions and command, and a machine that was busy', () => {
  const page = benchmarksPage(results);

  expect(page).toContain(
    '<sub>`npm run bench:search`, 2026-11-27, a processor, 2 cores, 8 GiB, Node v20.0.0, **busy** (3.2 programs',
  );
  expect(page).toContain('sharp 1.2.3');
  expect(page).toContain('Not measured yet: `npm run bench -- --only growth`.');
});

test('an exponent is the power of the rows', () => {
  const grown = (power: number) => [1e3, 1e4, 1e5].map((rows) => ({ rows, figure: 7 * rows ** power }));

  expect([0, 0.5, 1, 2].map((power) => exponent(grown(power)))).toEqual([0, 0.5, 1, 2]);
});

test('a plot puts each power of ten at its place, and names as text', () => {
  const drawn = svg({
    title: 'a < b & c',
    x: { name: 'rows', isLogarithmic: true },
    y: { name: 'ms', isLogarithmic: false },
    lines: [
      {
        name: 'search',
        points: [
          [1_000, 0],
          [10_000, 5],
          [100_000, 10],
        ],
      },
    ],
  });

  // From 72 to 520 across, from 344 up to 40.
  expect(drawn).toContain('points="72,344 296,192 520,40"');
  expect(drawn).toContain('a &lt; b &amp; c');
});
