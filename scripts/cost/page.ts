/** docs/cost.md, made from the model so that no figure in it is typed. */

import {
  ASSUMED,
  DEFAULT_MB,
  ELSEWHERE,
  idle,
  LARGEST_FUNCTION_MB,
  likeness,
  perUpload,
  searching,
  searchMegabytes,
  storing,
  sum,
} from './model.ts';
import { PRICES } from './prices.ts';

const PICTURES = [1_000, 100_000, 1_000_000];
const SEARCHES = [0, 1_000, 1_000_000];

const usd = (value: number): string =>
  `$${value < 10 ? value.toFixed(2) : Math.round(value).toLocaleString('en')}`;
const count = (value: number): string => value.toLocaleString('en');

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |`;
  return [line(head), line(head.map((_, i) => (i === 0 ? '---' : '---:'))), ...rows.map(line)].join('\n');
}

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

export function costPage(): string {
  const months = PICTURES.flatMap((pictures) => SEARCHES.map((searches) => ({ pictures, searches })));
  const example = { pictures: 100_000, searches: 1_000_000 };
  return `# What it costs

US dollars a month in US East (N. Virginia), without tax, free allowances, and the storage of the pictures themselves, which you
pay anyway. \`npm run cost\` writes this page; change an assumption in \`scripts/cost/model.ts\` and run it again.

## A month

${table(
  ['pictures', 'searches', 'Likeness', ...Object.keys(ELSEWHERE)],
  months.map((month) => [
    count(month.pictures),
    month.searches === 0 ? 'none' : count(month.searches),
    usd(likeness(month)),
    ...Object.values(ELSEWHERE).map((cost) => usd(cost(month))),
  ]),
)}

Uploading costs once: ${usd(perUpload() * 1_000)} for 1,000 pictures, ${usd(perUpload() * 1_000_000)} for 1,000,000; more than half of it is the network's
computing time.

How to read the other columns:

- They hold vectors only. What makes vectors of pictures, keeps them in step with a bucket and answers a browser would come on top.
- S3 Vectors and OpenSearch find approximate neighbours; Likeness finds the exact ones.
- OpenSearch Serverless has had a second kind, "NextGen", since May 2026. It stops when idle and then costs its storage alone, and takes 10
  to 30 seconds for the first search after that. The column shows the classic kind without redundancy, which is always on.
- The instance is one m7g.large or as many times its size as the vectors need, on demand, with nothing to take its place when it fails.

**Where Likeness is not the cheapest.** S3 Vectors keeps vectors for less in every row; it does not make them, and its neighbours are
approximate. A million searches over a million pictures also cost less on an instance. Of the price of a million searches here, two lists for
each (\`strong\` consistency) are ${usd(searching(example)['lists (strong consistency)']!)}; \`consistency: 'eventual'\` does without them.

## Limits of size

A search keeps the whole index in memory. The ${count(DEFAULT_MB)} MB that a new account may use hold ${count(mostPictures(DEFAULT_MB))} pictures. The
${count(LARGEST_FUNCTION_MB)} MB that Lambda has at most hold ${count(mostPictures(LARGEST_FUNCTION_MB))}; the last rows above are priced with that, although a million
pictures do not quite fit.

## The formula

\`\`\`
month    = idle + storage + searches
idle     = ${Object.entries(idle())
    .map(([name, cost]) => `${usd(cost)} ${name}`)
    .join('\n         + ')}
         = ${usd(sum(idle()))}
storage  = ${usd(storing(1_000_000))} for each 1,000,000 pictures
searches = seconds x GB x ${PRICES.lambdaSecond.usd} + cold starts + 2 lists x ${PRICES.s3Write.usd * 1e6}e-6 + requests
         , for 1,000,000 searches over 100,000 pictures:
           ${Object.entries(searching(example))
             .map(([name, cost]) => `${usd(cost)} ${name}`)
             .join('\n         + ')}
         = ${usd(sum(searching(example)))}
\`\`\`

AWS's allowances that do not end (1,000,000 Lambda requests and 400,000 GB-seconds, 1,000,000 SQS requests, 14,000,000 schedules, 10 alarm
metrics, 10 custom metrics, 3 dashboards, 5 GB of logs, 100,000 traces) take most of the idle cost away in an account that uses nothing else:
what stays is the lists of compaction, ${usd(idle()['compaction: lists']!)}, and a little for queues and alarms. A compaction every five minutes instead of every
minute makes it a fifth.

## What is assumed

${table(
  ['assumption', 'value'],
  Object.entries(ASSUMED).map(([name, value]) => [
    name.replace(/([A-Z])/g, (letter) => ` ${letter.toLowerCase()}`),
    count(value),
  ]),
)}

\`npm run test:assets\` prints cold starts and memory of the deployed packages, measured on the machine that runs it.

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
