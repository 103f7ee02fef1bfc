/**
 * Attacks a server with bad pictures and odd requests:
 * `npm run test:malice [-- --seed N] [-- --pictures N] [-- --quick] [-- --json]`.
 *
 * Every picture goes through search, into the folder and through thumbnails. Demanded: no status from 500 to 599 but 503 for too
 * much at once, no failed decoding, no end of the process, no answer over ten seconds but of duplicates, right answers in between, resident memory
 * bounded, and most of it back afterwards. A seed makes the same pictures and requests on every machine.
 */

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { ALLOCATOR_ENVIRONMENT } from '../../pictures/decoding/limits.ts';
import { picture } from '../factories/pictures.ts';
import { type ProcessMemory, processMemory } from '../process-memory.ts';
import { type ApiDocument, fuzzedRequest } from './api-fuzz.ts';
import { badPicture, goodPictures, randomOf } from './bad-pictures.ts';

const MiB = 2 ** 20;
/** What the server lets one decode take; with runtime, model, index and files it stays below `MOST_BYTES`. */
const DECODE_BYTES = 512 * MiB;
const MOST_BYTES = 1_400 * MiB;
/** Pictures that are sent side by side. */
const AT_ONCE = 4;
/** How long the folder's events may take after the last picture. */
const IDLE_MS = 180_000;
/** What may stay resident more than before the attack: the allocator's holes, and the index of what was taken. */
const KEPT_BYTES = 400 * MiB;
const SLOWEST_MS = 10_000;
/** Duplicates are compared pixel by pixel when they are first asked for: hundreds of variants of a dozen pictures here. */
const SLOWEST_DUPLICATES_MS = 120_000;
const GOOD = 20;

const { values: options } = parseArgs({
  options: {
    seed: { type: 'string', default: '1' },
    pictures: { type: 'string' },
    quick: { type: 'boolean', default: false },
    json: { type: 'boolean', default: false },
  },
});
const pictures = Number(options.pictures ?? (options.quick ? 400 : 3_000));
const requests = options.quick ? 500 : 5_000;
const random = randomOf(Number(options.seed));

const folder = await mkdtemp(join(tmpdir(), 'likeness-malice-'));
const goods = await Promise.all(Array.from({ length: GOOD }, (_, i) => picture(i)));
for (const [i, bytes] of goods.entries()) await writeFile(join(folder, `good-${i}.png`), bytes);
await mkdir(join(folder, 'bad'));

const server = spawn(
  process.execPath,
  ['--import', 'tsx', fileURLToPath(new URL('server.ts', import.meta.url)), folder, String(DECODE_BYTES)],
  { env: { ...process.env, ...ALLOCATOR_ENVIRONMENT }, stdio: ['ignore', 'pipe', 'pipe'] },
);
const faults: string[] = [];
/** Warnings and errors of the server. */
const complaints: string[] = [];
createInterface({ input: server.stderr }).on('line', (line) => complaints.push(line));
const statuses = new Map<string, number>();
let slowestMs = 0;

/** Nothing where Linux is not asked, and of a server that has ended. */
const memory = (): ProcessMemory => processMemory(server.pid!) ?? { now: 0, most: 0 };

/** Shows on a terminal how far it is. */
function say(progress: string): void {
  if (process.stderr.isTTY) process.stderr.write(`\r${progress}   `);
}

async function ask(what: string, url: string, init?: RequestInit): Promise<Response | undefined> {
  const start = performance.now();
  try {
    const response = await fetch(url, { ...init, signal: AbortSignal.timeout(180_000) });
    const body = await response.arrayBuffer();
    const ms = performance.now() - start;
    const compares = what.includes('/v1/duplicates');
    if (!compares) slowestMs = Math.max(slowestMs, ms);
    const name = `${what.split(' ')[0]} ${response.status}`;
    statuses.set(name, (statuses.get(name) ?? 0) + 1);
    const text = new TextDecoder().decode(response.status >= 500 ? body : new Uint8Array());
    if (response.status >= 500 && !text.includes('problem:overloaded'))
      faults.push(`${what}: ${response.status} ${text}`);
    if (ms > (compares ? SLOWEST_DUPLICATES_MS : SLOWEST_MS)) faults.push(`${what}: ${Math.round(ms)} ms`);
    return new Response(response.status === 204 ? null : body, { status: response.status });
  } catch (error) {
    faults.push(`${what}: ${String(error)}`);
    return undefined;
  }
}

/** Rejects when the server ends, with what it said. */
const ended = once(server, 'close').then((): never => {
  throw new Error(`the server ended before it said where it is:\n${complaints.join('\n')}`);
});

