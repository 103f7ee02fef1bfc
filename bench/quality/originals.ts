/** The pictures that quality is measured on: rendered ones, photos that somebody names, and painted scenes. */

import { readdir, readFile } from 'node:fs/promises';
import { extname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import sharp from 'sharp';
import { RENDERED, renderedNames } from '../pictures.ts';
import { numbers } from './changes.ts';

export type Kind = 'rendered' | 'photo' | 'painted';

export interface Source {
  readonly name: string;
  readonly kind: Kind;
  readonly read: () => Promise<Uint8Array>;
}

/** Photos beside the repository, where there are any. */
const PHOTOS = fileURLToPath(new URL('../../../shared/photos', import.meta.url));
export const TAKEN = new Set(['.jpg', '.jpeg', '.png', '.webp', '.gif', '.tif', '.tiff', '.avif']);

export interface Chosen {
  /** Pictures that copies are made of. */
  readonly originals: readonly Source[];
  /** These and others, among which the original of a copy is to be found. */
  readonly gallery: readonly Source[];
}

/**
 * Chooses the same pictures in every run. The gallery has, for each rendered original, those that differ from it by skin
 * tone, sex or hair only: to take one for a copy is wrong.
 */
export async function chooseOriginals(options: {
  readonly rendered: number;
  readonly painted: number;
  readonly photos: number;
  /** Others in the gallery. */
  readonly others: number;
  /** Folders with more photos. */
  readonly folders: readonly string[];
}): Promise<Chosen> {
  const names = shuffled(await renderedNames(), 11);
  const originals = names.slice(0, options.rendered);
  const families = new Set(originals.map(familyOf));
  const family = names.filter((name) => families.has(familyOf(name)));
  const others = names.filter((name) => !families.has(familyOf(name))).slice(0, options.others);
  const photos = [
    ...(await pictureFiles(PHOTOS)),
    ...(await Promise.all(options.folders.map(pictureFiles))).flat(),
  ];
  const named = options.folders.length > 0 ? photos : photos.slice(0, options.photos);
  const scenes = Array.from({ length: options.painted + Math.ceil(options.others / 6) }, (_, i) =>
    painted(i),
  );
  return {
    originals: [...originals.map(rendered), ...named.map(photo), ...scenes.slice(0, options.painted)],
    gallery: [...new Set([...originals, ...family, ...others])]
      .map(rendered)
      .concat(photos.map(photo), scenes),
  };
}

/** The first code point: hands, people and flags share it with their variants. */
const familyOf = (name: string): string => name.replace(/\.webp$/, '').split('-')[0]!;

const rendered = (name: string): Source => ({
  name: `rendered/${name}`,
  kind: 'rendered',
  read: () => readFile(join(RENDERED, name)),
});

const photo = (path: string): Source => ({ name: path, kind: 'photo', read: () => readFile(path) });

async function pictureFiles(folder: string): Promise<string[]> {
  const names = await readdir(folder, { recursive: true }).catch(() => []);
  return names
    .filter((name) => TAKEN.has(extname(name).toLowerCase()))
    .sort()
    .map((name) => join(folder, name));
}

export function shuffled<T>(items: readonly T[], seed: number): T[] {
  const next = numbers(seed);
  const out = [...items];
  for (let i = out.length - 1; i > 0; i--) {
    const j = Math.floor(next() * (i + 1));
    [out[i], out[j]] = [out[j]!, out[i]!];
  }
  return out;
}

/** A landscape that a program paints: sky, hills, a town or trees, light and grain, no two alike. */
export const painted = (seed: number): Source => ({
  name: `painted/${seed}`,
  kind: 'painted',
  read: async () => {
    const next = numbers(seed * 7919 + 17);
    const [w, h] = next() < 0.5 ? [640, 480] : [480, 640];
    const hue = next() * 360;
    const hills = Array.from({ length: 4 }, (_, layer) => {
      let y = h * (0.35 + 0.15 * layer);
      const points = Array.from({ length: 14 }, (_, i) => {
        y += (next() - 0.5) * h * 0.12;
        return `${((i * w) / 12).toFixed(0)},${y.toFixed(0)}`;
      });
      return `<polygon points="0,${h} ${points.join(' ')} ${w},${h}" fill="hsl(${hue + layer * 30 + next() * 40},${25 + next() * 40}%,${60 - layer * 12}%)"/>`;
    });
    const things = Array.from({ length: 30 + Math.floor(next() * 60) }, () => {
      const [x, y, size] = [next() * w, h * (0.35 + next() * 0.6), 8 + next() * 50];
      const colour = `hsl(${next() * 360},${30 + next() * 50}%,${15 + next() * 65}%)`;
      const tilt = `transform="rotate(${next() * 40 - 20} ${x} ${y})"`;
      return next() < 0.5
        ? `<rect x="${x}" y="${y}" width="${size}" height="${size * (0.5 + next() * 1.5)}" fill="${colour}" ${tilt}/>`
        : `<ellipse cx="${x}" cy="${y}" rx="${size}" ry="${size * (0.4 + next())}" fill="${colour}" ${tilt}/>`;
    });
    const sky = `<defs><linearGradient id="s" x2="0" y2="1"><stop stop-color="hsl(${hue + 180},60%,40%)"/><stop offset="1" stop-color="hsl(${hue + 220},50%,80%)"/></linearGradient></defs><rect width="${w}" height="${h}" fill="url(#s)"/>`;
    const svg = `<svg xmlns="http://www.w3.org/2000/svg" width="${w}" height="${h}">${sky}${hills.join('')}${things.join('')}</svg>`;
    const { data } = await sharp(Buffer.from(svg))
      .removeAlpha()
      .blur(0.8)
      .raw()
      .toBuffer({ resolveWithObject: true });
    const grain = data.map((value) => Math.max(0, Math.min(255, value + (next() - 0.5) * 22)));
    return sharp(grain, { raw: { width: w, height: h, channels: 3 } })
      .jpeg({ quality: 92 })
      .toBuffer();
  },
});
