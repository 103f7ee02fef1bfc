/** docs/benchmarks.md, made from what was measured, so that no figure in it is typed. */

import { QUEUE_LIMITS } from '../../pictures/ingest/limits.ts';
import { table } from '../../scripts/markdown.ts';
import { describeMachine } from '../machine.ts';
import { median } from '../median.ts';
import { isOurs, pairs } from './pairs.ts';
import { COST_FIXED } from './plots.ts';
import type { PartName, Result, Results } from './results.ts';

const count = (value: number): string => value.toLocaleString('en');
const digits = (value: number): string =>
  value.toLocaleString('en', { maximumSignificantDigits: 3, useGrouping: value >= 10_000 });
const seconds = (value: number): string => `${digits(value)} s`;
const ms = (value: number): string => `${digits(value)} ms`;
const spread = (figures: readonly number[], unit: (value: number) => string): string =>
  figures.length < 2
    ? unit(figures[0]!)
    : `${unit(median(figures))} (${digits(Math.min(...figures))} to ${digits(Math.max(...figures))})`;
const times = (ratio: number): string => `${ratio.toFixed(2)} x`;

type Part<Name extends PartName> = NonNullable<Results[Name]>;
/** Each part: its heading, and what is written of it. */
const SECTIONS: {
  readonly [Name in PartName]: { readonly title: string; readonly text: (part: Part<Name>) => string };
} = {
  reference: { title: "A folder of pictures, beside the reference demo's own way", text: referenceText },
  search: { title: 'Searching the same vectors, beside other libraries', text: searchText },
  embed: { title: 'Embedding, beside torch', text: embedText },
  growth: { title: 'Growth with the rows', text: growthText },
  cold: { title: 'Cold start', text: coldText },
  load: { title: 'Searches while pictures go in', text: loadPlotText },
  functions: { title: 'The same with the deployed functions', text: functionsText },
  cost: { title: 'What it costs', text: costText },
};

export const PART_NAMES = Object.keys(SECTIONS) as PartName[];

export function benchmarksPage(results: Results): string {
  return `# Benchmarks

\`npm run bench\` measures everything here anew and writes this page; \`npm run bench -- --only search,growth\` does it for some parts,
\`-- --page\` only writes the page. A test fails when the page is not what \`bench/results\` says. A figure is a median, with its spread
in brackets; a ratio is the median of the ratios round by round, in which both took turns, since machines have slow minutes.

## Beside others, pair by pair

${pairsText(results)}

${PART_NAMES.map((name) => sectionOf(name, results)).join('\n\n')}
`;
}

function sectionOf<Name extends PartName>(name: Name, results: Results): string {
  const { title, text } = SECTIONS[name];
  const result = results[name] as Part<Name> | undefined;
  if (!result) return `## ${title}\n\nNot measured yet: \`npm run bench -- --only ${name}\`.`;
  return `## ${title}\n\n${text(result)}\n\n${conditions(result)}`;
}

function conditions({ command, day, loadBefore, machine, versions }: Result<unknown>): string {
  const named = Object.entries(versions).map(([name, version]) => `${name} ${version}`);
  const state = loadBefore < 1 ? 'idle' : `**busy** (${loadBefore.toFixed(1)} programs wanted the processor)`;
  return `<sub>\`${command}\`, ${day}, ${describeMachine(machine)}, ${state} when it began${named.length > 0 ? `; ${named.join(', ')}` : ''}</sub>`;
}

function pairsText(results: Results): string {
  const all = pairs(results);
  if (all.length === 0) return 'Nothing was measured yet.';
  const lost = all.filter(({ ratio }) => ratio < 1);
  const rows = all.map(({ what, other, ratio }) => [
    `${what}: ${other}`,
    times(ratio),
    ratio < 1 ? '**we lose**' : '',
  ]);
  const verdict =
    lost.length === 0
      ? `We are faster in all ${all.length} pairs.`
      : `We are slower in ${lost.length} of ${all.length} pairs: ${lost.map(({ what, other, ratio }) => `${what} beside ${other} (${times(ratio)})`).join('; ')}.`;
  return `${table(['what, and who else does it', 'times as long as ours', ''], rows)}\n\n${verdict}`;
}

