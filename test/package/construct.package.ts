/** The construct in somebody else's CDK app of ten lines: it has types, and makes the template that ours makes. */

import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { complaints, installPackage, type Project, REPOSITORY, runIn } from './installed.ts';

/** @param construct where it is imported from */
const app = (construct: string): string => `
  import { App, Stack } from 'aws-cdk-lib';
  import { ImageSearch } from '${construct}';
  const app = new App({ analyticsReporting: false, treeMetadata: false });
  const stack = new Stack(app, 'Shop');
  new ImageSearch(stack, 'Search', { weights: 'synthetic' });
  app.synth();`;

let project: Project;

beforeAll(async () => {
  const { devDependencies } = JSON.parse(await readFile(join(REPOSITORY, 'package.json'), 'utf8')) as {
    devDependencies: Record<string, string>;
  };
  const peers = ['aws-cdk-lib', 'constructs'].map((name) => `${name}@${devDependencies[name]}`);
  project = await installPackage(peers);
});
afterAll(() => rm(project.folder, { recursive: true, force: true }));

/** What `app.synth` wrote for the stack and the stacks in it. */
async function templates(folder: string): Promise<unknown[]> {
  const manifest = JSON.parse(await readFile(join(folder, 'Shop.assets.json'), 'utf8')) as {
    files: Record<string, { source: { path: string } }>;
  };
  const paths = Object.values(manifest.files).map(({ source }) => source.path);
  const files = paths.filter((path) => path.endsWith('.template.json')).sort();
  return Promise.all(files.map(async (file) => JSON.parse(await readFile(join(folder, file), 'utf8'))));
}

test('has types', async () => {
  const text = `${app('likeness-search/cdk')}
    // @ts-expect-error there is no such property
    new ImageSearch(stack, 'Other', { colour: 'red' });`;
  expect(await complaints(project, text)).toBe('');
});

test('makes the template that the repository makes', async () => {
  await writeFile(join(project.folder, 'app.js'), app('likeness-search/cdk'));
  const theirs = join(project.folder, 'cdk.out');
  const strange = { ...project, environment: { ...project.environment, CDK_OUTDIR: theirs } };
  await runIn(strange, process.execPath, ['app.js']);

  const ours = await mkdtemp(join(tmpdir(), 'likeness-ours-'));
  const file = join(REPOSITORY, 'test', 'package', 'ours.generated.ts');
  try {
    await writeFile(file, app('../../cdk/index.ts'));
    await promisify(execFile)(process.execPath, ['--import', 'tsx', file], {
      cwd: REPOSITORY,
      env: { ...process.env, CDK_OUTDIR: ours },
      maxBuffer: 1 << 26,
    });
    const expected = await templates(ours);
    expect(expected.length).toBeGreaterThan(0);
    expect(await templates(theirs)).toEqual(expected);
  } finally {
    await rm(file, { force: true });
    await rm(ours, { recursive: true, force: true });
  }
});
