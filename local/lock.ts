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
    this.#path = join(indexFolder, '.server.json');
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

  async #holder(): Promise<Holder | undefined> {
    try {
      return JSON.parse(await readFile(this.#path, 'utf8')) as Holder;
    } catch {
      return undefined;
    }
  }
}

/** Where a server says whose lock it holds. */
export const LOCK_PATH = '/local/lock';

async function answers({ url, token }: Holder): Promise<boolean> {
  try {
    const response = await fetch(url + LOCK_PATH, { signal: AbortSignal.timeout(ANSWER_MS) });
    return response.ok && (await response.text()) === token;
  } catch {
    return false;
  }
}