function referenceText({ figures: { pictures, ours, reference } }: Part<'reference'>): string {
  const row = (what: string, mine: string, theirs: (way: typeof ours) => string) => [
    what,
    mine,
    reference ? theirs(reference) : 'not there',
  ];
  const rows = [
    row(`index ${count(pictures)} pictures`, seconds(ours.index), ({ index }) => seconds(index)),
    row('first answer when nothing runs', spread(ours.cold, seconds), ({ cold }) => spread(cold, seconds)),
    row(
      'answer when all is in memory',
      spread(
        ours.warm.map((each) => each * 1_000),
        ms,
      ),
      ({ warm }) =>
        spread(
          warm.map((each) => each * 1_000),
          ms,
        ),
    ),
  ];
  return (
    'The reference is three Python scripts ([bench/reference](../bench/reference)): torch, torchvision and Pillow embed, `IndexFlatIP` ' +
    'finds. Ours is `likeness serve`, asked over HTTP. The network is the same, ResNet-50, its weights random in both.\n\n' +
    table(['', 'Likeness', 'reference'], rows)
  );
}

function searchText({ figures: { measured, model, synthetic } }: Part<'search'>): string {
  const tables = measured.flatMap(({ rows, single, batch }) =>
    (
      [
        [`One query, ${count(rows)} rows`, single],
        [`32 queries at once, ${count(rows)} rows`, batch],
      ] as const
    ).map(
      ([title, contenders]) =>
        `${title}:\n\n${table(
          [
            '',
            'milliseconds',
            'a quarter to three quarters of the rounds',
            'times as long as ours',
            'same answers',
          ],
          Object.entries(contenders).map(([name, each]) => [
            isOurs(name) ? `**${name}**` : name,
            digits(each.ms),
            each.spread.map(digits).join(' to '),
            times(each.timesTheFirst),
            `${Math.round(each.same * 100)} %`,
          ]),
        )}`,
    ),
  );
  return `Embeddings of rendered pictures and of their crops, by ${model}${synthetic ? ', whose weights are synthetic' : ''}. "Same answers" are those of faiss-node.\n\n${tables.join('\n\n')}`;
}

function embedText({ figures: { results } }: Part<'embed'>): string {
  return table(
    ['pictures a second', 'fp32', 'int8', 'torch', 'fp32 to torch', 'int8 to fp32'],
    Object.entries(results).map(([name, each]) => [
      `${count(each.pictures)} ${name}`,
      digits(each.fp32),
      digits(each.int8),
      each.reference === null ? 'not there' : digits(each.reference),
      each.vsReference === null ? '' : times(each.vsReference),
      times(each.int8VsFp32),
    ]),
  );
}

function growthText({ figures: { sizes, exponents, fittedFrom } }: Part<'growth'>): string {
  const rows = sizes.map((size) => [
    count(size.rows),
    ...[size.searchMs, size.refreshMs, size.compactMs, size.loadMs].map(digits),
    count(Math.round(size.residentBytes / 2 ** 20)),
  ]);
  const fitted = ['search', 'refresh', 'compaction', 'cold start', 'memory'].map((name) =>
    exponents[name]!.toFixed(2),
  );
  return (
    `![Time against rows](benchmarks/time-against-rows.svg)\n\n` +
    `${table(['rows', 'search, ms', 'refresh with 10 new, ms', 'compaction of 1,000 new, ms', 'first answer, ms', 'memory, MiB'], [...rows, ['**exponent**', ...fitted]])}\n\n` +
    `An exponent says by which power of the rows a figure grows: 1 doubles with the rows, 0 stays. Fitted from ${count(fittedFrom)} rows on, by ` +
    'least squares of the logarithms. The index is in a folder, in codes only; its files are in the page cache.'
  );
}

