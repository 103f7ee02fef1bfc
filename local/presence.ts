/**
 * Tells whether the folder of pictures is there, so that a disk that is not mounted is never taken for a deletion.
 *
 * The folder, and every file system mounted below it, is known again by its device and inode, which are kept with the
 * index. A device may get another number when it is mounted anew: then the folder is known by the pictures in it.
 */

import { lstat, opendir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { knownKeys } from '../vectorlog/commit/key-states.ts';
import { StoreUnavailable } from '../vectorlog/store/errors.ts';
import { eTagOf } from '../vectorlog/store/files/file-access.ts';
import type { Device } from '../vectorlog/store/files/listing.ts';
import type { ObjectStore } from '../vectorlog/store/object-store.ts';
import { readJson, writeJson } from './library-settings.ts';

/** The folder, or a file system below it, is not there: what it held is unknown, and nothing can be put into it. */
export class FolderAway extends StoreUnavailable {
  constructor(
    /** `''`, or the key of a folder below. */
    readonly place: string,
    message: string,
  ) {
    super(message);
  }
}

/** What the index knows of the pictures below a folder. */
export interface KnownPictures {
  /** Whether there are any, where that is known without reading the index. */
  readonly any?: (prefix: string) => boolean | undefined;
  /** A few of them, from all over. */
  readonly sample: (prefix: string) => Promise<readonly Known[]>;
}

interface Known {
  readonly key: string;
  readonly eTag: string;
}

export interface PresenceOptions {
  readonly folder: string;
  readonly indexFolder: string;
  readonly known: KnownPictures;
  /** Called with a place that was found to be another folder, and is known by its pictures: what watched the one before hears nothing of it. */
  readonly onOther?: (place: string) => void;
}

/** Devices and inodes as they are written down. */
interface Identity {
  readonly dev: string;
  readonly ino: string;
}

interface Seen {
  root?: Identity;
  /** By the key of the folder, with a slash at its end. */
  mounts: Record<string, Identity>;
}

const FILE = '.folder.json';

/** Of the sample, this part at least has to be there for a folder to be the one that it was. */
const RECOGNISED = 0.1;

export class Presence {
  readonly #options: PresenceOptions;
  #seen: Promise<Seen> | undefined;
  /** While set, folders are taken as they are, empty or gone or not. */
  insisted = false;
  /** Of a folder that was not recognised, until it is. */
  readonly #samples = new Map<string, readonly Known[]>();

  constructor(options: PresenceOptions) {
    this.#options = options;
  }

  /**
   * Resolves when the folder that holds `key`, and those around it, are there.
   *
   * @throws FolderAway
   */
  async assert(key: string): Promise<void> {
    for (const place of await this.#places()) if (key.startsWith(place)) await this.#assertPlace(place);
  }

  /** What is not there now, the library's folder first. */
  async missing(): Promise<FolderAway[]> {
    const missing: FolderAway[] = [];
    for (const place of await this.#places()) {
      if (missing.some((outer) => place.startsWith(outer.place))) continue;
      try {
        await this.#assertPlace(place);
      } catch (error) {
        if (!(error instanceof FolderAway)) throw error;
        missing.push(error);
      }
    }
    return missing;
  }

  /** Takes down a file system that was found mounted in the folder. */
  async noteMount(key: string, { dev, ino }: Device): Promise<void> {
    const seen = await this.#read();
    const identity = { dev: String(dev), ino: String(ino) };
    if (same(seen.mounts[key], identity)) return;
    // One that is recorded with other numbers is for `assert` to recognise.
    if (seen.mounts[key]) return;
    seen.mounts[key] = identity;
    await this.#write(seen);
  }

  async #places(): Promise<string[]> {
    return ['', ...Object.keys((await this.#read()).mounts).sort()];
  }

  async #assertPlace(place: string): Promise<void> {
    const path = join(this.#options.folder, place);
    const now = await identityOf(path, place === '').catch((cause: Error) => {
      if (this.insisted && place !== '') return undefined;
      throw new FolderAway(place, `${path} is not there (${cause.message}); ${KEPT}`);
    });
    if (!now) return this.#drop(place);
    const seen = await this.#read();
    const before = place === '' ? seen.root : seen.mounts[place];
    const empty = await isEmpty(path).catch((cause: Error) => {
      throw new FolderAway(place, `${path} cannot be read (${cause.message}); ${KEPT}`);
    });
    if (this.insisted || (same(before, now) && !empty)) return this.#take(place, now);
    if (empty && (await this.#knowsAny(place)))
      throw new FolderAway(place, `${path} is empty; ${KEPT}; ${INSIST}`);
    if (!same(before, now) && !(await this.#recognises(place)))
      throw new FolderAway(
        place,
        `${path} is another folder than the one that was indexed; ${KEPT}; ${INSIST}`,
      );
    await this.#take(place, now);
  }

  async #drop(place: string): Promise<void> {
    const seen = await this.#read();
    delete seen.mounts[place];
    await this.#write(seen);
  }

  async #take(place: string, now: Identity): Promise<void> {
    this.#samples.delete(place);
    const seen = await this.#read();
    const before = place === '' ? seen.root : seen.mounts[place];
    if (same(before, now)) return;
    if (before) this.#options.onOther?.(place);
    if (place === '') seen.root = now;
    else seen.mounts[place] = now;
    await this.#write(seen);
  }

  /** Whether enough of what the index knows is there, as it was; also when it knows nothing. */
  async #recognises(place: string): Promise<boolean> {
    const sample = await this.#sample(place);
    if (sample.length === 0) return true;
    let found = 0;
    for (const { key, eTag } of sample) {
      const stats = await lstat(join(this.#options.folder, key), { bigint: true }).catch(() => undefined);
      if (stats && eTagOf(stats) === eTag) found++;
    }
    return found >= RECOGNISED * sample.length;
  }

  async #knowsAny(place: string): Promise<boolean> {
    return this.#options.known.any?.(place) ?? (await this.#sample(place)).length > 0;
  }

  async #sample(place: string): Promise<readonly Known[]> {
    const sample = this.#samples.get(place) ?? (await this.#options.known.sample(place));
    if (sample.length > 0) this.#samples.set(place, sample);
    return sample;
  }

  #read(): Promise<Seen> {
    this.#seen ??= readJson<Seen>(join(this.#options.indexFolder, FILE)).then(
      (seen) => seen ?? { mounts: {} },
    );
    return this.#seen;
  }

  async #write(seen: Seen): Promise<void> {
    // Should the index not be writable now, the folder is recognised by its pictures at the next start.
    await writeJson(join(this.#options.indexFolder, FILE), seen).catch(() => {});
  }
}

/** Whether an index was made of a folder that was there once. */
export const wasSeen = async (indexFolder: string): Promise<boolean> =>
  (await readJson(join(indexFolder, FILE))) !== undefined;

const KEPT = 'nothing is forgotten, and it is looked for every few seconds';
const INSIST = 'if its pictures are meant to go from the index, start again with --forget';

/** @param follow the library's own folder may be named by a link to it; no other link is followed */
async function identityOf(path: string, follow: boolean): Promise<Identity> {
  const stats = await (follow ? stat : lstat)(path, { bigint: true });
  if (!stats.isDirectory()) throw new Error('it is no folder');
  return { dev: String(stats.dev), ino: String(stats.ino) };
}

const same = (a: Identity | undefined, b: Identity): boolean => a?.dev === b.dev && a.ino === b.ino;

/** Whether nothing is in a folder but what is hidden. */
async function isEmpty(path: string): Promise<boolean> {
  for await (const { name } of await opendir(path)) if (!name.startsWith('.')) return false;
  return true;
}

/** Pictures in a sample. */
const SAMPLE = 300;

/** A few of the pictures of an index below a folder, each as likely as any other. */
export async function sampleOf(index: ObjectStore, prefix: string): Promise<readonly Known[]> {
  const sample: Known[] = [];
  let seen = 0;
  for await (const { key, state } of knownKeys(index)) {
    if (state.state !== 'live' || !key.startsWith(prefix)) continue;
    const place = sample.length < SAMPLE ? seen : Math.floor(Math.random() * (seen + 1));
    if (place < SAMPLE) sample[place] = { key, eTag: state.eTag };
    seen++;
  }
  return sample;
}
