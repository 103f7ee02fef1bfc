/** The demonstration's pictures: some photographs, and in a clone 500 drawings, 300 of which are 50 motifs in six skin tones each. */

import { copyFile, mkdir, readdir, stat } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { demoPhotographs } from './demo-photographs.ts';
import { keyOfPath } from './picture-names.ts';

/** The folder that they get in the library. */
const DEMO_FOLDER = 'demo';

const MOTIFS = 50;
const OTHERS = 200;

/** Skin tones are a part of the file's name: an emoji's modifier in hexadecimal. */
const TONE = /-1f3f[b-f]/g;

/** The same for all skin tones of one motif. */
export const motifOf = (name: string): string => name.replaceAll(TONE, '');

/** Where the drawings are; `undefined` where the package that has them is not installed. */
export function demoSource(): string | undefined {
  try {
    const require = createRequire(import.meta.url);
    return join(dirname(require.resolve('@lobehub/fluent-emoji-3d/package.json')), 'assets');
  } catch {
    return undefined;
  }
}

/** The names of the 500, the same ones each time. */
export async function demoNames(source: string): Promise<string[]> {
  const motifs = new Map<string, string[]>();
  for (const name of (await readdir(source)).sort()) {
    motifs.set(motifOf(name), [...(motifs.get(motifOf(name)) ?? []), name]);
  }
  const toned = [...motifs.values()].filter((names) => names.length === 6);
  const single = [...motifs.values()].filter((names) => names.length === 1);
  return [...spread(toned, MOTIFS), ...spread(single, OTHERS)].flat();
}

const TONES: Readonly<Record<string, string>> = {
  '1f3fb': 'light',
  '1f3fc': 'medium-light',
  '1f3fd': 'medium',
  '1f3fe': 'medium-dark',
  '1f3ff': 'dark',
};

/** What the code points of a drawing leave out or put in where the lists of names do not. */
const bare = (codes: string): string => codes.replaceAll(/-fe0f|-1f3f[b-f]/g, '').replaceAll(/^0+/g, '');

/** Names for people, `waving hand, dark skin tone.webp` for `1f44b-1f3ff.webp`; the code points where there is no name. */
export function readableNames(): (file: string) => string {
  const names = new Map<string, string>();
  try {
    const emoji = createRequire(import.meta.url)('unicode-emoji-json/data-by-emoji.json') as Readonly<
      Record<string, { readonly name: string }>
    >;
    for (const [characters, { name }] of Object.entries(emoji)) {
      const codes = Array.from(characters, (character) => character.codePointAt(0)!.toString(16)).join('-');
      names.set(bare(codes), name);
    }
  } catch {
    // Without the list of names, which only a clone has, the drawings keep those of their files.
  }
  return (file) => {
    const codes = file.slice(0, file.lastIndexOf('.'));
    const name = names.get(bare(codes));
    const tones = [...new Set(codes.match(/1f3f[b-f]/g))].map((code) => TONES[code]);
    // What Windows does not have in names.
    const text = name?.replaceAll(/[\\/:*?"<>|]/g, '');
    return text ? `${text}${tones.length > 0 ? `, ${tones.join(' and ')} skin tone` : ''}.webp` : file;
  };
}

/** Every picture of the demonstration: its path below the library's folder, and how it gets there. */
export async function demoPictures(): Promise<ReadonlyMap<string, (to: string) => Promise<unknown>>> {
  const pictures = new Map<string, (to: string) => Promise<unknown>>();
  for (const [path, write] of await demoPhotographs()) pictures.set(join(DEMO_FOLDER, path), write);
  const source = demoSource();
  if (source) {
    const readable = readableNames();
    for (const name of await demoNames(source))
      pictures.set(join(DEMO_FOLDER, 'drawings', readable(name)), (to) => copyFile(join(source, name), to));
  }
  return pictures;
}

/**
 * Writes pictures into a library; those that are there already stay as they are.
 *
 * @param placeFor the path of the file that a picture is to be
 */
export async function addPictures(
  pictures: ReadonlyMap<string, (to: string) => Promise<unknown>>,
  placeFor: (key: string) => Promise<string>,
): Promise<void> {
  for (const [path, write] of pictures) {
    const to = await placeFor(keyOfPath(path));
    await mkdir(dirname(to), { recursive: true });
    if (!(await isThere(to))) await write(to);
  }
}

const isThere = (path: string): Promise<boolean> =>
  stat(path).then(
    () => true,
    () => false,
  );

/** `n` of the items, evenly spread over all. */
const spread = <T>(items: readonly T[], n: number): T[] =>
  Array.from({ length: Math.min(n, items.length) }, (_, i) => items[Math.floor((i * items.length) / n)]!);
