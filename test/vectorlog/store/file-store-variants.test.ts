/** The folder store in its variants against what every store must do; file-store.test.ts has it as it is by itself. */

import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll } from 'vitest';
import { FileStore, type FileStoreOptions } from '../../../vectorlog/store/file-store.ts';
import { conformance } from './conformance.ts';

const made: string[] = [];
afterAll(() => Promise.all(made.map((folder) => rm(folder, { recursive: true, force: true }))));

async function open(options: FileStoreOptions): Promise<FileStore> {
  const folder = await mkdtemp(join(tmpdir(), 'likeness-variants-'));
  made.push(folder);
  return new FileStore(folder, options);
}

conformance('FileStore that ignores hidden files', () => open({ ignoreHidden: true }), { modelRuns: 5 });
conformance('FileStore that grows files in place', () => open({ growsInPlace: true }));
