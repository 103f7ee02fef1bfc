/** The demonstration's pictures: files with names that people can read. */

import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import sharp from 'sharp';
import { expect, test } from 'vitest';
import { demoPhotographs } from '../../local/demo-photographs.ts';
import {
  addPictures,
  demoNames,
  demoPictures,
  demoSource,
  readableNames,
} from '../../local/demo-pictures.ts';

test('names say what a drawing shows', () => {
  const readable = readableNames();
  expect(readable('1f600.webp')).toBe('grinning face.webp');
  expect(readable('1f44b-1f3ff.webp')).toBe('waving hand, dark skin tone.webp');
  expect(readable('not-a-code.webp')).toBe('not-a-code.webp');
});

test('no two of the demonstration have the same name, and none keeps its code points', async () => {
  const names = (await demoNames(demoSource()!)).map(readableNames());
  expect(new Set(names).size).toBe(names.length);
  expect(names.filter((name) => /^[0-9a-f]{4,5}(?:-|\.)/.test(name))).toEqual([]);
});

test('photographs come with the drawings, each whole, small and as a detail', async () => {
  const paths = [...(await demoPictures()).keys()];
  expect(paths.filter((path) => path.startsWith('demo/photographs/'))).toHaveLength(27);
  expect(paths.filter((path) => path.startsWith('demo/drawings/'))).toHaveLength(500);
});

test('a picture that is there already stays as it is', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'likeness-demo-'));
  try {
    const photographs = await demoPhotographs();
    const placeFor = async (key: string) => join(folder, key);
    await addPictures(photographs, placeFor);
    const alps = join(folder, 'photographs/alps.jpg');
    await writeFile(alps, 'mine');
    await addPictures(photographs, placeFor);
    expect(await readFile(alps, 'utf8')).toBe('mine');
    const { width } = await sharp(join(folder, 'photographs/small copies/alps.jpg')).metadata();
    expect(width).toBe(480);
  } finally {
    await rm(folder, { recursive: true });
  }
});
