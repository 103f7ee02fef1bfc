/** The direction of imports, as biome.json enforces it: a planted wrong import fails the lint step. */

import { spawnSync } from 'node:child_process';
import { copyFile, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test } from 'vitest';

const root = fileURLToPath(new URL('../..', import.meta.url));
const BIOME = join(root, 'node_modules', '@biomejs', 'biome', 'bin', 'biome');

let folder = '';

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'likeness-lint-'));
  await copyFile(join(root, 'biome.json'), join(folder, 'biome.json'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

/** What the linter says of files that hold these lines. */
async function lint(files: Readonly<Record<string, string>>): Promise<{ ok: boolean; output: string }> {
  for (const [path, text] of Object.entries(files)) {
    await mkdir(dirname(join(folder, path)), { recursive: true });
    await writeFile(join(folder, path), text);
  }
  const args = [BIOME, 'lint', '--colors=off', '--vcs-enabled=false', ...Object.keys(files)];
  const done = spawnSync(process.execPath, args, { cwd: folder, encoding: 'utf8' });
  return { ok: done.status === 0, output: done.stdout + done.stderr };
}

test.each([
  ['vectorlog/log/planted.ts', '../../pictures/attributes.ts'],
  ['vectorlog/planted.ts', '../functions/environment.ts'],
  ['vectorlog/log/planted.ts', '../commit/compaction.ts'],
  ['vectorlog/scan/planted.ts', '../store/errors.ts'],
  ['vectorlog/commit/planted.ts', '../read/limits.ts'],
  ['vectorlog/read/planted.ts', '../testing/memory-store.ts'],
  ['vectorlog/testing/planted.ts', '../read/view.ts'],
  ['pictures/ingest/planted.ts', '../../functions/environment.ts'],
  ['pictures/ingest/planted.ts', '../../vectorlog/testing/memory-store.ts'],
  ['functions/search/planted.ts', '../../local/serve.ts'],
  ['functions/search/planted.ts', '../../cdk/app.ts'],
  ['client/planted.ts', '../vectorlog/errors.ts'],
  ['console/parts/planted.ts', '../../vectorlog/errors.ts'],
  ['local/planted.ts', '../cli/program.ts'],
  ['cli/commands/planted.ts', '../../cdk/app.ts'],
])('%s may not import %s', async (file, specifier) => {
  for (const line of [`import '${specifier}';`, `export { x } from '${specifier}';`]) {
    const { ok, output } = await lint({ [file]: `${line}\n` });
    expect(output).toContain('noRestrictedImports');
    expect(ok).toBe(false);
  }
});

test.each([
  ['vectorlog/commit/planted.ts', '../log/fold.ts'],
  ['pictures/ingest/planted.ts', '../../vectorlog/clock.ts'],
  ['functions/search/planted.ts', '../../pictures/attributes.ts'],
  ['console/parts/planted.ts', '../../vectorlog/parallel.ts'],
])('%s may import %s', async (file, specifier) => {
  expect((await lint({ [file]: `export { x } from '${specifier}';\n` })).ok).toBe(true);
});

test('a circle of imports is refused, of types alone too', async () => {
  const { ok, output } = await lint({
    'vectorlog/a.ts': `import type { B } from './b.ts';\nexport type A = B | 1;\n`,
    'vectorlog/b.ts': `import type { A } from './a.ts';\nexport type B = A | 2;\n`,
  });
  expect(output).toContain('noImportCycles');
  expect(ok).toBe(false);
});
