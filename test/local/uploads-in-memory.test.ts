/** Uploads that come all at once: how many bytes of them the server holds. */

import { expect, it, vi } from 'vitest';
import { pictureRoutes } from '../../local/picture-routes.ts';
import { UploadSigner } from '../../local/uploads.ts';
import { systemClock } from '../../vectorlog/clock.ts';
import { MemoryStore } from '../../vectorlog/testing/memory-store.ts';

const MiB = 2 ** 20;
const SIZE = 30 * MiB;
const COUNT = 10;
/** What the server takes for all uploads together. */
const MOST = 128 * MiB;

it('no more than fit in what uploads may take are read, however many come', async () => {
  const signer = new UploadSigner(systemClock);
  const pictures = new MemoryStore();
  let [read, written, mostHeld] = [0, 0, 0];
  let goOn: () => void = () => {};
  const held = new Promise<void>((resolve) => {
    goOn = resolve;
  });
  pictures.put = async () => {
    await held;
    written++;
    return { eTag: 'e' };
  };
  const app = pictureRoutes({
    pictures,
    // Only what an upload asks of them.
    thumbnails: {} as Parameters<typeof pictureRoutes>[0]['thumbnails'],
    decoder: { smallCopy: async () => new Uint8Array(0) } as unknown as Parameters<
      typeof pictureRoutes
    >[0]['decoder'],
    signer,
    onChange: () => {},
  });
  const part = new Uint8Array(MiB);
  const upload = (i: number) => {
    const about = { key: `${i}.png`, contentType: 'image/png', size: SIZE };
    const { url, headers } = signer.sign(about, 'http://127.0.0.1');
    let sent = 0;
    const body = new ReadableStream<Uint8Array>(
      {
        pull: (controller) => {
          if (sent === SIZE) return controller.close();
          sent += part.length;
          read += part.length;
          mostHeld = Math.max(mostHeld, read - written * SIZE);
          controller.enqueue(part);
        },
      },
      { highWaterMark: 0 },
    );
    return app.request(
      new Request(url, { method: 'PUT', body, headers, duplex: 'half' } as RequestInit & { duplex: 'half' }),
    );
  };

  const answers = Promise.all(Array.from({ length: COUNT }, (_, i) => upload(i)));
  await vi.waitFor(() => expect(read).toBeGreaterThanOrEqual(4 * SIZE), { timeout: 20_000 });
  goOn();
  expect((await answers).map(({ status }) => status)).toEqual(Array(COUNT).fill(204));
  expect(mostHeld).toBeLessThanOrEqual(MOST);
});
