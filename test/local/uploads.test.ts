/** Uploads: what the server holds of them in memory, and what becomes of those that break off. */

import { mkdtemp, readdir, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it, onTestFinished, vi } from 'vitest';
import { openPictures } from '../../local/picture-folder.ts';
import { type PictureRoutesOptions, pictureRoutes } from '../../local/picture-routes.ts';
import { Presence } from '../../local/presence.ts';
import { UploadSigner } from '../../local/uploads.ts';
import { systemClock } from '../../vectorlog/clock.ts';
import { picture } from '../factories/pictures.ts';

const MiB = 2 ** 20;
/** What the server looks at side by side. */
const MOST = 128 * MiB;

/** A folder, and the routes that take pictures into it. */
async function taking(decoder: Partial<PictureRoutesOptions['decoder']>) {
  const base = await mkdtemp(join(tmpdir(), 'likeness-uploads-'));
  onTestFinished(() => rm(base, { recursive: true, force: true }));
  const indexFolder = join(base, '.likeness');
  const presence = new Presence({ folder: base, indexFolder, known: { sample: async () => [] } });
  const { pictures, receive } = openPictures({ folder: base, indexFolder, presence });
  const signer = new UploadSigner(systemClock);
  const app = pictureRoutes({
    pictures,
    receive,
    thumbnails: {} as PictureRoutesOptions['thumbnails'],
    decoder: decoder as PictureRoutesOptions['decoder'],
    signer,
    onChange: () => {},
  });
  app.onError(() => new Response(null, { status: 500 }));
  const drafts = join(indexFolder, '.uploads', 'drafts');
  return {
    folder: base,
    /** Sizes of the files that are not whole yet. */
    drafts: async () => {
      const names = await readdir(drafts).catch(() => []);
      return Promise.all(names.map(async (name) => (await stat(join(drafts, name))).size));
    },
    upload: (key: string, size: number, body: BodyInit, signal?: AbortSignal) => {
      const { url, headers } = signer.sign({ key, contentType: 'image/png', size }, 'http://127.0.0.1');
      const init = { method: 'PUT', body, headers, duplex: 'half', signal: signal ?? null };
      return app.request(new Request(url, init as RequestInit));
    },
  };
}

/** A body that comes piece by piece. @param onAsked is called with the bytes that were asked for before each */
const body = (size: number, piece: number, onAsked: (before: number) => Promise<void> | void) => {
  let sent = 0;
  return new ReadableStream<Uint8Array>(
    {
      pull: async (controller) => {
        if (sent === size) return controller.close();
        await onAsked(sent);
        sent += piece;
        controller.enqueue(new Uint8Array(piece));
      },
    },
    { highWaterMark: 0 },
  );
};

it('an upload is on disk while it comes, whatever its size', async () => {
  const { upload, drafts, folder } = await taking({ smallCopy: async () => new Uint8Array(0) });
  const held: number[] = [];
  const answer = await upload(
    'a/large.png',
    40 * MiB,
    body(40 * MiB, MiB, async (before) => {
      const [onDisk = 0] = await drafts();
      held.push(before - onDisk);
    }),
  );

  expect(answer.status).toBe(204);
  expect(held).toHaveLength(40);
  // The piece that is being written, and the one that the stream keeps ready.
  expect(Math.max(...held)).toBeLessThanOrEqual(2 * MiB);
  expect((await stat(join(folder, 'a', 'large.png'))).size).toBe(40 * MiB);
  expect(await drafts()).toEqual([]);
});

it('no more than fit in what is looked at side by side are in memory, however many come', async () => {
  const size = 30 * MiB;
  let [inMemory, most] = [0, 0];
  let goOn: () => void = () => {};
  const held = new Promise<void>((resolve) => {
    goOn = resolve;
  });
  const { upload, drafts } = await taking({
    smallCopy: async (bytes) => {
      inMemory += (bytes as Uint8Array).length;
      most = Math.max(most, inMemory);
      await held;
      inMemory -= (bytes as Uint8Array).length;
      return new Uint8Array(0);
    },
  });

  const answers = Promise.all(
    Array.from({ length: 6 }, (_, i) =>
      upload(
        `${i}.png`,
        size,
        body(size, MiB, () => {}),
      ),
    ),
  );
  // All have come, and some wait for being looked at.
  await vi.waitFor(async () => expect(await drafts()).toEqual(Array(6).fill(size)), { timeout: 20_000 });
  goOn();
  expect((await answers).map(({ status }) => status)).toEqual(Array(6).fill(204));
  expect(most).toBeLessThanOrEqual(MOST);
  expect(most).toBeGreaterThanOrEqual(size);
});

it('an upload that breaks off, or that nobody waits for, leaves nothing', async () => {
  const leaving = new AbortController();
  const { upload, drafts, folder } = await taking({
    smallCopy: async () => {
      leaving.abort();
      return new Uint8Array(0);
    },
  });
  const broken = body(4 * MiB, MiB, (before) => {
    if (before === 2 * MiB) throw new Error('the connection broke');
  });
  const bytes = new Uint8Array(await picture(1));

  expect((await upload('new/broken.png', 4 * MiB, broken)).status).not.toBe(204);
  expect((await upload('new/left.png', bytes.length, bytes, leaving.signal)).status).not.toBe(204);

  expect((await readdir(folder)).filter((name) => !name.startsWith('.'))).toEqual([]);
  expect(await drafts()).toEqual([]);
});
