/** `likeness embed`: what it prints for people and for programs, and what it refuses. */

import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { run } from '../../cli/program.ts';
import { badPicture, fakeEmbedder } from '../factories/fake-embedder.ts';
import { picture } from '../factories/pictures.ts';

vi.mock('../../pictures/embedding/load.ts', () => ({ loadEmbedder: async () => fakeEmbedder() }));
vi.mock('../../local/model-choice.ts', () => ({ modelFolder: async () => 'nowhere' }));

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'likeness-embed-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

async function embed(bytes: Uint8Array, ...flags: string[]) {
  const out: string[] = [];
  const err: string[] = [];
  const file = join(folder, 'picture.png');
  await writeFile(file, bytes);
  const terminal = { out: (line: string) => void out.push(line), err: (line: string) => void err.push(line) };
  const code = await run(['embed', file, ...flags], { ...terminal, interactive: false });
  return { code, out: out.join('\n'), err: err.join('\n') };
}

it('prints the unit vector with its model as JSON', async () => {
  const bytes = await picture(7);
  const { code, out } = await embed(bytes, '--json');
  const { model, synthetic, embedding } = JSON.parse(out);
  const embedder = fakeEmbedder();
  const [expected] = await embedder.embed([bytes]);
  expect([code, model, synthetic]).toEqual([0, embedder.model.modelId, embedder.model.synthetic]);
  expect(Float32Array.from(embedding)).toEqual(expected!.embedding);
});

it('shows people the model and the first numbers', async () => {
  const { code, out } = await embed(await picture(7));
  expect(code).toBe(0);
  expect(out).toMatch(/: 2048 numbers, (-?\d\.\d{5} ){6}…$/);
});

it('says why a file cannot be embedded, and exits with 1', async () => {
  const { code, out, err } = await embed(badPicture());
  expect([code, out]).toEqual([1, '']);
  expect(err).toContain('picture.png: ');
});
