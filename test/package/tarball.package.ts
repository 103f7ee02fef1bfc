/** What a stranger does with the package: the command line, the client, and the types of both. */

import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { complaints, installPackage, type Project, runIn, startIn, TARBALL_BUDGET } from './installed.ts';

let project: Project;

beforeAll(async () => {
  project = await installPackage();
});
afterAll(() => rm(project.folder, { recursive: true, force: true }));

test('the tarball keeps within its budget', () => {
  console.log(`tarball: ${(project.tarballBytes / 2 ** 20).toFixed(2)} of ${TARBALL_BUDGET / 2 ** 20} MiB`);
  expect(project.tarballBytes).toBeLessThan(TARBALL_BUDGET);
});

describe('the command line', () => {
  test('gets itself a model, serves a folder and finds a picture, without the repository', async () => {
    const pictures = join(project.folder, 'pictures');
    await mkdir(pictures);
    for (const [name, background] of [
      ['red.png', '#c02020'],
      ['blue.png', '#2020c0'],
    ] as const) {
      const picture = sharp({ create: { width: 300, height: 200, channels: 3, background } });
      await picture.png().toFile(join(pictures, name));
    }

    const setup = await runIn(project, 'npx', ['likeness-search', 'setup', '--weights', 'synthetic']);
    expect(setup.stderr).toContain('SYNTHETIC');
    const served = await startIn(
      project,
      // As npx finds it, but without npx between: a signal has to reach the server.
      join(project.folder, 'node_modules', '.bin', 'likeness-search'),
      ['serve', pictures, '--port', '0'],
      /http:\/\/127\.0\.0\.1:\d+/,
    );
    try {
      const [endpoint] = served.match;
      const page = await (await fetch(endpoint)).text();
      expect(page).toContain('<script');
      const asked = [
        'likeness-search',
        '--endpoint',
        endpoint,
        'search',
        join(pictures, 'red.png'),
        '--json',
      ];
      await expect
        .poll(async () => JSON.parse((await runIn(project, 'npx', asked)).stdout).results[0]?.key, {
          timeout: 60_000,
          interval: 500,
        })
        .toBe('red.png');
    } finally {
      await served.stop();
    }
  });

  test('without a model it says how to get one', async () => {
    const nowhere = { ...project, environment: { ...project.environment, XDG_CACHE_HOME: '/nonexistent' } };
    const failed = await runIn(nowhere, 'npx', ['likeness-search', 'embed', 'pictures/red.png']).catch(
      (error: { stderr: string }) => error,
    );
    expect(failed.stderr).toContain('npx likeness-search setup');
  });
});

describe('the client', () => {
  test('plain Node imports it', async () => {
    const code = `
      import { createClient, ProblemError } from 'likeness-search/client';
      import { signingFetch } from 'likeness-search/client/sigv4';
      const { search } = createClient({ endpoint: 'http://x', fetch: async (url) => Response.json({ url }) });
      console.log((await search({ key: 'a' }, { k: 3 })).url, typeof ProblemError, typeof signingFetch);`;
    const { stdout } = await runIn(project, process.execPath, ['--input-type=module', '-e', code]);
    expect(stdout.trim()).toBe('http://x/v1/search?k=3 function function');
  });

  test('its types are those of the API', async () => {
    expect(
      await complaints(
        project,
        `import { createClient, type Stats } from 'likeness-search/client';
        const client = createClient({ endpoint: '' });
        export const stats: Promise<Stats> = client.stats();
        export const score = async (): Promise<number> => (await client.similar('a')).results[0]!.score;
        // @ts-expect-error there is no such option
        export const wrong = client.similar('a', { count: 3 });`,
      ),
    ).toBe('');
  });
});
