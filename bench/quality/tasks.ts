/** What belongs together, as tasks: pictures of classes, of this machine and of folders that somebody names. */

import { readdir } from 'node:fs/promises';
import { basename, extname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import sharp from 'sharp';
import groups from 'unicode-emoji-json/data-by-emoji.json' with { type: 'json' };
import { renderedNames } from '../pictures.ts';
import { CHANGES, originalOf } from './changes.ts';
import { photo, rendered, TAKEN } from './originals.ts';
import { cutOf, garment, painted } from './painted.ts';
import { type Source, shuffled } from './source.ts';

/** Pictures of which each belongs to a class, or to none: those are only there to be mistaken. */
export interface Task {
  readonly name: string;
  readonly pictures: readonly { readonly source: Source; readonly of: string | undefined }[];
}

/** Photos beside the repository, where there are any: the class is the name's beginning. */
const PHOTOS = fileURLToPath(new URL('../../../shared/photos', import.meta.url));

/**
 * The tasks that this machine has pictures for.
 *
 * @param labelled folders of a task each, with a folder for each class
 * @param classes of most tasks
 * @param folders photos, each a class of its own parts and changes
 */
export async function tasksHere(
  labelled: readonly string[],
  classes: number,
  folders: readonly string[] = [],
): Promise<Task[]> {
  const scenes = Array.from({ length: classes }, (_, seed) => painted(1_000 + seed));
  const tasks = [
    await skinTones(classes),
    await sexes(classes),
    await kinds(classes),
    await byName(classes),
    { name: 'halves of painted scenes', pictures: scenes.flatMap(halvesOf) },
    variants('painted scenes by moment', classes, (seed, variant) => painted(2_000 + seed, variant)),
    variants('garments by colour', classes, (seed, variant) => garment(2_000 + seed, variant)),
    cuts(4 * classes),
  ];
  const motifs = (await files(PHOTOS)).map((name) => join(PHOTOS, name));
  if (motifs.length > 0) {
    const pictures = motifs.map((path) => ({ source: photo(path), of: basename(path).split('_', 1)[0]! }));
    tasks.push({ name: 'photos by motif', pictures });
  }
  const named = await Promise.all(
    folders.map(async (folder) => (await files(folder)).map((name) => join(folder, name))),
  );
  const photos = shuffled(named.flat(), 9)
    .slice(0, 6 * classes)
    .map(photo);
  if (photos.length > 0) {
    tasks.push({ name: 'halves of photos', pictures: photos.flatMap(halvesOf) });
    tasks.push({ name: 'changed photos', pictures: photos.flatMap(changesOf) });
  }
  for (const folder of labelled) {
    const names = (await files(folder)).filter((name) => /[\\/]/.test(name));
    tasks.push({
      name: folder.split(/[\\/]/).at(-1)!,
      pictures: names.map((name) => ({ source: photo(join(folder, name)), of: name.split(/[\\/]/)[0]! })),
    });
  }
  return tasks;
}

async function files(folder: string): Promise<string[]> {
  const names = await readdir(folder, { recursive: true }).catch(() => []);
  return names.filter((name) => TAKEN.has(extname(name).toLowerCase())).sort();
}

/** Skin tones of Unicode: five modifiers. */
const TONE = /-1f3f[b-f]/g;
/** Signs of sex, as a part of a sequence. */
const SEX = /-200d-264[02]-fe0f/g;

/** One drawing in six skin tones, among others. */
async function skinTones(classes: number): Promise<Task> {
  const names = (await renderedNames()).filter((name) => !name.includes('200d'));
  const withTones = new Set(names.filter((name) => name.match(TONE)).map((name) => name.replace(TONE, '')));
  const chosen = new Set(shuffled([...withTones], 3).slice(0, classes));
  return {
    name: 'drawings by skin tone',
    pictures: amongOthers(names, chosen, (name) => name.replace(TONE, '')),
  };
}

/** One activity by women and by men of six skin tones, among others. */
async function sexes(classes: number): Promise<Task> {
  // Of all skin tones, so that the drawings of one activity differ in two ways.
  const names = (await renderedNames()).filter((name) => name.includes('200d'));
  const activity = (name: string) => name.replace(SEX, '').replace(TONE, '');
  const both = new Set(names.filter((name) => name.match(SEX)).map(activity));
  const chosen = new Set(shuffled([...both], 5).slice(0, classes));
  return {
    name: 'drawings by activity',
    pictures: amongOthers(names, chosen, activity),
  };
}

/** The pictures of some classes, and five others for each class. */
function amongOthers(
  names: readonly string[],
  classes: ReadonlySet<string>,
  classOf: (name: string) => string,
): Task['pictures'] {
  const others = names.filter((name) => !classes.has(classOf(name)));
  return [
    ...names
      .filter((name) => classes.has(classOf(name)))
      .map((name) => ({ source: rendered(name), of: classOf(name) })),
    ...shuffled(others, 7)
      .slice(0, 5 * classes.size)
      .map((name) => ({ source: rendered(name), of: undefined })),
  ];
}

/** Drawings of Unicode's groups: faces, people, animals, food, places, activities, objects, symbols. Flags are by far the easiest. */
async function kinds(classes: number): Promise<Task> {
  const groupOf = new Map(Object.entries(groups).map(([emoji, { group }]) => [codesOf(emoji), group]));
  const names = (await renderedNames()).filter((name) => !name.match(TONE) && !name.includes('200d'));
  const known = names.flatMap((name) => {
    const of = groupOf.get(name.replace(/\.webp$/, ''));
    return of === undefined || of === 'Flags' ? [] : [{ source: rendered(name), of }];
  });
  const all = [...new Set(known.map(({ of }) => of))].sort();
  return {
    name: 'drawings by group',
    pictures: all.flatMap((group) =>
      shuffled(
        known.filter(({ of }) => of === group),
        13,
      ).slice(0, 3 * classes),
    ),
  };
}

/** Pictures of a class, where the drawings of a name are more. */
const MOST_OF_A_NAME = 8;
/** Drawings of a name below which it is no class. */
const LEAST_OF_A_NAME = 5;

/** Drawings whose names end in the same word: hearts, arrows, clocks, moons, cats; those of few are no class. */
async function byName(classes: number): Promise<Task> {
  const wordOf = new Map(
    Object.entries(groups).map(([emoji, { name }]) => [codesOf(emoji), name.split(' ').at(-1)!]),
  );
  const drawings = shuffled(
    (await renderedNames()).filter((name) => !name.match(TONE) && !name.includes('200d')),
    17,
  );
  const byWord = new Map<string, string[]>();
  for (const name of drawings) {
    const word = wordOf.get(name.replace(/\.webp$/, ''));
    if (word !== undefined) byWord.set(word, [...(byWord.get(word) ?? []), name]);
  }
  const large = [...byWord].filter(([, all]) => all.length >= LEAST_OF_A_NAME).sort();
  return {
    name: 'drawings by name',
    pictures: shuffled(large, 19)
      .slice(0, 2 * classes)
      .flatMap(([of, all]) => all.slice(0, MOST_OF_A_NAME).map((name) => ({ source: rendered(name), of }))),
  };
}

/** Code points in hexadecimal, as files of drawings are called. */
const codesOf = (emoji: string): string =>
  [...emoji].map((each) => each.codePointAt(0)!.toString(16)).join('-');

/** One thing in four ways. */
const variants = (name: string, classes: number, make: (seed: number, variant: number) => Source): Task => ({
  name,
  pictures: Array.from({ length: 4 * classes }, (_, i) => ({
    source: make(Math.floor(i / 4), i % 4),
    of: `${Math.floor(i / 4)}`,
  })),
});

/** Garments of one cut, each of another colour and pattern; one that is alone of its cut is of no class. */
function cuts(count: number): Task {
  const seeds = Array.from({ length: count }, (_, i) => 3_000 + i);
  const isAlone = (seed: number) => seeds.filter((each) => cutOf(each) === cutOf(seed)).length === 1;
  return {
    name: 'garments by cut',
    pictures: seeds.map((seed) => ({
      source: garment(seed),
      of: isAlone(seed) ? undefined : `${cutOf(seed)}`,
    })),
  };
}

/** The left and the right two thirds of one picture. */
const halvesOf = (whole: Source): Task['pictures'] =>
  (['left', 'right'] as const).map((side) => ({
    of: whole.name,
    source: {
      ...whole,
      name: `${whole.name} ${side}`,
      read: async () => {
        const upright = await sharp(await whole.read())
          .rotate()
          .toBuffer({ resolveWithObject: true });
        const { width, height } = upright.info;
        const part = Math.round((width * 2) / 3);
        return sharp(upright.data)
          .extract({ left: side === 'left' ? 0 : width - part, top: 0, width: part, height })
          .jpeg({ quality: 92 })
          .toBuffer();
      },
    },
  }));

/** Every fifth change of one picture, and itself. */
const changesOf = (whole: Source): Task['pictures'] => [
  { of: whole.name, source: whole },
  ...CHANGES.filter((_, i) => i % 5 === 2).map(({ name, make }) => ({
    of: whole.name,
    source: {
      ...whole,
      name: `${whole.name} ${name}`,
      read: async () => make(await originalOf(await whole.read())),
    },
  })),
];
