import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { build } from 'esbuild';
import { describe, expect, it } from 'vitest';

const run = promisify(execFile);

/** A program that searches 10,000 rows on the workers, and has nothing more to do. */
const PROGRAM = `
  import { RowMatrix } from './vectorlog/scan/row-matrix.ts';
  const matrix = new RowMatrix(2048);
  const rows = new Float32Array(10_000 * 2048);
  for (let i = 0; i < 10_000; i++) rows[i * 2048 + (i % 2048)] = 1 + i / 1e5;
  matrix.append(rows);
  const query = new Float32Array(2048);
  query[5] = 1;
  matrix.search([query], { k: 2 }).then((hits) => console.log(JSON.stringify(hits)));
`;

describe('a program with the scan in it', () => {
  it.each(['esm', 'cjs'] as const)('runs as one bundle (%s) anywhere, and ends by itself', async (format) => {
    const folder = await mkdtemp(join(tmpdir(), 'likeness-scan-'));
    const { outputFiles } = await build({
      stdin: {
        contents: PROGRAM,
        resolveDir: fileURLToPath(new URL('../../..', import.meta.url)),
        loader: 'ts',
      },
      bundle: true,
      minify: true,
      write: false,
      platform: 'node',
      format,
      target: 'node20',
    });
    const file = join(folder, format === 'esm' ? 'program.mjs' : 'program.cjs');
    await writeFile(file, outputFiles[0]!.contents);

    const { stdout, stderr } = await run(process.execPath, [file], { cwd: folder, timeout: 30_000 });

    const best = [8_197, 6_149].map((row) => ({ row, score: Math.fround(1 + row / 1e5) }));
    expect(JSON.parse(stdout)).toEqual([best]);
    expect(stderr).toBe('');
    await rm(folder, { recursive: true });
  });
});
