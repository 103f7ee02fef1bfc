/** FAISS in Python, as Debian's package python3-faiss builds it; times are its own, without the way there and back. */

import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { type Contender, joined, K } from './contender.ts';

const SCRIPT = fileURLToPath(new URL('python_faiss.py', import.meta.url));

/** The first Python that has it; `undefined` where none does. */
async function pythonWithFaiss(): Promise<string | undefined> {
  for (const python of ['python3', '/usr/bin/python3']) {
    try {
      await promisify(execFile)(python, ['-c', 'import faiss']);
      return python;
    } catch {}
  }
  return undefined;
}

export async function pythonFaiss(file: string): Promise<Contender | undefined> {
  const python = await pythonWithFaiss();
  if (!python) return undefined;
  const child = spawn(python, [SCRIPT, file, String(K)], { stdio: ['pipe', 'pipe', 'ignore'] });
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  await lines.next();
  const folder = await mkdtemp(join(tmpdir(), 'likeness-queries-'));
  return {
    name: 'FAISS in Python (Debian)',
    async search(queries) {
      const file = join(folder, 'queries.f32');
      await writeFile(file, joined(queries));
      child.stdin.write(`${file}\n`);
      const { value } = await lines.next();
      return JSON.parse(value as string) as { ms: number; rows: number[][] };
    },
    async close() {
      child.stdin.end();
      await once(child, 'exit');
      await rm(folder, { recursive: true });
    },
  };
}
