/** The pictures that quality is measured on: rendered ones, photos that somebody names, painted scenes and garments. */

import { readdir, readFile } from 'node:fs/promises';
import { basename, extname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { RENDERED, renderedNames } from '../pictures.ts';
import { garment, painted } from './painted.ts';
import { type Source, shuffled } from './source.ts';

/** Photos beside the repository, where there are any. */
const PHOTOS = fileURLToPath(new URL('../../../shared/photos', import.meta.url));
export const TAKEN = new Set(['.jpg', '.jpeg', '.png', '.webp', '.gif', '.tif', '.tiff', '.avif']);

export interface Chosen {
  /** Pictures that copies are made of. */
  readonly originals: readonly Source[];
  /** These and others, among which the original of a copy is to be found. */
  readonly gallery: readonly Source[];
}

/** Rendered pictures that differ by colour alone, by their names: hearts, books, diamonds, circles and squares. */
const COLOURS = [
  /^(2764-fe0f|1f49[9a-c]|1f5a4|1f90[de]|1f9e1|1fa7[5-7])$/,
  /^1f4d[5-9]$/,
  /^1f53[6-9]$/,
  /^(1f53[45]|1f7e[0-4]|26a[ab])$/,
  /^(1f7e[5-9ab]|2b1[bc])$/,
];
/** Colours of one garment, and moments of one scene, that the gallery has beside the one that copies are made of. */
const VARIANTS = 3;
/** Originals of each kind that `--fit` learns from, in the order in which they are shuffled. */
const LEARNED_FROM = { rendered: 80, photos: 100 } as const;
/** Painted pictures from this seed on are none that anything was learned from. */
const HELD_OUT_SEED = 500;

/**
 * Chooses the same pictures in every run. The gallery has, for each original, what is easily taken for it: rendered ones that
 * differ by skin tone, sex, hair or colour only, the garment in other colours, the scene a moment later. To take one of these
 * for a copy is wrong.
 */
export async function chooseOriginals(options: {
  readonly rendered: number;
  readonly painted: number;
  readonly garments: number;
  readonly photos: number;
  /** Other rendered pictures in the gallery. */
  readonly others: number;
  /** Folders with more photos. */
  readonly folders: readonly string[];
  /** Other originals, of other families, than those that the verdict learned from. */
  readonly heldOut?: boolean;
}): Promise<Chosen> {
  const names = shuffled(await renderedNames(), 11);
  const coloured = COLOURS.map((set) => names.find((name) => set.test(stemOf(name)))).filter(
    (name) => name !== undefined,
  );
  const learnedFrom = [...new Set([...coloured, ...names])].slice(0, LEARNED_FROM.rendered);
  const known = new Set(learnedFrom.map(familyOf));
  const originals = (
    options.heldOut ? names.filter((name) => !known.has(familyOf(name))) : learnedFrom
  ).slice(0, options.rendered);
  const families = new Set(originals.map(familyOf));
  const family = names.filter((name) => families.has(familyOf(name)));
  const others = names.filter((name) => !families.has(familyOf(name))).slice(0, options.others);
  const found = [
    ...(await pictureFiles(PHOTOS)),
    ...(await Promise.all(options.folders.map(pictureFiles))).flat(),
  ];
  const photos = shuffled(found, 5).map(photo);
  const knownPhotos = photos.slice(0, LEARNED_FROM.photos);
  const knownMotifs = new Set(knownPhotos.map((each) => each.family));
  const takenPhotos = options.heldOut ? photos.filter((each) => !knownMotifs.has(each.family)) : knownPhotos;
  const firstSeed = options.heldOut ? HELD_OUT_SEED : 0;
  const seeds = (count: number) => Array.from({ length: count }, (_, i) => firstSeed + i);
  const scenes = seeds(options.painted).map((seed) => painted(seed));
  const garments = seeds(options.garments).map((seed) => garment(seed));
  const variants = Array.from({ length: VARIANTS }, (_, i) => [
    ...seeds(options.painted).map((seed) => painted(seed, i + 1)),
    ...seeds(options.garments).map((seed) => garment(seed, i + 1)),
  ]);
  return {
    originals: [...originals.map(rendered), ...takenPhotos.slice(0, options.photos), ...scenes, ...garments],
    gallery: [
      ...[...new Set([...originals, ...family, ...others])].map(rendered),
      ...photos,
      ...scenes,
      ...garments,
      ...variants.flat(),
    ],
  };
}

const stemOf = (name: string): string => name.replace(/\.webp$/, '');

/** Variants of one drawing: its colours, or the first code point, which hands, people and flags share with theirs. */
function familyOf(name: string): string {
  const stem = stemOf(name);
  const set = COLOURS.findIndex((each) => each.test(stem));
  return set < 0 ? stem.split('-')[0]! : `colours ${set}`;
}

export const rendered = (name: string): Source => ({
  name: `rendered/${name}`,
  kind: 'rendered',
  family: familyOf(name),
  read: () => readFile(join(RENDERED, name)),
});

export const photo = (path: string): Source => ({
  name: path,
  kind: 'photo',
  family: basename(path).replace(/_\d+\.\w+$/, ''),
  read: () => readFile(path),
});

async function pictureFiles(folder: string): Promise<string[]> {
  const names = await readdir(folder, { recursive: true }).catch(() => []);
  return names
    .filter((name) => TAKEN.has(extname(name).toLowerCase()))
    .sort()
    .map((name) => join(folder, name));
}