try {
  const told = once(createInterface({ input: server.stdout }), 'line');
  const [base] = (await Promise.race([told, ended])) as [string];
  const search = (bytes: Uint8Array, what: string) =>
    ask(what, `${base}/v1/search?limit=1`, {
      method: 'POST',
      headers: { 'content-type': 'application/octet-stream' },
      body: bytes as Uint8Array<ArrayBuffer>,
    });
  const rightAnswer = async (): Promise<void> => {
    const i = random(GOOD);
    const answer = await search(goods[i]!, `good search ${i}`);
    const { results } = ((await answer?.json()) ?? {}) as { results?: { key: string }[] };
    if (results?.[0]?.key !== `good-${i}.png`) faults.push(`good-${i}.png was not found by itself`);
  };
  const untilIdle = async (): Promise<void> => {
    const start = performance.now();
    while (server.exitCode === null) {
      const stats = (await (await ask('stats', `${base}/v1/stats`))?.json()) as {
        pictures?: number;
        queue?: { waiting: number };
      };
      if ((stats?.pictures ?? 0) >= GOOD && stats.queue?.waiting === 0) return;
      if (performance.now() - start > IDLE_MS) {
        faults.push(`the folder's events were not done after ${IDLE_MS / 1_000} s: ${JSON.stringify(stats)}`);
        return;
      }
      await new Promise((resolve) => setTimeout(resolve, 200));
    }
  };
  await untilIdle();
  await rightAnswer();
  const before = memory().now;

  const made = await goodPictures();
  const attack = async (i: number): Promise<void> => {
    const { ending, bytes, how } = badPicture(made, random);
    const name = `bad/${i}.${ending}`;
    await writeFile(join(folder, name), bytes);
    await Promise.all([
      search(bytes, `search ${name} (${how})`),
      ask(`thumbnail ${name} (${how})`, `${base}/thumbnails/${name}?size=160`),
    ]);
  };
  for (let i = 0; i < pictures && server.exitCode === null; i += AT_ONCE) {
    await Promise.all(Array.from({ length: AT_ONCE }, (_, more) => attack(i + more)));
    if (i % 24 === 0) await rightAnswer();
    say(`${i + AT_ONCE} of ${pictures} pictures`);
  }
  const document = (await (await ask('document', `${base}/openapi.json`))?.json()) as ApiDocument;
  for (let i = 0; i < requests && server.exitCode === null; i++) {
    const { method, path, body, statuses: named } = fuzzedRequest(document, random);
    // The good pictures stay; a deletion of a key that happens to be one of theirs is not asked for.
    const response = await ask(
      `api ${method} ${path.slice(0, 200)} ${body?.slice(0, 200) ?? ''}`,
      base + path,
      {
        method,
        ...(body !== undefined && { body, headers: { 'content-type': 'application/json' } }),
      },
    );
    const status = String(response?.status);
    const known = named.includes(status) || named.includes('default') || ['404', '405'].includes(status);
    if (response && !known) faults.push(`${method} ${path.slice(0, 200)}: ${status} is not in the document`);
    if (i % 250 === 0) await rightAnswer();
    say(`${i + 1} of ${requests} requests`);
  }
  await untilIdle();
  await rightAnswer();

  const { most, now: after } = memory();
  if (server.exitCode !== null || server.signalCode !== null) faults.push('the server ended');
  if (most > MOST_BYTES) faults.push(`${Math.round(most / MiB)} MiB were resident`);
  if (after > before + KEPT_BYTES) faults.push(`${Math.round((after - before) / MiB)} MiB stayed resident`);
  const report = {
    seed: Number(options.seed),
    pictures,
    requests,
    slowestMs: Math.round(slowestMs),
    residentMiB: [before, most, after].map((bytes) => Math.round(bytes / MiB)),
    statuses: Object.fromEntries([...statuses].sort()),
    faults: faults.length,
  };
  console.log(options.json ? JSON.stringify(report) : report);
  for (const fault of faults.slice(0, 30)) console.error(fault);
  if (faults.length > 0) {
    for (const line of complaints.slice(-10)) console.error(`the server says: ${line.slice(0, 2_000)}`);
    console.error(
      `again with: npm run test:malice -- --seed ${options.seed} --pictures ${pictures}${options.quick ? ' --quick' : ''}`,
    );
  }
} finally {
  server.kill('SIGKILL');
  await rm(folder, { recursive: true, force: true });
}
process.exitCode = faults.length > 0 ? 1 : 0;
