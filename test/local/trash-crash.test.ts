/** What a crash leaves of a picture that is on its way into the trash, or out of it: each step of both is one to die before. */

import { mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import type { Presence } from '../../local/presence.ts';

/** The disk of a process that may die. */
const disk = vi.hoisted(() => ({
  /** Changes that are made before it dies. */
  steps: Number.POSITIVE_INFINITY,
  isDead: false,
  /** Whether the change that it dies in is half made. */
  half: false,
  /** Where one file cannot have two names. */
  linkless: undefined as string | undefined,
  /** A folder that nothing can be removed from. */
  readOnly: undefined as string | undefined,
  /** A folder that is a disk of its own. */
  apart: undefined as string | undefined,
}));

vi.mock('node:fs/promises', async (original) => {
  const real = await original<typeof import('node:fs/promises')>();
  type Call = (...args: never[]) => Promise<unknown>;
  const failure = (code: string) => Object.assign(new Error(code), { code, syscall: 'any' });
  const alive = () => {
    if (disk.isDead) throw failure('EDEAD');
  };
  const reading =
    (call: Call) =>
    async (...args: never[]) => {
      alive();
      return call(...args);
    };
  const changing =
    (call: Call, half: Call = async () => {}) =>
    async (...args: never[]) => {
      alive();
      if (disk.steps-- > 0) return call(...args);
      disk.isDead = true;
      if (disk.half) await half(...args);
      throw failure('EDEAD');
    };
  const halfOf = async (from: string, to: string) => {
    const bytes = await real.readFile(from);
    await real.writeFile(to, bytes.subarray(0, bytes.length / 2));
  };
  /** Removes what is in a folder, or one thing of it. */
  const halfRemoved = async (path: string) => {
    const [name] = await real.readdir(path).catch(() => []);
    if (name !== undefined) await real.rm(join(path, name), { recursive: true });
  };
  const assertLinkable = async (from: string, to: string) => {
    const isApart = (path: string) => disk.apart !== undefined && path.startsWith(disk.apart);
    if (isApart(from) !== isApart(to)) throw failure('EXDEV');
    if (disk.linkless !== undefined && to.startsWith(disk.linkless)) throw failure('EPERM');
  };
  /** Another disk has another number. */
  const numbered = (call: 'stat' | 'lstat') => async (path: string, options?: { bigint: true }) => {
    const stats = await real[call](path, options);
    const isApart = disk.apart !== undefined && path.startsWith(disk.apart);
    return isApart ? Object.assign(stats, { dev: options ? 1n : 1 }) : stats;
  };
  const open = async (path: string, flags: string | number) => {
    const writes = typeof flags === 'string' && flags !== 'r';
    const handle = await (writes ? changing(real.open as Call) : reading(real.open as Call))(
      ...([path, flags] as never[]),
    );
    return new Proxy(handle as object, {
      get: (target, name) => {
        const value = Reflect.get(target, name) as unknown;
        if (typeof value !== 'function') return value;
        const call = value.bind(target) as Call;
        if (name === 'close') return call;
        return ['write', 'writeFile', 'utimes'].includes(String(name)) ? changing(call) : reading(call);
      },
    });
  };
  const linking = (call: 'link' | 'rename') =>
    changing((async (from: string, to: string) => {
      if (call === 'link') await assertLinkable(from, to);
      return real[call](from, to);
    }) as Call);
  return {
    ...real,
    link: linking('link'),
    rename: linking('rename'),
    mkdir: changing(real.mkdir as Call),
    copyFile: changing(real.copyFile as Call, halfOf as Call),
    unlink: changing((async (path: string) => {
      if (disk.readOnly !== undefined && path.startsWith(disk.readOnly)) throw failure('EROFS');
      return real.unlink(path);
    }) as Call),
    utimes: changing(real.utimes as Call),
    rm: changing(real.rm as Call, halfRemoved as Call),
    stat: reading(numbered('stat') as Call),
    lstat: reading(numbered('lstat') as Call),
    readdir: reading(real.readdir as Call),
    readFile: reading(real.readFile as Call),
    open,
  };
});

const KEY = 'trips/one.png';
const PICTURE = Buffer.from('the bytes of a picture, as it was');
const OTHER = Buffer.from('the bytes of another picture');

/** Folders of a test; each call of `process` is a new process over them. */
async function library() {
  const base = await mkdtemp(join(tmpdir(), 'likeness-trash-'));
  onTestFinished(() => rm(base, { recursive: true, force: true }));
  const [folder, indexFolder] = [join(base, 'pictures'), join(base, 'index')];
  await mkdir(join(folder, 'trips'), { recursive: true });
  const place = join(folder, KEY);
  await writeFile(place, PICTURE);
  const trashFolder = join(indexFolder, '.trash');
  return {
    folder,
    indexFolder,
    place,
    trashFolder,
    process: async (presence: Partial<Presence> = { assert: async () => {} }) => {
      vi.resetModules();
      const { openPictures } = await import('../../local/picture-folder.ts');
      return openPictures({ folder, indexFolder, presence: presence as Presence });
    },
    /** Every file and folder that nobody should find later on. */
    leftovers: async () => {
      const drafts = [join(indexFolder, '.uploads/drafts'), join(folder, '.likeness-drafts')];
      const names = await Promise.all([...drafts, trashFolder].map((path) => readdir(path).catch(() => [])));
      return names.flat().filter((name) => !/^[0-9A-Z]{26}$/.test(name));
    },
  };
}

type Library = Awaited<ReturnType<typeof library>>;
type Process = Awaited<ReturnType<Library['process']>>;

/** Runs `work` in a process that dies before its change number `steps`; `false` when it died. */
async function dying(steps: number, half: boolean, work: () => Promise<unknown>): Promise<boolean> {
  Object.assign(disk, { steps, half });
  try {
    await work();
  } catch (error) {
    if (!disk.isDead) throw error;
  }
  const isDone = !disk.isDead;
  Object.assign(disk, { steps: Number.POSITIVE_INFINITY, isDead: false });
  return isDone;
}

const bytesAt = (path: string) => readFile(path).catch(() => undefined);

interface Case {
  readonly name: string;
  readonly before?: (process: Process) => Promise<unknown>;
  readonly work: (process: Process) => Promise<unknown>;
  /** Whether the picture may be gone for good. */
  readonly forGood?: boolean;
}

const remove = ({ pictures }: Process) => pictures.delete([KEY]);
const CASES: readonly Case[] = [
  { name: 'a deletion', work: remove },
  { name: 'a replacement', work: ({ pictures }) => pictures.put(KEY, OTHER) },
  { name: 'a restoration', before: remove, work: ({ trash }) => trash.restoreKey(KEY) },
  { name: 'an emptying', before: remove, work: ({ trash }) => trash.empty({}), forGood: true },
];

describe.each([
  ['on one disk', () => ({})],
  ['with the trash on another disk', ({ indexFolder }: Library) => ({ apart: indexFolder })],
  ['with pictures on a disk without links', ({ folder }: Library) => ({ linkless: folder })],
  ['with both', ({ folder, indexFolder }: Library) => ({ linkless: folder, apart: indexFolder })],
])('%s, a crash in the middle of', (_, disksOf) => {
  it.each(CASES)(
    '$name costs no picture and leaves nothing that the next start does not clean',
    async (one) => {
      for (const half of [false, true]) {
        for (let at = 0, isDone = false; !isDone; at++) {
          const lib = await library();
          Object.assign(disk, { apart: undefined, linkless: undefined }, disksOf(lib));
          await one.before?.(await lib.process());
          const first = await lib.process();
          isDone = await dying(at, half, () => one.work(first));

          // The second process dies, too, at some step of cleaning up.
          const died = await bytesAt(lib.place);
          const second = await lib.process();
          await dying(at % 5, half, () => second.trash.recover());
          const third = await lib.process();
          await third.trash.recover();
          await third.pictures.head(KEY);

          const when = `${one.name}, dead before change ${at}${half ? ', which is half made' : ''}`;
          const { pictures } = await third.trash.list({ limit: 10 });
          const there = await bytesAt(lib.place);
          expect(await lib.leftovers(), when).toEqual([]);
          // A start changes no picture: only an empty file goes that kept the place of one.
          expect(there, when).toEqual(died?.length === 0 ? undefined : died);
          if (isDone && one.forGood) expect([there, pictures], when).toEqual([undefined, []]);
          if (there?.equals(PICTURE)) {
            expect(pictures, when).toEqual([]);
            continue;
          }
          expect([undefined, OTHER], when).toContainEqual(there);
          if (one.forGood && pictures.length === 0) continue;
          expect(
            pictures.map(({ key }) => key),
            when,
          ).toEqual([KEY]);
          if (there) await rm(lib.place);
          await third.trash.restoreKey(KEY);
          expect(await bytesAt(lib.place), when).toEqual(PICTURE);
          expect(await readdir(lib.trashFolder), when).toEqual([]);
        }
      }
    },
  );
});

it('keeps what a crash left of a deletion while the disk is away that would tell what to do with it', async () => {
  Object.assign(disk, { apart: undefined, linkless: undefined });
  const lib = await library();
  // Dies when the picture is gone and before that is told.
  for (let at = 0; await stat(lib.place).catch(() => undefined); at++) {
    const first = await lib.process();
    await first.trash.recover();
    // Makes its folders, so that each process has the same steps before it.
    await first.pictures.head(KEY);
    await dying(at, false, () => remove(first));
  }
  const away = await lib.process({ assert: () => Promise.reject(new Error('it is away')) });
  await expect(away.trash.recover()).rejects.toThrow('it is away');
  expect(await lib.leftovers()).toHaveLength(1);

  const back = await lib.process();
  await back.trash.recover();
  await back.trash.restoreKey(KEY);
  expect(await bytesAt(lib.place)).toEqual(PICTURE);
});

it('leaves alone what a process that lives is doing, and what is nobody of ours', async () => {
  Object.assign(disk, { apart: undefined, linkless: undefined });
  const lib = await library();
  const { trash } = await lib.process();
  const file = { key: KEY, path: lib.place, size: PICTURE.length, metadata: {}, contentType: undefined };
  const kept = await trash.keep({ ...file, eTag: 'any', lastModified: new Date() });
  await mkdir(join(lib.trashFolder, "somebody's own-keeping"));
  await trash.recover();
  expect(await readdir(lib.trashFolder)).toHaveLength(2);
  await kept.gone();
  expect((await trash.list({ limit: 10 })).pictures).toHaveLength(1);
});

it('says it as a fault of the store when the disk of the trash fails', async () => {
  Object.assign(disk, { apart: undefined, linkless: undefined });
  const lib = await library();
  const { pictures, trash } = await lib.process();
  await pictures.delete([KEY]);
  const fault = expect.objectContaining({ retryable: true, message: 'EDEAD' });
  for (const ask of [() => trash.restoreKey(KEY), () => trash.empty({}), () => trash.list({ limit: 1 })]) {
    disk.isDead = true;
    await expect(ask()).rejects.toEqual(fault);
    disk.isDead = false;
  }
});

it('leaves nothing of a deletion that failed once that is looked at, by the same process', async () => {
  Object.assign(disk, { apart: undefined, linkless: undefined });
  const lib = await library();
  const { pictures, trash } = await lib.process();
  disk.readOnly = lib.folder;
  await expect(pictures.delete([KEY])).rejects.toThrow('read-only');
  disk.readOnly = undefined;
  expect(await lib.leftovers()).toHaveLength(1);

  await trash.recover();

  expect(await readdir(lib.trashFolder)).toEqual([]);
  expect(await bytesAt(lib.place)).toEqual(PICTURE);
});
