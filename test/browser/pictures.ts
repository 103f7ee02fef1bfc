/** Picture files made for one test, in a folder of their own. */

import { copyFile, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import sharp from 'sharp';
import { demoPath } from './demo-pictures.ts';

export interface PictureFolder {
  readonly path: string;
  /** Copies a drawing under a name of its own. */
  copy(drawing: string, name: string): Promise<string>;
  /** The drawing as a smaller JPEG: the same to the eye, another file. */
  smaller(drawing: string, name: string): Promise<string>;
  /** Two drawings beside each other. */
  pair(left: string, right: string, name: string): Promise<string>;
  /** A file of any bytes. */
  write(name: string, content: string): Promise<string>;
  remove(): Promise<void>;
}

const SIDE = 256;

export async function pictureFolder(): Promise<PictureFolder> {
  const path = await mkdtemp(join(tmpdir(), 'likeness-pictures-'));
  const into = (name: string) => join(path, name);
  const flat = (drawing: string, side: number) =>
    sharp(demoPath(drawing)).resize(side, side).flatten({ background: 'white' });
  return {
    path,
    async copy(drawing, name) {
      await copyFile(demoPath(drawing), into(name));
      return into(name);
    },
    async smaller(drawing, name) {
      await flat(drawing, 200).jpeg({ quality: 85 }).toFile(into(name));
      return into(name);
    },
    async pair(left, right, name) {
      const [a, b] = await Promise.all([left, right].map((drawing) => flat(drawing, SIDE).png().toBuffer()));
      await sharp({ create: { width: 2 * SIDE, height: SIDE, channels: 3, background: 'white' } })
        .composite([
          { input: a!, left: 0, top: 0 },
          { input: b!, left: SIDE, top: 0 },
        ])
        .png()
        .toFile(into(name));
      return into(name);
    },
    async write(name, content) {
      await writeFile(into(name), content);
      return into(name);
    },
    remove: () => rm(path, { recursive: true, force: true }),
  };
}
