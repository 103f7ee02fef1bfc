/**
 * How long one body of the greatest length holds the event loop, whatever it says and wherever it is sent:
 * `npm run bench:bodies [-- --json] [-- --quick]`.
 *
 * Nobody else is answered in that time. The goal is 200 ms (`bodies.longest_ms`); the least of three tries counts, since what a busy
 * machine adds is not the body's.
 */

import { fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { SEARCH_LIMITS } from '../functions/search/limits.ts';
import { describeMachine, machine } from './machine.ts';

const { values: options } = parseArgs({
  options: { json: { type: 'boolean', default: false }, quick: { type: 'boolean', default: false } },
});
const TRIES = options.quick ? 1 : 3;
const ADDRESSES = [
  'POST /v1/search',
  'POST /v1/states',
  'POST /v1/uploads',
  'POST /v1/duplicates/not',
  'PUT /v1/duplicates/folders',
  'POST /v1/trash/restore',
  'POST /v1/thumbnails',
];

/** A text between two others that makes a body as long as one may be. */
function filled(before: string, text: string, after: string): string {
  const room = SEARCH_LIMITS.maxBodyBytes - before.length - after.length - text.length;
  return before + text.repeat(Math.floor(room / text.length)) + text.replace(/,$/, '') + after;
}

/** Names that differ, with a value each. */
function named(before: string, value: string, after: string): string {
  const bytes = value.length + 12;
  const names = Array.from(
    { length: Math.floor(SEARCH_LIMITS.maxBodyBytes / bytes) },
    (_, i) => `"n${i}":${value}`,
  );
  return `${before}{${names.join(',')}}${after}`;
}

const LISTS = ['keys', 'ids', 'queries', 'vector', 'protected', 'range'];
const ELEMENTS = ['{}', '[]', '1', '0.12345678901234567e-5', '"a"', '{"key":"a"}', 'null'];
const BODIES: Readonly<Record<string, string>> = {
  ...Object.fromEntries(
    LISTS.flatMap((list) =>
      ELEMENTS.map((each) => [`${list} of ${each}`, filled(`{"${list}":[`, `${each},`, ']}')]),
    ),
  ),
  'a long key': filled('{"key":"', 'a', '"}'),
  'a key of escapes': filled('{"key":"', '\\u0061', '"}'),
  'a key of lone surrogates': filled('{"key":"', '\\ud800', '"}'),
  'a long crop': filled('{"key":"a","crop":"', '0.1,', '"}'),
  'an image': filled('{"image":"', 'QUJD', '"}'),
  'an image that is not base64': filled('{"image":"', '?', '"}'),
  'values of a filter': filled('{"key":"a","filter":{"a":[', '"b",', ']}}'),
  'names of a filter': named('{"key":"a","filter":', '"b"', '}'),
  metadata: named('{"key":"a","contentType":"image/png","size":1,"metadata":', '"b"', '}'),
  'unknown names': named('', '1', ''),
  'one name again and again': filled('{', '"a":1,', '}'),
  'open brackets': filled('', '[', ''),
  spaces: filled('', ' ', '{}'),
  zeros: filled('', '\0', ''),
};

const server = fork(fileURLToPath(new URL('bodies/server.ts', import.meta.url)), {
  execArgv: ['--import', 'tsx'],
});
const message = async <T>(): Promise<T> => ((await once(server, 'message')) as [T])[0];
const held = async (): Promise<number> => {
  server.send('how long?');
  return message<number>();
};

try {
  const base = await message<string>();
  const figures: { readonly what: string; readonly ms: number; readonly status: number }[] = [];
  for (const address of ADDRESSES) {
    const [method = '', path = ''] = address.split(' ');
    for (const [name, body] of Object.entries(BODIES)) {
      let ms = Number.POSITIVE_INFINITY;
      let status = 0;
      for (let attempt = 0; attempt < TRIES; attempt++) {
        await held();
        const headers = { 'content-type': 'application/json' };
        const answer = await fetch(base + path, { method, headers, body });
        await answer.arrayBuffer();
        ms = Math.min(ms, await held());
        ({ status } = answer);
      }
      // An address that is not there would be measured for nothing.
      if (status === 404 || status >= 500) throw new Error(`${address} answers ${name} with ${status}`);
      figures.push({ what: `${address}: ${name}`, ms, status });
    }
  }
  const slowest = figures.sort((a, b) => b.ms - a.ms).slice(0, 10);
  const report = { machine: machine(), bodies: figures.length, 'bodies.longest_ms': slowest[0]?.ms, slowest };
  if (options.json) console.log(JSON.stringify(report));
  else {
    console.log(`${describeMachine(report.machine)}; ${figures.length} bodies, the slowest:`);
    for (const { what, ms } of slowest) console.log(`${ms.toFixed(0).padStart(6)} ms  ${what}`);
  }
} finally {
  server.kill();
}
