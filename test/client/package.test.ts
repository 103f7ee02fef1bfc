/** `likeness-search/client` as others get it: built, imported by plain Node, and checked by their compiler. */

import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { buildClient } from '../../scripts/build-client.ts';

const run = promisify(execFile);
const root = new URL('../..', import.meta.url).pathname;
let project = '';

/** A project that has the package installed, beside what the package depends on. */
beforeAll(async () => {
  project = await mkdtemp(join(tmpdir(), 'likeness-client-'));
  const installed = join(project, 'node_modules', 'likeness-search');
  await mkdir(installed, { recursive: true });
  const { name, version, type, exports } = JSON.parse(await readFile(join(root, 'package.json'), 'utf8'));
  await writeFile(join(installed, 'package.json'), JSON.stringify({ name, version, type, exports }));
  await buildClient(join(installed, 'dist', 'client'));
  for (const scope of [
    '@hono',
    '@smithy',
    '@aws-crypto',
    '@types',
    '@aws-sdk',
    '@asteasolutions',
    'zod',
    'hono',
  ])
    await symlink(join(root, 'node_modules', scope), join(project, 'node_modules', scope));
});
afterAll(() => rm(project, { recursive: true, force: true }));

test('plain Node imports it', async () => {
  const code = `
    import { createClient, ProblemError } from 'likeness-search/client';
    import { signingFetch } from 'likeness-search/client/sigv4';
    const { search } = createClient({ endpoint: 'http://x', fetch: async (url) => Response.json({ url }) });
    console.log((await search({ key: 'a' }, { k: 3 })).url, typeof ProblemError, typeof signingFetch);`;
  const { stdout } = await run(process.execPath, ['--input-type=module', '-e', code], { cwd: project });
  expect(stdout.trim()).toBe('http://x/v1/search?k=3 function function');
});

test('its types are there, and are those of the API', async () => {
  await writeFile(
    join(project, 'example.ts'),
    `import { createClient, type Stats } from 'likeness-search/client';
    const client = createClient({ endpoint: '' });
    export const stats: Promise<Stats> = client.stats();
    export const score = async (): Promise<number> => (await client.similar('a')).results[0]!.score;
    // @ts-expect-error there is no such option
    export const wrong = client.similar('a', { count: 3 });`,
  );
  const options = ['--strict', '--noEmit', '--module', 'nodenext', '--target', 'es2023', '--skipLibCheck'];
  const tsc = join(root, 'node_modules', 'typescript', 'bin', 'tsc');
  const checked = run(process.execPath, [tsc, ...options, '--types', 'node', 'example.ts'], { cwd: project });
  expect((await checked.catch(({ stdout }) => ({ stdout }))).stdout).toBe('');
});
