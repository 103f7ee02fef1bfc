/** docs/cost.md, made from the model so that no figure in it is typed. */

import { table } from '../markdown.ts';
import { IDLE_ASSUMED, idleUsage } from './idle.ts';
import MEASURED from './measured.json' with { type: 'json' };
import {
  ASSUMED,
  backfilling,
  coldSecondsOf,
  DEFAULT_MB,
  ELSEWHERE,
  idle,
  LARGEST_FUNCTION_MB,
  likeness,
  looking,
  type Month,
  pictureSeconds,
  searching,
  searchMegabytes,
  storing,
  storingThumbnails,
  thumbnail,
  upload,
} from './model.ts';
import { type OptionName, withOption } from './options.ts';
import { PRICES } from './prices.ts';
import { templatesOf } from './templates.ts';
import { add, bill, total, type Usage } from './usage.ts';

const PICTURES = [1_000, 100_000, 1_000_000, 4_000_000];
const SEARCHES = [0, 1_000, 1_000_000];

const usd = (value: number): string =>
  value >= 10 ? `$${Math.round(value).toLocaleString('en')}` : `$${value.toFixed(value < 0.1 ? 3 : 2)}`;
const count = (value: number): string => value.toLocaleString('en', { maximumSignificantDigits: 3 });

/** The most pictures that a function of so many megabytes can search. */
function mostPictures(megabytes: number): number {
  let low = 0;
  let high = 10_000_000;
  while (high - low > 500) {
    const middle = Math.floor((low + high) / 2);
    if (searchMegabytes(middle) <= megabytes) low = middle;
    else high = middle;
  }
  return Math.floor(low / 1_000) * 1_000;
}

const duration = (seconds: number): string =>
  seconds >= 36_000
    ? `${Math.round(seconds / 3_600)} hours`
    : seconds >= 5_400
      ? `${(seconds / 3_600).toFixed(1)} hours`
      : `${Math.round(seconds / 60)} minutes`;

const monthRow = (month: Month): string[] => [
  month.pictures.toLocaleString('en'),
  month.searches === 0 ? 'none' : month.searches.toLocaleString('en'),
  usd(likeness(month)),
  ...Object.values(ELSEWHERE).map((cost) => usd(cost(month))),
];

const wish = (name: OptionName, what: string): string[] => {
  const usage = idleUsage(templatesOf(withOption(name)));
  return [what, usd(total(usage)), usd(total(usage, { allowances: true }))];
};

const million = (month: Omit<Month, 'searches'>): number =>
  total(add(...Object.values(searching({ ...month, searches: 1_000_000 }))));

const lines = (usage: Usage): string[][] =>
  Object.entries(bill(usage)).map(([unit, cost]) => [
    `${count(usage[unit as keyof Usage]!)} x ${PRICES[unit as keyof typeof PRICES].per}`,
    usd(cost),
  ]);

const direct = (): Usage => idleUsage(templatesOf(withOption('direct')));

/** What was promised of the costs, and what they are; a test holds each to it. */
export const GOALS: readonly { readonly what: string; readonly most: number; readonly is: () => number }[] = [
  { what: 'idle, at list price', most: 0.3, is: () => total(idle()) },
  {
    what: 'idle, within the allowances that do not end',
    most: 0.02,
    is: () => total(idle(), { allowances: true }),
  },
  { what: "idle with `intake: 'direct'`, at list price", most: 0.05, is: () => total(direct()) },
  {
    what: '1,000,000 searches by key over 100,000 pictures',
    most: 12,
    is: () => million({ pictures: 100_000, by: 'key' }),
  },
  {
    what: '1,000,000 searches by picture over 100,000 pictures',
    most: 30,
    is: () => million({ pictures: 100_000, by: 'picture' }),
  },
];

/** The README's line about costs. */
export const readmeLine = (): string =>
  `- **Cost:** ${usd(total(idle()))} a month idle at list price and ${usd(million({ pictures: 100_000 }))} for a million searches over 100,000 pictures ([cost](docs/cost.md), computed from the
  template that is deployed).`;

