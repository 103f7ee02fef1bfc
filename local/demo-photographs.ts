/** The demonstration's photographs: nine of the public domain, each with a smaller copy and a detail to find it by. */

import { copyFile, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import sharp from 'sharp';

/** Where they are, from here and from `dist/`. */
const SOURCE = fileURLToPath(new URL('../local/demo', import.meta.url));

/** Of each photograph: the picture itself, the whole of it smaller, and its middle. */
const VARIANTS: Readonly<Record<string, (from: string, to: string) => Promise<unknown>>> = {
  photographs: copyFile,
  'photographs/small copies': (from, to) => sharp(from).resize(480).jpeg({ quality: 70 }).toFile(to),
  'photographs/details': async (from, to) => {
    const { width, height } = await sharp(from).metadata();
    const [w, h] = [Math.round(width * 0.5), Math.round(height * 0.6)];
    const left = Math.round((width - w) / 2);
    await sharp(from)
      .extract({ left, top: height - h, width: w, height: h })
      .toFile(to);
  },
};

/** The photographs and what is made of them: the path of each below a folder, and how it gets there. */
export async function demoPhotographs(): Promise<ReadonlyMap<string, (to: string) => Promise<unknown>>> {
  const names = (await readdir(SOURCE)).filter((name) => name.endsWith('.jpg')).sort();
  return new Map(
    Object.entries(VARIANTS).flatMap(([below, write]) =>
      names.map((name) => [`${below}/${name}`, (to: string) => write(join(SOURCE, name), to)] as const),
    ),
  );
}
