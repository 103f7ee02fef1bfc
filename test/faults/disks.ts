/** Disks that fill, turn read-only, go away, or may not be read. Most of it asks for root, to mount and to be somebody else. */

import { execFileSync, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { chmod, mkdir, readdir, readFile, rm, stat, unlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { picture } from '../factories/pictures.ts';
import type { Scenario } from './scenario.ts';
import { freePort, type ServedLibrary, until, untilStatus } from './served.ts';

const needsRoot = (): string | undefined =>
  process.platform !== 'linux'
    ? 'mounts are those of Linux'
    : process.getuid?.() === 0
      ? mountObstacle()
      : 'not root';

/** A container's root may not mount. */
function mountObstacle(): string | undefined {
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=64k', 'tmpfs', '/mnt'], { stdio: 'ignore' });
    execFileSync('umount', ['/mnt'], { stdio: 'ignore' });
    return undefined;
  } catch {
    return 'this root may not mount';
  }
}

const run = (command: string, ...args: string[]) => void execFileSync(command, args, { stdio: 'ignore' });

/** Mounts, by a command with its arguments but the last one, for as long as `work` takes. */
async function mounted<T>(
  at: string,
  [mount, ...args]: readonly [string, ...string[]],
  work: () => Promise<T>,
): Promise<T> {
  await mkdir(at, { recursive: true });
  run(mount, ...args, at);
  try {
    return await work();
  } finally {
    try {
      run('umount', '-l', at);
    } catch {
      // The scenario did it already.
    }
  }
}

async function addPictures(library: ServedLibrary, from: number, to: number): Promise<void> {
  await mkdir(library.folder, { recursive: true });
  for (let i = from; i < to; i++) await writeFile(join(library.folder, `${i}.png`), await picture(i));
}

const fullDisk: Scenario = {
  name: 'an index on a disk that is full for a while',
  obstacle: needsRoot,
  run: (library) =>
    mounted(library.index, ['mount', '-t', 'tmpfs', '-o', 'size=8m', 'tmpfs'], async () => {
      await addPictures(library, 0, 10);
      await library.start();
      await library.assertSound();
      const ballast = join(library.index, 'ballast');
      execFileSync('sh', ['-c', `cat /dev/zero > '${ballast}' 2>/dev/null || true`]);
      await addPictures(library, 10, 60);
      await unlink(join(library.folder, '3.png'));
      await untilStatus(library, 'degraded', 'indexing-failing');
      await rm(ballast);
      await untilStatus(library, 'ok');
      await library.assertSound();
      return '50 pictures came and one went while it was full';
    }),
};

const readOnly: Scenario = {
  name: 'an index that is read-only for a while',
  obstacle: needsRoot,
  run: (library) =>
    mounted(library.index, ['mount', '-t', 'tmpfs', '-o', 'size=64m', 'tmpfs'], async () => {
      await addPictures(library, 0, 10);
      await library.start();
      await library.assertSound();
      run('mount', '-o', 'remount,ro', library.index);
      await unlink(join(library.folder, '3.png'));
      await addPictures(library, 10, 12);
      await untilStatus(library, 'degraded', 'indexing-failing');
      run('mount', '-o', 'remount,rw', library.index);
      await untilStatus(library, 'ok');
      await library.assertSound();
      return 'two pictures came and one went meanwhile';
    }),
};

const unmounted: Scenario = {
  name: 'a library whose disk is unmounted and mounted again',
  obstacle: needsRoot,
  run: async (library) => {
    const disk = join(library.base, 'disk');
    const bind = ['mount', '--bind', disk] as const;
    await mkdir(disk);
    await mounted(library.folder, bind, async () => {
      await addPictures(library, 0, 30);
      await library.start();
      await library.assertSound();
    });
    const truth = async () => (await library.client.images({ limit: 1_000 })).total;
    await untilStatus(library, 'degraded', 'folder-away');
    const image = await picture(99);
    const upload = library.client.upload(image, { key: 'up.png', contentType: 'image/png' });
    await upload.then(
      () => Promise.reject(new Error('an upload was taken while the disk was away')),
      () => {},
    );
    if ((await truth()) !== 30) throw new Error(`${await truth()} of 30 pictures are left`);
    // Also over a restart, which finds the empty mount point.
    await library.end('SIGTERM');
    await library.start();
    await untilStatus(library, 'degraded', 'folder-away');
    if ((await truth()) !== 30) throw new Error(`${await truth()} of 30 pictures are left after a restart`);
    return mounted(library.folder, bind, async () => {
      await untilStatus(library, 'ok');
      await library.assertSound();
      await addPictures(library, 30, 31);
      await library.assertSound();
      await library.end();
      return 'nothing was forgotten, and a new picture was found afterwards';
    });
  },
};

const oneDisk: Scenario = {
  name: 'folders of one disk that are mounted as a container mounts its volumes',
  obstacle: needsRoot,
  run: async (library) => {
    const [disk, index] = ['disk', 'index of the disk'].map((name) => join(library.base, name)) as [
      string,
      string,
    ];
    for (const folder of [disk, index]) await mkdir(folder);
    const bind = (folder: string) => ['mount', '--bind', folder] as const;
    const far = join(library.folder, 'far away');
    const upload = async (key: string, seed: number) =>
      library.client.upload(await picture(seed), { key, contentType: 'image/png' });
    await addPictures(library, 0, 5);
    return mounted(library.index, bind(index), async () => {
      let truth = new Map<string, Buffer>();
      await mounted(far, bind(disk), async () => {
        await writeFile(join(far, 'a.png'), await picture(50));
        await library.start();
        await library.assertSound();
        for (const [i, key] of ['up.png', 'far away/up.png', 'far away/new/up.png'].entries())
          await upload(key, 60 + i);
        await library.client.delete('far away/a.png');
        await library.client.restore({ keys: ['far away/a.png'] });
        await library.assertSound();
        truth = await library.files();
      });
      for (const restart of [false, true]) {
        if (restart) await library.end('SIGTERM');
        if (restart) await library.start();
        await untilStatus(library, 'degraded', 'folder-away');
        const taken = await upload('far away/late.png', 70).then(
          () => true,
          () => false,
        );
        if (taken || (await readdir(far)).length > 0) throw new Error('an upload went under the mount point');
        const { total } = await library.client.images({ limit: 1_000 });
        if (total !== truth.size) throw new Error(`${total} of ${truth.size} pictures are left`);
      }
      return mounted(far, bind(disk), async () => {
        await untilStatus(library, 'ok');
        await library.assertSound(truth);
        await writeFile(join(far, 'new/newer.png'), await picture(80));
        await library.assertSound();
        // Another one in its place, sooner than it is looked for: nothing tells a watch of that.
        const copy = join(library.base, 'copy of the disk');
        run('cp', '-a', disk, copy);
        execFileSync('sh', ['-c', 'umount -l "$0" && mount --bind "$1" "$0"', far, copy]);
        // Once that is seen, and not by the comparison that follows it.
        await until('the other one is known', async () => {
          const { ino } = await stat(copy);
          const known = await readFile(join(library.index, '.folder.json'), 'utf8');
          if (!known.includes(`"${ino}"`)) throw new Error(known);
        });
        await library.assertSound();
        await writeFile(join(far, 'new/newest.png'), await picture(81));
        await library.assertSound();
        await library.end();
        return 'uploads went to each, nothing was forgotten, and a new picture was found afterwards';
      });
    });
  },
};

const glitch: Scenario = {
  name: 'disks that are unmounted and mounted again at once',
  obstacle: () => needsRoot() ?? (spawnSync('mkfs.ext4', ['-V']).error ? 'no mkfs.ext4' : undefined),
  run: async (library) => {
    const images = ['outer', 'inner'].map((name) => join(library.base, name)) as [string, string];
    for (const image of images) {
      run('truncate', '-s', '16M', image);
      run('mkfs.ext4', '-q', image);
    }
    const inner = join(library.folder, 'inner');
    const loop = (image: string) => ['mount', '-o', 'loop', image] as const;
    return mounted(library.folder, loop(images[0]), () =>
      mounted(inner, loop(images[1]), async () => {
        await addPictures(library, 0, 5);
        await writeFile(join(inner, 'far.png'), await picture(50));
        await library.start();
        await library.assertSound();
        const again = (image: string, at: string) =>
          execFileSync('sh', ['-c', `umount '${at}' && mount -o loop '${image}' '${at}'`]);

        // Sooner than it is looked for the folder; the same disk with the same numbers.
        again(images[1], inner);
        await writeFile(join(inner, 'new.png'), await picture(51));
        await library.assertSound();
        run('umount', inner);
        again(images[0], library.folder);
        run(...loop(images[1]), inner);
        await addPictures(library, 5, 6);
        await writeFile(join(inner, 'newer.png'), await picture(52));
        await library.assertSound();
        await library.end();
        return 'both were watched at once, and nothing was forgotten';
      }),
    );
  },
};

const removedIndex: Scenario = {
  name: 'an index folder that somebody removes',
  run: async (library) => {
    await addPictures(library, 0, 20);
    await library.start();
    await library.assertSound();
    await library.end('SIGKILL');
    await rm(library.index, { recursive: true });
    await library.start();
    await library.assertSound();
    return 'it was made again from the pictures';
  },
};

const unreadable: Scenario = {
  name: 'folders and files that the server may not read',
  obstacle: () => (process.getuid?.() === 0 ? undefined : 'not root'),
  run: async (library) => {
    await addPictures(library, 0, 10);
    await mkdir(join(library.folder, 'private'), { mode: 0o700 });
    await writeFile(join(library.folder, 'private/p.png'), await picture(50));
    await chmod(join(library.folder, '5.png'), 0);
    await mkdir(library.index);
    await chmod(library.index, 0o777);
    await chmod(library.base, 0o755);
    const expected = await library.files();
    for (const key of ['private/p.png', '5.png']) expected.delete(key);
    await library.start({ through: ['setpriv', '--reuid', '65534', '--clear-groups'] });
    await until('all others are indexed', async () => {
      const { items } = await library.client.images({ limit: 100 });
      if (items.map(({ key }) => key).join() !== [...expected.keys()].sort().join())
        throw new Error('not yet');
    });
    await untilStatus(library, 'degraded', 'folder-unreadable');
    const code = await library.end('SIGTERM');
    if (code !== 0) throw new Error(`the server ended with ${code} on the first SIGTERM`);
    return 'all others were indexed, and the first SIGTERM ended the server';
  },
};

/** File systems of cameras and cards, by the kernel or by Debian's packages. */
const CARDS = [
  { make: 'mkfs.vfat', mount: 'mount', needs: 'vfat' },
  { make: 'mkfs.exfat', mount: 'mount', needs: 'exfat' },
  { make: 'mkfs.exfat', mount: 'mount.exfat-fuse', needs: 'fuse' },
] as const;

/** The first of them that this machine has. */
function cardHere(): (typeof CARDS)[number] | undefined {
  const known = readFileSync('/proc/filesystems', 'utf8').split(/\s+/);
  const isHere = (command: string) => !spawnSync(command, ['--help']).error;
  return CARDS.find(({ make, mount, needs }) => known.includes(needs) && isHere(make) && isHere(mount));
}

const cardObstacle = (): string | undefined =>
  needsRoot() ?? (cardHere() ? undefined : 'neither vfat nor exFAT is here (exfatprogs and exfat-fuse)');

const withoutLinks: Scenario = {
  name: 'pictures on a card, where files have one name and times of whole seconds',
  obstacle: cardObstacle,
  run: async (library) => {
    const card = join(library.base, 'card');
    const { make, mount } = cardHere()!;
    run('truncate', '-s', '64M', card);
    run(make, card);
    const device = execFileSync('losetup', ['-f', '--show', card], { encoding: 'utf8' }).trim();
    try {
      return await mounted(library.folder, [mount, device], () => onCard(library));
    } finally {
      run('losetup', '-d', device);
    }
  },
};

async function onCard(library: ServedLibrary): Promise<string> {
  await addPictures(library, 0, 10);
  await library.start();
  const image = await picture(50);
  await library.client.upload(image, { key: 'up.png', contentType: 'image/png' });
  await library.client.delete('3.png');
  await library.client.restore({ keys: ['3.png'] });
  await unlink(join(library.folder, '4.png'));
  await library.assertSound();
  // One file of a card has both names.
  const other = library.client.upload(image, { key: 'UP.png', contentType: 'image/png' });
  await other.then(
    () => Promise.reject(new Error('an upload was taken under another spelling')),
    () => {},
  );
  for (const key of ['what?.png', 'a:b/c.png', '10/d*.png']) {
    const refused = await library.client.upload(image, { key, contentType: 'image/png' }).then(
      () => undefined,
      (error: { status?: number }) => error.status,
    );
    if (refused !== 400) throw new Error(`"${key}" was answered with ${refused}`);
  }
  await library.assertSound();
  await library.end('SIGTERM');
  // An index cannot be there, and says so.
  const there = library.spawn(await freePort(), { flags: ['--index', join(library.folder, 'index')] });
  const [code] = (await once(there, 'exit')) as [number | null];
  if (code !== 1 || !library.log.includes('cannot hold an index'))
    throw new Error(`an index on the card ended with ${code}: ${library.log.slice(-500)}`);
  return 'pictures came, went and were restored, and an index there was refused in a sentence';
}

export const disks: readonly Scenario[] = [
  withoutLinks,
  fullDisk,
  readOnly,
  unmounted,
  oneDisk,
  glitch,
  removedIndex,
  unreadable,
];
