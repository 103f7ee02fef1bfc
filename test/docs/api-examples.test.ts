/** The examples of docs/api.md, run as they stand against a server on this machine. */

import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { serve } from '@hono/node-server';
import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { PROBLEM_CODES } from '../../functions/search/schemas.ts';
import { testApi } from '../factories/api.ts';

const run = promisify(execFile);
const root = new URL('../..', import.meta.url).pathname;
const page = await readFile(join(root, 'docs/api.md'), 'utf8');

/** The code of the page in one language. */
const examples = (language: string): string[] =>
  [...page.matchAll(new RegExp(`\`\`\`${language}\n([\\s\\S]*?)\`\`\``, 'g'))].map(([, code]) => code!);

const has = async (command: string, ...args: string[]) =>
  run(command, args).then(
    () => true,
    () => false,
  );
const hasCurl = await has('curl', '--version');
const hasRequests = await has('python3', '-c', 'import requests');
if (!hasCurl) console.warn('skipped the curl examples: curl is not installed');
if (!hasRequests) console.warn('skipped the Python example: python3 with requests is not installed');

let folder = '';
let endpoint = '';
const uploads: string[] = [];
let close = () => {};

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'likeness-examples-'));
  const beach = await sharp({ create: { width: 300, height: 200, channels: 3, background: 'gold' } })
    .jpeg()
    .toBuffer();
  await writeFile(join(folder, 'beach.jpg'), beach);
  const api = testApi({
    uploads: {
      sign: async ({ key }) => ({
        method: 'PUT',
        url: `${endpoint}/uploads/${key}`,
        expiresAt: new Date().toISOString(),
      }),
    },
  });
  await api.upload('holidays/beach.jpg', beach, { metadata: { album: 'summer' } });
  await api.upload('holidays/snow.jpg', 'snow', { metadata: { album: 'winter' } });
  await api.upload('other.jpg', 'other');
  await new Promise<void>((resolve) => {
    const server = serve(
      {
        port: 0,
        hostname: '127.0.0.1',
        fetch: (request) => {
          if (request.method !== 'PUT') return api.app.fetch(request);
          uploads.push(new URL(request.url).pathname);
          return new Response(null, { status: 204 });
        },
      },
      ({ port }) => {
        endpoint = `http://127.0.0.1:${port}`;
        resolve();
      },
    );
    close = () => server.close();
  });
});

afterAll(async () => {
  close();
  await rm(folder, { recursive: true, force: true });
});

/** An example, made to speak to the test's server. */
const here = (code: string) => code.replaceAll('http://127.0.0.1:3000', endpoint);

describe('docs/api.md', () => {
  test.skipIf(!hasCurl)('curl', async () => {
    const { stdout } = await run('bash', ['-ec', here(examples('sh')[0]!)], { cwd: folder });
    // Three answers, one after the other.
    const [first, second, third] = stdout.split(/(?<=\})(?=\{"results")/).map((each) => JSON.parse(each));
    expect(first.results).toHaveLength(3);
    expect(first.results[0]).toMatchObject({ key: 'holidays/beach.jpg' });
    expect(second.results.every(({ score }: { score: number }) => score >= 0.5)).toBe(true);
    expect(third.results).toHaveLength(2);
  });

  test('TypeScript', async () => {
    const file = join(folder, 'example.mts');
    const client = join(root, 'client/index.ts');
    await writeFile(file, here(examples('ts')[0]!).replace('likeness-search/client', client));
    const tsx = join(root, 'node_modules/.bin/tsx');
    const { stdout } = await run(tsx, [file], { cwd: folder });
    const lines = stdout.trim().split('\n');
    expect(lines[0]).toBe('1.000 holidays/beach.jpg');
    expect(lines.at(-1)).toMatch(/^picture-not-found There is no such picture: /);
    expect(uploads).toEqual(['/uploads/holidays/copy.jpg']);
  });

  test.skipIf(!hasRequests)('Python', async () => {
    const { stdout } = await run('python3', ['-c', here(examples('python')[0]!)], { cwd: folder });
    expect(stdout.split('\n')[0]).toBe('1.000 holidays/beach.jpg');
    expect(stdout).toContain('pictures are like it');
  });

  test('names every problem', () => {
    const table = page.slice(page.indexOf('## Problems'));
    const named = [...table.matchAll(/^\| `([a-z-]+)` /gm)].map(([, code]) => code);
    expect(named.sort()).toEqual([...PROBLEM_CODES].sort());
  });
});
