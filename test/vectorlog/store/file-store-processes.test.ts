/** Processes that write into one folder at once, and are killed while they do. */

import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, describe, expect, it } from 'vitest';
import { FileStore } from '../../../vectorlog/store/file-store.ts';
import { allKeys, pattern, sameBytes } from './conformance.ts';

const made: string[] = [];
afterAll(() => Promise.all(made.map((folder) => rm(folder, { recursive: true, force: true }))));

async function temporaryFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'likeness-processes-'));
  made.push(folder);
  return folder;
}

describe('processes on one folder', () => {
  const ROUNDS = 60;
  const script = fileURLToPath(new URL('file-store-writer.ts', import.meta.url));
  const start = (...args: string[]): ChildProcess =>
    spawn(process.execPath, ['--import', 'tsx', script, ...args], { stdio: ['ignore', 'pipe', 'inherit'] });

  it('let one of them create an object, every time', async () => {
    const folder = await temporaryFolder();

    const outputs = await Promise.all(
      ['ada', 'bob', 'eve'].map(async (name) => {
        const child = start('race', folder, name, `${ROUNDS}`);
        let output = '';
        child.stdout!.on('data', (text) => {
          output += text;
        });
        await once(child, 'close');
        return JSON.parse(output) as boolean[];
      }),
    );

    for (let round = 0; round < ROUNDS; round++) expect(outputs.filter((won) => won[round])).toHaveLength(1);
    expect(outputs.every((won) => won.length === ROUNDS)).toBe(true);
  });

  it('leave whole objects and nothing in lists when they are killed', async () => {
    const folder = await temporaryFolder();
    const store = new FileStore(folder);
    for (let round = 0; round < 3; round++) {
      const child = start('write', folder);
      let begun = 0;
      for await (const told of child.stdout!) {
        begun += told.length;
        if (begun > round * 2) break;
      }
      child.kill('SIGKILL');
      await once(child, 'close');

      const keys = await allKeys(store);
      expect(keys.length).toBeGreaterThan(0);
      for (const key of keys) {
        const { body, metadata } = await store.get(key);
        const seed = Number(metadata.seed);
        expect(sameBytes(body, pattern(2_000_000 + seed, seed))).toBe(true);
      }
    }
  }, 60_000);
});
