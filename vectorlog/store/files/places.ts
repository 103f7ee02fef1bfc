/**
 * Where in a folder an object stands. An ordinary key is an ordinary file: `cats/tom.jpg` is the file `tom.jpg` in the
 * folder `cats`. A key that cannot be one is *odd*, and stands in the side folder under its hash: one with `..` or an
 * empty part, with a part above 255 bytes, one whose path is taken by a folder or leads through a file or a symbolic
 * link, one that differs from another only in case where the file system sees no difference. So no key leaves the folder.
 *
 * A key that is odd only for what stands in its way becomes ordinary when that is gone; an object under it is found at
 * either place. Create-if-absent is exact as long as nobody clears the way at that very moment.
 */

import { createHash } from 'node:crypto';
import { lstat, mkdir, readdir, realpath, rmdir } from 'node:fs/promises';
import { basename, dirname, join, relative, sep } from 'node:path';
import { codeOf, refusesName, saysAbsent, unlessAbsent } from './file-access.ts';
import { syncFolder } from './writing.ts';

/** Bytes of one name in a path: what every common file system allows. */
const MAX_NAME_BYTES = 255;

/** What Windows cannot have in a name, or understands as something else than a file. */
const WINDOWS_RESERVED = /[<>:"\\|?*\p{Cc}]|[. ]$|^(con|prn|aux|nul|com\d|lpt\d)(\.|$)/iu;

export class Places {
  /** The side folder as seen from the root, with `/`; `undefined` when it stands elsewhere. */
  readonly #sideKey: string | undefined;

  /**
   * @param root the folder's real path
   * @param side the side folder's real path
   * @param ignoreHidden whether names with a leading dot are left alone
   */
  constructor(
    readonly root: string,
    readonly side: string,
    readonly ignoreHidden: boolean,
  ) {
    const inside = relative(root, side).split(sep).join('/');
    this.#sideKey = inside.startsWith('..') ? undefined : inside;
  }

  /** Where objects with odd keys stand: `<hash>`, and beside each `<hash>.key` with its key. */
  get oddFolder(): string {
    return join(this.side, 'odd');
  }

  /** Whether a file or folder of this name, in a folder with the key `folder` (`''` or `…/`), belongs to the store. */
  isOrdinaryName(folder: string, name: string): boolean {
    if (name === '' || name === '.' || name === '..' || name.includes('\0')) return false;
    if (this.ignoreHidden && name.startsWith('.')) return false;
    if (Buffer.byteLength(name) > MAX_NAME_BYTES) return false;
    if (sep === '\\' && WINDOWS_RESERVED.test(name)) return false;
    return folder + name !== this.#sideKey;
  }

  /** The path of the file that `key` is or would be, when nothing in the key itself forbids it. */
  ordinaryPath(key: string): string | undefined {
    let folder = '';
    for (const name of key.split('/')) {
      if (!this.isOrdinaryName(folder, name)) return undefined;
      folder += `${name}/`;
    }
    return join(this.root, key);
  }

  /** The path that `key` has when it cannot be an ordinary file. */
  oddPath(key: string): string {
    return join(this.oddFolder, createHash('sha256').update(key).digest('hex'));
  }

  /** The paths to look for `key` at, in this order. */
  candidates(key: string): readonly string[] {
    const ordinary = this.ordinaryPath(key);
    return ordinary === undefined ? [this.oddPath(key)] : [ordinary, this.oddPath(key)];
  }

  /**
   * Whether the file system knows `path` by exactly this spelling: no symbolic link on the way, and the same case and
   * Unicode form, which some file systems do not tell apart.
   */
  async isTrueName(path: string): Promise<boolean> {
    return (await unlessAbsent(realpath(path))) === path;
  }

  /** The path to write `key` to; the folder that it stands in is there afterwards, and durable. */
  async forWriting(key: string): Promise<string> {
    const path = this.ordinaryPath(key);
    if (path !== undefined && (await this.#makeFolder(dirname(path)))) {
      const existing = await unlessAbsent(lstat(path));
      if (!existing || (existing.isFile() && (await this.isTrueName(path)))) return path;
    }
    return this.oddPath(key);
  }

  /**
   * Makes a folder with those above it, one by one, so that no symbolic link leads them astray; `false` when a file, a
   * link or another spelling is in the way.
   */
  async #makeFolder(folder: string): Promise<boolean> {
    if (await this.#isOwnFolder(folder)) return true;
    if (folder === this.root || !(await this.#makeFolder(dirname(folder)))) return false;
    try {
      await mkdir(folder);
      // Some file systems leave off the full stops at its end, say, and still find it by what was asked for.
      if (!(await readdir(dirname(folder))).includes(basename(folder))) {
        await rmdir(folder);
        return false;
      }
      await syncFolder(dirname(folder));
    } catch (error) {
      if (saysAbsent(error) || refusesName(error)) return false;
      if (codeOf(error) !== 'EEXIST') throw error;
    }
    return this.#isOwnFolder(folder);
  }

  async #isOwnFolder(folder: string): Promise<boolean> {
    const found = await unlessAbsent(lstat(folder));
    return found?.isDirectory() === true && this.isTrueName(folder);
  }
}
