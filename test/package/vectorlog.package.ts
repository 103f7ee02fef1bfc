/** The index on its own, by the example of its page. */

import { readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { complaints, installPackage, type Project, REPOSITORY, runIn } from './installed.ts';

let project: Project;

beforeAll(async () => {
  project = await installPackage();
});
afterAll(() => rm(project.folder, { recursive: true, force: true }));

test('the example of docs/vectorlog.md prints what it says', async () => {
  const page = await readFile(join(REPOSITORY, 'docs', 'vectorlog.md'), 'utf8');
  const example = /```js\n(.*?)```/s.exec(page)![1]!;
  const promised = Array.from(example.matchAll(/^\/\/ (\S+ \d.*)$/gm), ([, line]) => line);
  expect(promised).toHaveLength(2);
  await writeFile(join(project.folder, 'example.js'), example);
  const { stdout } = await runIn(project, process.execPath, ['example.js']);
  expect(stdout.trim().split('\n')).toEqual(promised);
});

test('a test of its user has the store in memory, typed', async () => {
  const source = `import { open } from 'likeness-search/vectorlog';
    import { MemoryStore } from 'likeness-search/vectorlog/testing';
    const index = open(new MemoryStore(), { dimensions: 32 });
    await index.append([{ key: 'a', vector: Float32Array.from({ length: 32 }, (_, i) => Number(i === 0)) }]);
    console.log(await index.read('strong', (view) => view.find('a')?.key));`;
  expect(await complaints(project, source)).toBe('');
  await writeFile(join(project.folder, 'user-test.js'), source);
  const { stdout } = await runIn(project, process.execPath, ['user-test.js']);
  expect(stdout.trim()).toBe('a');
});

test('has types', async () => {
  expect(
    await complaints(
      project,
      `import { type Entry, FileStore, open } from 'likeness-search/vectorlog';
      const index = open(new FileStore('x'), { dimensions: 64 });
      export const entry = (): Promise<Entry | undefined> => index.read('eventual', (view) => view.find('a'));
      // @ts-expect-error a change has a key
      index.append([{ deleted: true }]);`,
    ),
  ).toBe('');
});