function coldText({ figures: { coldStarts, network } }: Part<'cold'>): string {
  const rows = Object.values(coldStarts).map(({ by, rows, all, waits, bytes }) => [
    `${count(rows)}, by ${by === 'key' ? 'key' : 'picture'}`,
    spread(all, seconds),
    `${digits(bytes / 1e6)} MB`,
    String(waits),
  ]);
  return (
    `![Cold start against pictures](benchmarks/cold-start-against-pictures.svg)\n\n` +
    `${table(['pictures', 'first answer', 'came over the network', 'told to wait'], rows)}\n\n` +
    `The deployed function on this machine, in a process of its own, over a network shaped like that of Lambda: ` +
    `${network.bytesPerSecond / 1e6} MB/s after ${network.burstBytes / 1e6} MB, ${network.requestMs} ms a request.`
  );
}

function loadPlotText(part: Part<'load'>): string {
  return `![Freshness under load](benchmarks/freshness-under-load.svg)\n\n${loadText(part)}`;
}

function functionsText(part: Part<'functions'>): string {
  return (
    `The packages that a deployment uploads, on this machine and over an S3 server on it, one execution of each function, which all share its cores. An event waits ` +
    `up to ${seconds(QUEUE_LIMITS.batchWindowMs / 1_000)} for others before on-upload is called, as in the queue on AWS. With one execution of the search function, what it cannot answer is ` +
    `refused (429 and Retry-After); on AWS others are started.\n\n${loadText(part)}`
  );
}

function loadText({ figures }: Part<'load' | 'functions'>): string {
  const { calm, saturated, atOnce, memory } = figures;
  const row = (what: string, { p50, p95, p99, count: of }: (typeof calm)['found'], shed: number) => [
    what,
    ...[p50, p95, p99].map(ms),
    count(of),
    count(shed),
  ];
  const resident = [0, 0.25, 0.5, 0.75, 1].map((share) => {
    const { mib } = memory[Math.round(share * (memory.length - 1))]!;
    return count(Object.values(mib).reduce((sum, each) => sum + each, 0));
  });
  const burst = atOnce
    ? ` Of ${count(atOnce.sent)} searches sent at once ${count(atOnce.answered.count)} were answered, in ${seconds(atOnce.seconds)}, and ${count(atOnce.shed)} told to come back later (503 and Retry-After).`
    : '';
  return (
    `${table(
      ['', 'p50', 'p95', 'p99', 'count', 'shed'],
      [
        row('search, with a picture every two seconds', calm.search.all, calm.search.shed),
        row('acknowledged to found, the same', calm.found, 0),
        row(
          `search, while ${count(figures.pictures)} pictures go in`,
          saturated.search.all,
          saturated.search.shed,
        ),
        row('acknowledged to found, the same', saturated.found, 0),
      ],
    )}\n\n` +
    `${figures.searchesPerSecond} searches a second, one in ${figures.byPictureEvery} by a picture and the others by key, and pictures as fast as ` +
    `they are found (${digits(saturated.picturesPerSecond)} a second), at most ${figures.open} of them open. Lost: ${count(figures['load.lost'])}; failed: ${count(figures['load.failed'])}.${burst} ` +
    `Resident memory in MiB at the beginning, after each quarter, and at the end: ${resident.join(', ')}.`
  );
}

function costText({ figures: { months } }: Part<'cost'>): string {
  const names = Object.keys(months[0]!.usd);
  const usd = (value: number): string => `$${value < 10 ? value.toFixed(2) : count(Math.round(value))}`;
  return (
    `![Cost against pictures](benchmarks/cost-against-pictures.svg)\n\n![Cost against searches](benchmarks/cost-against-searches.svg)\n\n` +
    `${table(
      ['pictures', 'searches', ...names],
      months.map(({ pictures, searches, usd: each }) => [
        count(pictures),
        count(searches),
        ...names.map((name) => usd(each[name]!)),
      ]),
    )}\n\n` +
    `US dollars a month, by the model of [What it costs](cost.md). The plots are for ${count(COST_FIXED.searches)} searches and for ${count(COST_FIXED.pictures)} pictures.`
  );
}