export function costPage(): string {
  const months = PICTURES.flatMap((pictures) => SEARCHES.map((searches) => ({ pictures, searches })));
  const example: Month = { pictures: 100_000, searches: 1_000_000, by: 'key' };
  return `# What it costs

US dollars a month in US East (N. Virginia), without tax, free allowances, and the storage of the pictures themselves, which you
pay anyway. \`npm run cost\` writes this page from the templates that a deployment uses and from a model of what a search and an upload
do; a test fails when the page is not what the model says, or when a resource of a template has no price.

## Goals

${table(
  ['what', 'at most', 'is'],
  GOALS.map(({ what, most, is }) => [what, usd(most), usd(is())]),
)}

## A month in which nothing happens

${table(
  ['deployed', 'at list price', 'within the allowances that do not end'],
  [
    wish('defaults', 'as it is by default'),
    wish('direct', "`intake: 'direct'`: S3 calls on-upload, no queue"),
    wish('alarms', 'with alarms by mail'),
    wish('dashboard', 'with the dashboard'),
    wish('tracing', 'with tracing'),
    wish('backfill', 'with `backfill`: a state machine that waits to be started'),
    wish('keepWarm', 'with one search function kept loaded (`keepWarm` every 5 minutes)'),
  ],
)}

A key of KMS of your own is ${usd(PRICES.key.usd)} more.

The first line is:

${table(['what', 'a month'], lines(idle()))}

Most of it is Lambda looking into the empty queue of uploads. \`direct\` does without the queue, and gives up for it: batches (each picture
is an append of its own: ${usd(total(upload('direct')) * 1e6)} for a million uploads instead of ${usd(total(upload()) * 1e6)}), the cap on how many uploads are embedded at
once (an import may take every execution that the account has), and the backfill from the command line, which sends its work to the queue.

## A month with searches

Searches by picture, answers \`strong\`, functions on x64.

${table(['pictures', 'searches', 'Likeness', ...Object.keys(ELSEWHERE)], months.map(monthRow))}

Uploading costs once: ${usd(total(upload()) * 1_000)} for 1,000 pictures, ${usd(total(upload()) * 1_000_000)} for 1,000,000, compaction included: most of it is the network's
computing time, and ${usd(1e6 * total(thumbnail()))} of the million are thumbnails.

How to read the other columns:

- They hold vectors only. What makes vectors of pictures, keeps them in step with a bucket and answers a browser would come on top; "behind
  our API" has the API and the embedding of the query in it, not the rest.
- S3 Vectors and OpenSearch find approximate neighbours; Likeness finds the exact ones.
- OpenSearch Serverless has had a second kind, "NextGen", since May 2026. It stops when idle and then costs its storage alone, and takes 10
  to 30 seconds for the first search after that. The column shows the classic kind without redundancy, which is always on.
- The instance is one m7g.large or as many times its size as the vectors need, on demand, with nothing to take its place when it fails.

**Where Likeness is not the cheapest.** S3 Vectors keeps vectors for less wherever the table says so; it does not make them, and its
neighbours are approximate. An instance costs less where the search function would be busy all the time.

## A million searches over 100,000 pictures

${table(
  ['asked by', 'strong', 'eventual', 'strong, arm64'],
  (['key', 'picture'] as const).map((by) => [
    by,
    usd(million({ pictures: 100_000, by })),
    usd(million({ pictures: 100_000, by, consistency: 'eventual' })),
    usd(million({ pictures: 100_000, by, architecture: 'arm64' })),
  ]),
)}

By key and \`strong\` that is:

${table(
  ['what', 'a million'],
  Object.entries(searching(example)).map(([name, usage]) => [name, usd(total(usage))]),
)}

A \`strong\` search lists the store once. An \`eventual\` one asks it nothing; each instance looks at the store every half a minute while it
is asked. An answer of ten results is about
${count(MEASURED.bytesPerAnswer / 1e3)} kB, which is the transfer; the first 100 GB a month leave for nothing. HTTP APIs count a request once for each 512 KB. The
picture of a query has about ${count(ASSUMED.bytesPerQuery / 1e6)} MB, as the console makes it smaller; one of 4 MB counts as eight requests.

## Embedding a million pictures

${table(
  ['executions at once', 'fp32', '', 'int8', ''],
  [10, 100, 1_000].map((executions) => [
    executions.toLocaleString('en'),
    ...(['fp32', 'int8'] as const).flatMap((precision) => [
      duration((1e6 * pictureSeconds(precision)) / executions),
      usd(1e6 * total(upload('queue', precision))),
    ]),
  ]),
)}

What it costs does not depend on how many work at once (\`concurrency\`, 5 by default; an account begins with 10 executions in all, and gets more
on request). It is the embedding, the requests, and the compactions, from ${count(MEASURED.secondsPerEmbedding)} s a picture, and int8's ${count(MEASURED.int8ToFp32)} times as many in the same
time, measured in turns with fp32 over one photo of 12 megapixels ([below](#what-was-measured)).

Where they lie in the bucket already, \`likeness backfill --cloud\` has a state machine list, compare and enqueue them: ${usd(total(backfilling(1e6)))} for a million
on top, and as much for a comparison that finds nothing, less the ${usd(total({ sqsRequest: 1e5 }))} of the messages. ${count(2 * 2_000)} steps of Step Functions are most of it.

## Thumbnails

on-upload writes a WebP of 512 pixels of each picture beside the index, ${count(MEASURED.bytesPerThumbnail / 1e3)} kB on average over the photographs of the demo. It is in
all prices above; \`thumbnails: false\` takes it out again.

${table(
  ['what', 'for 1,000,000 pictures'],
  [
    ['making and writing them, once', usd(1e6 * total(thumbnail()))],
    ['keeping them, a month', usd(total(storingThumbnails(1e6)))],
    ['a first look at all of them', usd(total(looking(1e6)))],
    ['the same look by originals of 4 MB', usd(total({ transferOut: 4e6 * 1e-3 }))],
  ],
)}

A browser keeps what it has seen. Addresses are asked for ${ASSUMED.thumbnailsPerPage} at a time (\`POST /v1/thumbnails\`), and searches cost nothing more by them.

## Limits of size

A search keeps the codes of the whole index in memory. The ${count(DEFAULT_MB)} MB that a new account may use hold ${mostPictures(DEFAULT_MB).toLocaleString('en')} pictures. The
${LARGEST_FUNCTION_MB.toLocaleString('en')} MB that Lambda has at most hold ${mostPictures(LARGEST_FUNCTION_MB).toLocaleString('en')}. A function reads from S3 at about ${ASSUMED.networkBytesPerSecond / 1e6} MB a second whatever its memory, so that
a cold start over 100,000 pictures takes about ${Math.round(coldSecondsOf(100_000))} s, and over 1,000,000 about ${Math.round(coldSecondsOf(1_000_000))} s.

The index itself costs ${usd(total(storing(1_000_000)))} a month for each 1,000,000 pictures.

## What was measured

\`npm run bench:cost -- --write\`, on ${MEASURED.on}${note()}, medians of rounds, by the model's synthetic weights (seconds do not depend on
them):

${table(
  ['figure', 'value'],
  Object.entries(MEASURED)
    .filter(([, value]) => typeof value === 'number')
    .map(([name, value]) => [words(name), count(Number(value))]),
)}

\`npm run test:assets\` prints cold starts and memory of the deployed packages, measured on the machine that runs it.

## What is assumed

These need AWS, other measurements or a guess at what people do. Seconds of a cold start and of idle runs by \`npm run bench:cold\` and \`npm run test:assets\`, which print them for the
machine that they run on; the network's speed is measured by
[others](https://github.com/sjakthol/aws-network-benchmark). The seconds of a request to S3 are known only in an account. The rest are guesses.

${table(
  ['assumption', 'value'],
  Object.entries({ ...ASSUMED, ...IDLE_ASSUMED }).map(([name, value]) => [words(name), count(value)]),
)}

## Unit prices

AWS's price pages are tables that a script fills in; stored copies of them are often empty. So the sources are pages that quote them, with
their dates. Look at [AWS's calculator](https://calculator.aws) before you rely on a figure.

${table(
  ['US dollars', 'per', 'source', 'of'],
  Object.values(PRICES).map(({ usd: value, per, source, date }) => [
    String(Number(value.toPrecision(6))),
    per,
    source,
    date,
  ]),
)}
`;
}

/** What else is to be known of the figures, such as that the machine was busy. */
const note = (): string => {
  const { note: text } = MEASURED as { readonly note?: string };
  return text ? ` (${text})` : '';
};

const words = (name: string): string => name.replace(/([A-Z])/g, (letter) => ` ${letter.toLowerCase()}`);
