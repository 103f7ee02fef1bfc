/** A folder that is being served, for tests of everything that talks to a server. */

import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { type Client, createClient } from '../../client/client.ts';
import { type ServeOptions, type Serving, serveFolder } from '../../local/serve.ts';
import { PictureDecoder } from '../../pictures/decoding/decoder.ts';
import type { Embedder } from '../../pictures/embedding/embedder.ts';
import { silentLogger } from '../../vectorlog/logger.ts';
import { fakeEmbedder } from './fake-embedder.ts';

export interface ServedFolder {
  readonly folder: string;
  /** Puts a file into the folder, past the server. */
  write(path: string, content: Uint8Array | string): Promise<void>;
  /** Serves the folder; a second call stops the first server. @param wait for all to be taken in; by default, yes */
  serve(
    options?: Partial<ServeOptions>,
    wait?: { idle: boolean },
  ): Promise<{ serving: Serving; client: Client }>;
  /** Stops the server and removes the folder. */
  remove(): Promise<void>;
}

export async function servedFolder(): Promise<ServedFolder> {
  const folder = await mkdtemp(join(tmpdir(), 'likeness-test-'));
  let serving: Serving | undefined;
  return {
    folder,
    async write(path, content) {
      await mkdir(dirname(join(folder, path)), { recursive: true });
      await writeFile(join(folder, path), content);
    },
    async serve(options = {}, { idle } = { idle: true }) {
      await serving?.stop();
      serving = await serveFolder({
        folder,
        port: 0,
        embedder: fakeEmbedder(),
        decoder: new PictureDecoder(),
        logger: silentLogger,
        // Only when a test asks for it: so that it is known what was compacted and what was not.
        compactEveryMs: 3_600_000,
        patience: { secondLookMs: 50, lookEveryMs: 50 },
        ...options,
      });
      if (idle) await serving.idle();
      return { serving, client: createClient({ endpoint: serving.url }) };
    },
    async remove() {
      await serving?.stop();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

/** An embedder that counts the pictures it is given. */
export function countingEmbedder(): Embedder & { readonly count: number } {
  const embedder = fakeEmbedder();
  let count = 0;
  return {
    ...embedder,
    get count() {
      return count;
    },
    embed: (pictures, options) => {
      count += pictures.length;
      return embedder.embed(pictures, options);
    },
  };
}
