/** What people decided about duplicates: which pictures are none, and which folders to keep from. Kept in the store. */

import { createHash } from 'node:crypto';
import { mapInParallel } from '../../vectorlog/parallel.ts';
import { ObjectNotFound } from '../../vectorlog/store/errors.ts';
import type { ObjectStore } from '../../vectorlog/store/object-store.ts';
import { DECISIONS_PREFIX } from '../names.ts';

export interface FolderWishes {
  /** Prefixes of keys: "never delete from here". */
  readonly protected: readonly string[];
  /** Prefixes of keys: "keep from here". */
  readonly preferred: readonly string[];
}

export interface Decisions extends FolderWishes {
  /** Sets of keys of which no two are the same picture, whatever their pixels say. */
  readonly notDuplicates: readonly (readonly string[])[];
}

const FOLDERS = `${DECISIONS_PREFIX}folders.json`;
const NOT_PREFIX = `${DECISIONS_PREFIX}not/`;
/** Decisions that are read side by side. */
const READS_AT_ONCE = 16;

/** One object a set, so that two people who decide at once do not undo each other. */
const nameOf = (keys: readonly string[]): string =>
  `${NOT_PREFIX}${createHash('sha256').update(JSON.stringify(keys)).digest('hex').slice(0, 32)}.json`;

/** Whether a set of keys can have this name among the others. */
export const isNotDuplicatesName = (name: string): boolean => /^[0-9a-f]{32}\.json$/.test(name);

const canonical = (keys: readonly string[]): string[] => [...new Set(keys)].sort();

export async function readDecisions(store: ObjectStore): Promise<Decisions> {
  const notDuplicates: (readonly string[])[] = [];
  for await (const page of notDuplicatesAfter(store, undefined))
    notDuplicates.push(...page.map(({ keys }) => keys));
  return { ...(await readFolders(store)), notDuplicates };
}

/** Sets of keys that are no duplicates, in the order of their names, some at a time. @param after the name of the last one known */
export async function* notDuplicatesAfter(
  store: ObjectStore,
  after: string | undefined,
): AsyncIterable<readonly { readonly name: string; readonly keys: readonly string[] }[]> {
  const startAfter = after === undefined ? {} : { startAfter: NOT_PREFIX + after };
  for await (const page of store.list({ prefix: NOT_PREFIX, ...startAfter, pageSize: READS_AT_ONCE * 16 })) {
    const sets = await mapInParallel(READS_AT_ONCE, page, async ({ key }) => {
      const keys = await readJson<string[]>(store, key);
      return keys && { name: key.slice(NOT_PREFIX.length), keys };
    });
    yield sets.filter((set) => set !== undefined);
  }
}

export async function readFolders(store: ObjectStore): Promise<FolderWishes> {
  return (await readJson<FolderWishes>(store, FOLDERS)) ?? { protected: [], preferred: [] };
}

export async function writeFolders(store: ObjectStore, folders: FolderWishes): Promise<void> {
  await write(store, FOLDERS, folders);
}

/** Remembers that no two of these are the same picture. */
export async function writeNotDuplicates(store: ObjectStore, keys: readonly string[]): Promise<void> {
  const set = canonical(keys);
  await write(store, nameOf(set), set);
}

/** Takes that back for exactly these keys. */
export async function forgetNotDuplicates(store: ObjectStore, keys: readonly string[]): Promise<void> {
  await store.delete([nameOf(canonical(keys))]);
}

/** Answers quickly whether somebody said that two keys are not the same picture. */
export class NotDuplicates {
  readonly #setsOf = new Map<string, Set<number>>();

  constructor(sets: Decisions['notDuplicates']) {
    for (const [i, keys] of sets.entries()) {
      for (const key of keys) this.#setsOf.set(key, (this.#setsOf.get(key) ?? new Set()).add(i));
    }
  }

  get isEmpty(): boolean {
    return this.#setsOf.size === 0;
  }

  has(one: string, other: string): boolean {
    const sets = this.#setsOf.get(one);
    const others = this.#setsOf.get(other);
    if (!sets || !others) return false;
    for (const set of sets) if (others.has(set)) return true;
    return false;
  }
}

async function readJson<T>(store: ObjectStore, name: string): Promise<T | undefined> {
  try {
    return JSON.parse(new TextDecoder().decode((await store.get(name)).body)) as T;
  } catch (error) {
    if (error instanceof ObjectNotFound) return undefined;
    throw error;
  }
}

async function write(store: ObjectStore, name: string, value: unknown): Promise<void> {
  await store.put(name, new TextEncoder().encode(JSON.stringify(value)), { contentType: 'application/json' });
}
