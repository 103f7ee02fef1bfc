/** Keeps two servers from serving one index: the second one learns where the first is. */

import { createHash, randomUUID } from 'node:crypto';
import { link, mkdir, rm, stat, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { LikenessError } from '../vectorlog/errors.ts';
import { codeOf, unlessAbsent } from '../vectorlog/store/files/file-access.ts';
import { isLoopback } from './caller.ts';
import { readJson } from './library-settings.ts';

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
/** A server that has ended refuses at once; one that is busy takes a while. */
const ANSWER_MS = 10_000;

/** A claim to remove a dead lock is older only when its owner died, too. */
const CLAIM_MS = 10_000;
const POLL_MS = 20;

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
    await mkdir(dirname(this.#path), { recursive: true });
    const mine = `${this.#path}.${this.token}`;
    // Written first and named then: nobody ever sees a lock without its holder.
    await writeFile(mine, JSON.stringify({ url, token: this.token }));
    try {
      while (!(await this.#take(mine))) {
        const holder = await this.#holder();
        if (holder && (await answers(holder))) throw new AlreadyServed(holder.url);
        await this.#remove(holder);
      }
    } finally {
      await rm(mine, { force: true });
    }
  }

  async release(): Promise<void> {
    if ((await this.#holder())?.token === this.token) await rm(this.#path, { force: true });
  }

  async #take(mine: string): Promise<boolean> {
    try {
      await link(mine, this.#path);
      return true;
    } catch (error) {
      const code = codeOf(error);
      if (code === 'EEXIST') return false;
      // No hard links here, and so no index: the probe that follows says so in a sentence.
      if (['EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS'].includes(code ?? '')) return true;
      throw error;
    }
  }

  /**
   * Removes the lock of a holder that does not answer. Of all who want to remove it one may, and looks once more before:
   * so nobody removes the lock of somebody who came in between.
   */
  async #remove(dead: Holder | undefined): Promise<void> {
    const name = createHash('sha256').update(`${dead?.token}`).digest('hex').slice(0, 16);
    const claim = `${this.#path}.${name}.dead`;
    try {
      await writeFile(claim, '', { flag: 'wx' });
    } catch (error) {
      if (codeOf(error) !== 'EEXIST') throw error;
      const claimed = await unlessAbsent(stat(claim));
      if (claimed && Date.now() - claimed.mtimeMs > CLAIM_MS) await rm(claim, { force: true });
      await setTimeout(POLL_MS);
      return;
    }
    if ((await this.#holder())?.token === dead?.token) await rm(this.#path, { force: true });
    await rm(claim, { force: true });
  }

  #holder(): Promise<Holder | undefined> {
    return readJson<Holder>(this.#path);
  }
}

/** Whether the server at `url` is the one that holds the lock of an index. */
export async function isHeldBy(indexFolder: string, url: string): Promise<boolean> {
  const holder = await readJson<Holder>(join(indexFolder, LOCK_FILE));
  return holder !== undefined && new URL(holder.url).port === new URL(url).port && answers(holder);
}

/** Where a server says whose lock it holds. */
export const LOCK_PATH = '/local/lock';

/** The file may come with a folder from anywhere: only a server on this machine is asked. */
async function answers({ url, token }: Holder): Promise<boolean> {
  try {
    if (!isLoopback(url)) return false;
    const response = await fetch(new URL(LOCK_PATH, url), {
      redirect: 'error',
      signal: AbortSignal.timeout(ANSWER_MS),
    });
    return response.ok && (await response.text()) === token;
  } catch {
    return false;
  }
}
