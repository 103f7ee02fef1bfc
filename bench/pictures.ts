/** The pictures that embedding is measured on. */

import { readdir } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';

/** A folder of rendered pictures, 256 x 256 WebP. */
export const RENDERED = fileURLToPath(
  new URL('../node_modules/@lobehub/fluent-emoji-3d/assets', import.meta.url),
);

/** The names of the rendered pictures, in order. */
export const renderedNames = (): Promise<string[]> => names(RENDERED, /\.webp$/);

/** The names of the photos in a folder, in order. */
export const photoNames = (folder: string): Promise<string[]> => names(folder, /\.jpe?g$/i);

const names = async (folder: string, kind: RegExp): Promise<string[]> =>
  (await readdir(folder)).filter((name) => kind.test(name)).sort();
