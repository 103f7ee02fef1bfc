/** How well what belongs together is found: mean average precision over tasks, by plain and by centred scores. */

import { readdir } from 'node:fs/promises';
import { extname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import sharp from 'sharp';
import { Centering } from '../../vectorlog/read/centered.ts';
import { renderedNames } from '../pictures.ts';
import { photo, rendered, TAKEN } from './originals.ts';
import { painted } from './painted.ts';
import { type Source, shuffled } from './source.ts';

/** Pictures of which each belongs to a class, or to none: those are only there to be mistaken. */
export interface Task {
  readonly name: string;
  readonly pictures: readonly { readonly source: Source; readonly of: string | undefined }[];
}

export interface Scores {
  /** Mean average precision, and precision of the first and the first five, over all pictures that have a partner. */
  readonly mAP: number;
  readonly p1: number;
  readonly p5: number;
  readonly queries: number;
}

export interface TaskQuality {
  readonly name: string;
  readonly plain: Scores;
  readonly centered: Scores;
}

/** Photos beside the repository, where there are any: the class is the name's beginning. */
const PHOTOS = fileURLToPath(new URL('../../../shared/photos', import.meta.url));

/**
 * The tasks that this machine has pictures for.
 *
 * @param labelled folders of a task each, with a folder for each class
 * @param classes of the tasks on rendered pictures, and pictures of those on halves
 */
export async function tasksHere(labelled: readonly string[], classes: number): Promise<Task[]> {
  const tasks = [await skinTones(classes), await sexes(classes), await halves('painted', classes)];
  const photos = await files(PHOTOS);
  if (photos.length > 0) {
    const pictures = photos.map((name) => {
      return { source: photo(join(PHOTOS, name)), of: name.replace(/_.*$/, '') };
    });
    tasks.push({ name: 'photos by motif', pictures });
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

/** One activity by women, by men and by persons, of one skin tone. */
async function sexes(classes: number): Promise<Task> {
  const names = (await renderedNames()).filter((name) => !name.match(TONE));
  const both = new Set(names.filter((name) => name.match(SEX)).map((name) => name.replace(SEX, '')));
  const chosen = new Set(shuffled([...both], 5).slice(0, classes));
  return {
    name: 'drawings by activity',
    pictures: amongOthers(names, chosen, (name) => name.replace(SEX, '')),
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

/** The left and the right two thirds of one scene. */
async function halves(name: string, classes: number): Promise<Task> {
  const pictures: Task['pictures'][number][] = [];
  for (let seed = 0; seed < classes; seed++) {
    const whole = painted(1_000 + seed);
    for (const side of ['left', 'right'] as const) {
      const source: Source = {
        ...whole,
        name: `${whole.name} ${side}`,
        read: async () => {
          const picture = sharp(await whole.read());
          const { width, height } = await picture.metadata();
          const part = Math.round((width * 2) / 3);
          return picture
            .extract({ left: side === 'left' ? 0 : width - part, top: 0, width: part, height })
            .jpeg({ quality: 92 })
            .toBuffer();
        },
      };
      pictures.push({ source, of: `${seed}` });
    }
  }
  return { name: `halves of ${name} scenes`, pictures };
}

/** Measures one task. Every picture that has a partner is searched by once, and all others are ranked. */
export function measureTask({ name, pictures }: Task, embeddings: readonly Float32Array[]): TaskQuality {
  const classes = pictures.map(({ of }) => of);
  const centering = new Centering(embeddings[0]?.length ?? 0);
  for (const embedding of embeddings) centering.add(embedding);
  return {
    name,
    plain: measure(embeddings, classes),
    centered: measure(
      embeddings.map((embedding) => centering.center(embedding)),
      classes,
    ),
  };
}

function measure(vectors: readonly Float32Array[], classes: readonly (string | undefined)[]): Scores {
  let [mAP, p1, p5, queries] = [0, 0, 0, 0];
  for (const [q, query] of vectors.entries()) {
    const partners = classes.filter((of, i) => i !== q && of !== undefined && of === classes[q]).length;
    if (partners === 0) continue;
    const ranked = vectors
      .map((vector, i) => ({ i, score: product(query, vector) }))
      .filter(({ i }) => i !== q)
      .sort((a, b) => b.score - a.score)
      .map(({ i }) => classes[i] === classes[q]);
    let [right, precision] = [0, 0];
    for (const [rank, isRight] of ranked.entries()) if (isRight) precision += ++right / (rank + 1);
    mAP += precision / partners;
    p1 += Number(ranked[0]);
    p5 += ranked.slice(0, 5).filter(Boolean).length / Math.min(5, partners);
    queries++;
  }
  const share = (sum: number) => Math.round((1000 * sum) / Math.max(1, queries)) / 10;
  return { mAP: share(mAP), p1: share(p1), p5: share(p5), queries };
}

function product(a: Float32Array, b: Float32Array): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += a[i]! * b[i]!;
  return sum;
}
