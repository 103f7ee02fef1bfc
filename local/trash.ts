/** The trash of one machine: a folder beside the index that keeps what was deleted or replaced through Likeness. */

import { mkdir, open, readdir, readFile, rename, rm, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { type SeenFacts, seenFacts } from '../pictures/attributes.ts';
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
import { saysAbsent, unlessAbsent, withStoreErrors } from '../vectorlog/store/files/file-access.ts';
import type { FileOfObject, Kept } from '../vectorlog/store/files/replacing.ts';
import { draftPath, isAbandoned, linkOrCopy, syncFolder } from '../vectorlog/store/files/writing.ts';

/** What the index knows of a picture with these bytes; nothing where it knows none, and never an error. */
export type Known = (key: string, eTag: string) => Promise<SeenFacts>;

/** What is written down of a picture in the trash. */
interface Entry extends Omit<TrashedPicture, 'id' | 'eTag'> {
  readonly metadata: Readonly<Record<string, string>>;
}

const ENTRY = 'entry.json';
const PICTURE = 'picture';
/** An id: 26 characters of a ULID, so that no request can name another folder. */
const ID = /^[0-9A-HJKMNP-TV-Z]{26}$/;

/** What is being done to a folder of the trash that has the name of a draft meanwhile. */
type Doing = 'keeping' | 'restoring' | 'emptying';
const UNDER_WAY = /-([0-9A-HJKMNP-TV-Z]{26})-(keeping|restoring|emptying)$/;

/**
 * One folder a deletion, named by a ULID so that names sort by time: the picture as it was, and what else was known of
 * it. While something is done to one it has the name of a draft, which tells `recover` whose it was.
 */
export class FolderTrash implements Trash {
  readonly keptDays = undefined;
  readonly keeps = async () => true;
  /** Of this process: what failed in a way that leaves open what became of it. */
  readonly #doubted = new Set<string>();

  constructor(
    private readonly folder: string,
    private readonly clock: Pick<Clock, 'now' | 'ulid'>,
    /** Where pictures go back to. */
    private readonly pictures: Pick<FileStore, 'adopt' | 'dropEmpty' | 'holds'>,
    /** Asked before a picture goes: afterwards the index forgets it. */
    private readonly known: Known = async () => ({}),
  ) {}

  /** Keeps a picture that is about to be deleted or replaced; durable when it resolves, and listed when that has happened. */
  async keep({ key, path, size, eTag, contentType, metadata }: FileOfObject): Promise<Kept> {
    const id = this.clock.ulid();
    const draft = this.#draft(id, 'keeping');
    const facts = await this.known(key, eTag);
    const entry: Entry = { key, size, contentType, metadata, ...facts, deletedAt: this.clock.now() };
    const isNew = await mkdir(this.folder, { recursive: true });
    await mkdir(draft);
    try {
      await linkOrCopy(path, join(draft, PICTURE));
      // Last: a folder that has one has the whole picture.
      await writeWhole(join(draft, ENTRY), JSON.stringify(entry));
    } catch (error) {
      await rm(draft, { recursive: true, force: true });
      throw error;
    }
    for (const folder of [draft, this.folder]) await syncFolder(folder);
    if (isNew !== undefined) await syncFolder(dirname(this.folder));
    return {
      gone: () => rename(draft, this.#place(id)),
      doubt: () => void this.#doubted.add(draft),
    };
  }

  list(page: Parameters<Trash['list']>[0]): Promise<TrashPage> {
    return withStoreErrors(() => this.#list(page));
  }

  async #list({ after, limit }: Parameters<Trash['list']>[0]): Promise<TrashPage> {
    if (after !== undefined && !ID.test(after)) throw new NotInTrash('no page of the trash ended there');
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

  restore(id: string): Promise<TrashedPicture> {
    return withStoreErrors(() => this.#restore(id));
  }

  async #restore(id: string): Promise<TrashedPicture> {
    const entry = await this.#entry(id);
    const draft = this.#draft(id, 'restoring');
    if (!entry || !(await isRenamed(this.#place(id), draft)))
      throw new NotInTrash('there is no such picture in the trash; it may be restored already');
    const { key, contentType, metadata } = entry;
    const options = { ...(contentType && { contentType }), metadata };
    try {
      if (!(await this.pictures.adopt(key, join(draft, PICTURE), options))) throw new KeyTaken(key);
    } catch (error) {
      await rename(draft, this.#place(id)).catch(() => this.#doubted.add(draft));
      throw error;
    }
    await rm(draft, { recursive: true, force: true });
    return trashed(id, entry);
  }

  restoreKey(key: string): Promise<TrashedPicture> {
    return withStoreErrors(async () => {
      for (const id of await this.#ids()) {
        if ((await this.#entry(id))?.key === key) return this.#restore(id);
      }
      throw new NotInTrash(`"${key}" is not in the trash`);
    });
  }

  empty(which: Parameters<Trash['empty']>[0]): Promise<Emptied> {
    return withStoreErrors(() => this.#empty(which));
  }

  async #empty({ ids, before = Number.POSITIVE_INFINITY }: Parameters<Trash['empty']>[0]): Promise<Emptied> {
    let pictures = 0;
    let bytes = 0;
    for (const id of ids ?? (await this.#ids())) {
      const entry = await this.#entry(id);
      // One without its entry is no deletion; crashes of older versions left such.
      const goes = entry ? ids || entry.deletedAt < before : !ids && before === Number.POSITIVE_INFINITY;
      const draft = this.#draft(id, 'emptying');
      if (!goes || !(await isRenamed(this.#place(id), draft))) continue;
      await rm(draft, { recursive: true, force: true });
      if (!entry) continue;
      pictures++;
      bytes += entry.size;
    }
    return { pictures, bytes };
  }

  /**
   * Brings to an end what crashes and failures have cut short, and changes no picture of the library by it: what was being kept, or
   * restored, is in the trash if it is not in the library, and in the trash no more if it is; what was being emptied is gone.
   *
   * @throws what a store throws while it cannot tell what is in the library; nothing is lost then, and a later call goes on
   */
  async recover(): Promise<void> {
    const failures: unknown[] = [];
    for (const name of (await unlessAbsent(readdir(this.folder))) ?? []) {
      const path = join(this.folder, name);
      if (!UNDER_WAY.test(name) || !(this.#doubted.has(path) || (await isAbandoned(path)))) continue;
      try {
        await this.#settle(path);
        this.#doubted.delete(path);
      } catch (error) {
        failures.push(error);
      }
    }
    if (failures.length > 0) throw failures[0];
  }

  async #settle(draft: string): Promise<void> {
    const [, id, doing] = UNDER_WAY.exec(draft) as unknown as [string, string, Doing];
    const entry = doing === 'emptying' ? undefined : await entryIn(draft);
    const picture = join(draft, PICTURE);
    // Without its entry it was not whole yet, or was restored already.
    if (!entry || !(await unlessAbsent(stat(picture))) || (await this.pictures.holds(entry.key, picture))) {
      await rm(draft, { recursive: true, force: true });
      return;
    }
    if (doing === 'restoring') await this.pictures.dropEmpty(entry.key);
    await rename(draft, this.#place(id));
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
    try {
      return ID.test(id) ? await entryIn(this.#place(id)) : undefined;
    } catch (error) {
      // A damaged one takes no other picture along.
      if (error instanceof SyntaxError) return undefined;
      throw error;
    }
  }

  #place(id: string): string {
    return join(this.folder, id);
  }

  #draft(id: string, doing: Doing): string {
    return draftPath(this.folder, `${id}-${doing}`);
  }
}

async function entryIn(folder: string): Promise<Entry | undefined> {
  const text = await unlessAbsent(readFile(join(folder, ENTRY), 'utf8'));
  return text === undefined ? undefined : (JSON.parse(text) as Entry);
}

/** Gives a folder another name; `false` when it is gone, since somebody else was quicker. */
async function isRenamed(from: string, to: string): Promise<boolean> {
  try {
    await rename(from, to);
    return true;
  } catch (error) {
    if (!saysAbsent(error)) throw error;
    return false;
  }
}

const trashed = (id: string, entry: Entry): TrashedPicture => {
  const { key, size, contentType, deletedAt } = entry;
  return { id, key, size, contentType, ...seenFacts(entry), deletedAt };
};

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
