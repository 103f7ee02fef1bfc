/** Any number of pictures that differ: rendered ones before a ground of their own, turned and mirrored. */

import { readFile, writeFile } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import sharp from 'sharp';
import { mapInParallel } from '../../vectorlog/parallel.ts';
import { RENDERED, renderedNames } from '../pictures.ts';

/** JPEG files of 320 x 320 pixels, some 15 KB each. @returns their paths in `folder` */
export async function madePictures(folder: string, count: number, first = 0): Promise<string[]> {
  const names = await renderedNames();
  const numbers = Array.from({ length: count }, (_, i) => first + i);
  return mapInParallel(availableParallelism(), numbers, async (number) => {
    const turn = Math.floor(number / names.length);
    const source = await readFile(join(RENDERED, names[number % names.length]!));
    const path = join(folder, `${number}.jpg`);
    const picture = sharp(source)
      .resize(320, 320)
      .flatten({ background: { r: (number * 37) % 256, g: (number * 59) % 256, b: (number * 83) % 256 } })
      .rotate((turn % 4) * 90)
      .flop(turn % 8 >= 4);
    await writeFile(path, await picture.jpeg().toBuffer());
    return path;
  });
}
