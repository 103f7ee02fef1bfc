/** Keeps two servers from serving one index: the second one learns where the first is. */

import { randomUUID } from 'node:crypto';
import { mkdir, open, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { LikenessError } from '../vectorlog/errors.ts';

/** The index is served already. */
export class AlreadyServed extends LikenessError {
  readonly retryable = false;
  constructor(readonly url: string) {
    super(`this folder is being served already, on ${url}; stop that one first, or use it`);
  }
}

interface Holder {
  readonly url: string;
  readonly token: string;
}

const LOCK_FILE = '.server.json';
const ANSWER_MS = 1_000;

/**
 * The lock is a file that names a server, and it holds as long as that server answers with the file's token: nothing
 * is left to clean up after a crash, and no process id can be mistaken for another's. It is a courtesy, since the
 * index itself takes any number of writers; two servers would only embed every picture twice.
 */
export class IndexLock {
  /** What a server that holds the lock has to answer. */
  readonly token = randomUUID();
  readonly #path: string;

  constructor(indexFolder: string) {
    this.#path = join(indexFolder, LOCK_FILE);
  }

  /** @throws AlreadyServed */
  async acquire(url: string): Promise<void> {
    await mkdir(join(this.#path, '..'), { recursive: true });
    while (!(await this.#create({ url, token: this.token }))) {
      const holder = await this.#holder();
      if (holder && (await answers(holder))) throw new AlreadyServed(holder.url);
      await rm(this.#path, { force: true });
    }
  }

  async release(): Promise<void> {
    if ((await this.#holder())?.token === this.token) await rm(this.#path, { force: true });
  }

  async #create(holder: Holder): Promise<boolean> {
    try {
      const file = await open(this.#path, 'wx');
      await file.writeFile(JSON.stringify(holder));
      await file.close();
      return true;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
      throw error;
    }
  }

  #holder(): Promise<Holder | undefined> {
    return holderIn(this.#path);
  }
}

async function holderIn(path: string): Promise<Holder | undefined> {
  try {
    return JSON.parse(await readFile(path, 'utf8')) as Holder;
  } catch {
    return undefined;
  }
}

/** Whether the server at `url` is the one that holds the lock of an index. */
export async function isHeldBy(indexFolder: string, url: string): Promise<boolean> {
  const holder = await holderIn(join(indexFolder, LOCK_FILE));
  return holder !== undefined && new URL(holder.url).port === new URL(url).port && answers(holder);
}

const LOOPBACK: ReadonlySet<string> = new Set(['127.0.0.1', 'localhost', '[::1]']);

/** Where a server says whose lock it holds. */
export const LOCK_PATH = '/local/lock';

/** Only servers of this machine are asked: the file may be somebody else's, and name any address. */
async function answers({ url, token }: Holder): Promise<boolean> {
  try {
    const address = new URL(LOCK_PATH, url);
    if (!LOOPBACK.has(address.hostname)) return false;
    const response = await fetch(address, { signal: AbortSignal.timeout(ANSWER_MS), redirect: 'error' });
    return response.ok && (await response.text()) === token;
  } catch {
    return false;
  }
}
