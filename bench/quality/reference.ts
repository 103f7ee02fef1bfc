/** Our way from a file to an embedding beside that of Pillow, torchvision and torch, by the mAP of the same tasks. */

import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import sharp from 'sharp';
import { Reference } from '../embed/reference.ts';
import type { SampleCache } from './library.ts';
import { measureTask, type TaskQuality } from './retrieval.ts';
import type { Source } from './source.ts';
import type { Task } from './tasks.ts';

export interface ReferenceQuality {
  /** Of torch, torchvision and Pillow. */
  readonly versions: Readonly<Record<string, string>>;
  readonly tasks: readonly { readonly ours: TaskQuality; readonly theirs: TaskQuality }[];
}

/**
 * The reference ignores orientation and colour profiles, and what is behind transparency is left to the file: pictures with any of
 * these are given to both as the upright sRGB picture on white.
 */
async function plain(bytes: Uint8Array): Promise<Uint8Array> {
  const { hasAlpha, orientation = 1, icc, format } = await sharp(bytes).metadata();
  if (!hasAlpha && orientation === 1 && !icc && (format === 'jpeg' || format === 'png')) return bytes;
  return sharp(bytes)
    .rotate()
    .flatten({ background: '#ffffff' })
    .toColourspace('srgb')
    .removeAlpha()
    .png()
    .toBuffer();
}

/**
 * @param python has torch, torchvision and Pillow
 * @param weights a `.pth` file
 */
export async function measureReference(
  tasks: readonly Task[],
  cache: SampleCache,
  {
    python,
    weights,
    threads,
  }: { readonly python: string; readonly weights: string; readonly threads: number },
): Promise<ReferenceQuality> {
  const scratch = await mkdtemp(join(tmpdir(), 'likeness-reference-'));
  const reference = await Reference.start({ python, threads, weights, scratch });
  try {
    const measured: ReferenceQuality['tasks'][number][] = [];
    for (const task of tasks) {
      const names: string[] = [];
      const ours: Float32Array[] = [];
      for (const [i, { source }] of task.pictures.entries()) {
        const bytes = await plain(await source.read());
        names.push(`${i}`);
        await writeFile(join(scratch, `${i}`), bytes);
        const same: Source = { ...source, read: async () => bytes };
        ours.push(await cache.embedding(same));
      }
      const { vectors } = await reference.run(scratch, names, 8);
      measured.push({ ours: measureTask(task, ours), theirs: measureTask(task, vectors) });
    }
    return { versions: reference.versions, tasks: measured };
  } finally {
    reference.stop();
    await rm(scratch, { recursive: true });
  }
}
