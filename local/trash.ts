/** The trash of one machine: a folder beside the index that keeps what was deleted or replaced through Likeness. */

import { mkdir, open, readdir, readFile, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import {
  type Emptied,
  KeyTaken,
  NotInTrash,
  type Trash,
  type TrashedPicture,
  type TrashPage,
} from '../pictures/trash/trash.ts';
import type { Clock } from '../vectorlog/clock.ts';
import type { FileStore } from '../vectorlog/store/file-store.ts';
import { unlessAbsent } from '../vectorlog/store/files/file-access.ts';
import type { FileOfObject } from '../vectorlog/store/files/replacing.ts';
import { linkOrCopy, syncFolder } from '../vectorlog/store/files/writing.ts';

/** What is written down of a picture in the trash. */
interface Entry extends Omit<TrashedPicture, 'id'> {
  readonly metadata: Readonly<Record<string, string>>;
}

const ENTRY = 'entry.json';
const PICTURE = 'picture';
/** An id: 26 characters of a ULID, so that no request can name another folder. */
const ID = /^[0-9A-HJKMNP-TV-Z]{26}$/;

/**
 * One folder a deletion, named by a ULID so that names sort by time: the picture as it was, and what else was known of
 * it. A folder without its entry was left by a crash before the picture was deleted, and is no deletion.
 */
export class FolderTrash implements Trash {
  readonly keptDays = undefined;
  readonly keeps = async () => true;

  constructor(
    private readonly folder: string,
    private readonly clock: Pick<Clock, 'now' | 'ulid'>,
    /** Where pictures go back to. */
    private readonly pictures: Pick<FileStore, 'adopt'>,
  ) {}

  /** Keeps a picture that is about to be deleted or replaced; durable when it resolves. */
  async keep({ key, path, size, contentType, metadata }: FileOfObject): Promise<void> {
    const place = join(this.folder, this.clock.ulid());
    const entry: Entry = { key, size, contentType, metadata, deletedAt: this.clock.now() };
    await mkdir(place, { recursive: true });
    try {
      await linkOrCopy(path, join(place, PICTURE));
      await writeWhole(join(place, ENTRY), JSON.stringify(entry));
    } catch (error) {
      await rm(place, { recursive: true, force: true });
      throw error;
    }
    await syncFolder(place);
    await syncFolder(this.folder);
  }

  async list({ after, limit }: { after?: string | undefined; limit: number }): Promise<TrashPage> {
    const pictures: TrashedPicture[] = [];
    for (const id of await this.#ids()) {
      if (after !== undefined && id >= after) continue;
      const entry = await this.#entry(id);
      if (!entry) continue;
      if (pictures.length === limit) return { pictures, next: pictures.at(-1)!.id };
      pictures.push(trashed(id, entry));
    }
    return { pictures };
  }

  async restore(id: string): Promise<TrashedPicture> {
    const entry = await this.#entry(id);
    if (!entry) throw new NotInTrash('there is no such picture in the trash; it may be restored already');
    const { key, contentType, metadata } = entry;
    const place = join(this.folder, id);
    const options = { ...(contentType && { contentType }), metadata };
    if (!(await this.pictures.adopt(key, join(place, PICTURE), options))) throw new KeyTaken(key);
    await this.#remove(id);
    return trashed(id, entry);
  }

  async restoreKey(key: string): Promise<TrashedPicture> {
    for (const id of await this.#ids()) {
      if ((await this.#entry(id))?.key === key) return this.restore(id);
    }
    throw new NotInTrash(`"${key}" is not in the trash`);
  }

  async empty({ ids, before = Number.POSITIVE_INFINITY }: Parameters<Trash['empty']>[0]): Promise<Emptied> {
    let pictures = 0;
    let bytes = 0;
    for (const id of ids ?? (await this.#ids())) {
      const entry = await this.#entry(id);
      if (!entry || (!ids && entry.deletedAt >= before)) continue;
      await this.#remove(id);
      pictures++;
      bytes += entry.size;
    }
    return { pictures, bytes };
  }

  /** The last one first. */
  async #ids(): Promise<string[]> {
    const names = (await unlessAbsent(readdir(this.folder))) ?? [];
    return names
      .filter((name) => ID.test(name))
      .sort()
      .reverse();
  }

  async #entry(id: string): Promise<Entry | undefined> {
    if (!ID.test(id)) return undefined;
    const text = await unlessAbsent(readFile(join(this.folder, id, ENTRY), 'utf8'));
    return text === undefined ? undefined : (JSON.parse(text) as Entry);
  }

  /** The entry goes first: what is half removed is no deletion any more. */
  async #remove(id: string): Promise<void> {
    await rm(join(this.folder, id, ENTRY), { force: true });
    await rm(join(this.folder, id), { recursive: true, force: true });
  }
}

const trashed = (id: string, { key, size, contentType, deletedAt }: Entry): TrashedPicture => ({
  id,
  key,
  size,
  contentType,
  deletedAt,
});

async function writeWhole(path: string, text: string): Promise<void> {
  const draft = `${path}.draft`;
  const handle = await open(draft, 'w');
  try {
    await handle.writeFile(text);
    await handle.sync();
  } finally {
    await handle.close();
  }
  await rename(draft, path);
}
