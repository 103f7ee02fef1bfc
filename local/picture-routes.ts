/** The routes that stand for S3 on one machine: pictures go in, and come out whole or small. */

import { type Context, Hono } from 'hono';
import { bodyLimit } from 'hono/body-limit';
import { PICTURE_LIMITS } from '../pictures/decoding/limits.ts';
import { pictureType } from '../pictures/picture-names.ts';
import type { ObjectStore } from '../vectorlog/store/object-store.ts';
import { isPictureKey, KEY_RULE } from './picture-names.ts';
import { keyOfUrl } from './picture-urls.ts';
import { problem } from './problem.ts';
import { PictureUnreadable, type Thumbnails, thumbnailSize } from './thumbnails.ts';

export interface PictureRoutesOptions {
  readonly pictures: ObjectStore;
  readonly thumbnails: Thumbnails;
  /** Called when a picture was written, so that nobody has to wait for the watcher. */
  readonly onChange: (key: string) => void;
}

export const PICTURES = '/pictures/';
export const UPLOADS = '/uploads/';
const THUMBNAILS = '/thumbnails/';

/** Headers of metadata begin with this, as on S3. */
export const METADATA_HEADER = 'x-amz-meta-';

/** An SVG can carry scripts; opened by itself it must not run them in the name of this server. */
const HARMLESS = { 'content-security-policy': "default-src 'none'; style-src 'unsafe-inline'; sandbox" };

export function pictureRoutes({ pictures, thumbnails, onChange }: PictureRoutesOptions): Hono {
  const app = new Hono();

  app.get(`${PICTURES}*`, (context) =>
    withPicture(context, PICTURES, async (key, found) => {
      const { body, contentType = pictureType(key) } = await pictures.get(key, { ifMatch: found.eTag });
      return { body, contentType: contentType ?? 'application/octet-stream' };
    }),
  );

  app.get(`${THUMBNAILS}*`, (context) =>
    withPicture(context, THUMBNAILS, async (key, found) => {
      const size = thumbnailSize(Number(context.req.query('size') ?? 320));
      return { body: await thumbnails.get(key, found.eTag, size), contentType: 'image/webp' };
    }),
  );

  const tooLarge = () =>
    problem({
      code: 'body-too-large',
      status: 413,
      title: 'The file is too large',
      detail: `A picture has at most ${PICTURE_LIMITS.maxBytes} bytes.`,
    });
  app.put(
    `${UPLOADS}*`,
    bodyLimit({ maxSize: PICTURE_LIMITS.maxBytes, onError: tooLarge }),
    async (context) => {
      const key = keyOfUrl(context.req.url, UPLOADS);
      if (key === undefined || !isPictureKey(key)) {
        return problem({
          code: 'invalid-request',
          status: 400,
          title: 'The key cannot be a file',
          detail: KEY_RULE,
        });
      }
      const contentType = context.req.header('content-type');
      await pictures.put(key, new Uint8Array(await context.req.arrayBuffer()), {
        ...(contentType && { contentType }),
        metadata: metadataOf(context.req.header()),
      });
      onChange(key);
      return context.body(null, 204);
    },
  );

  /** Answers with something made of a picture; browsers keep it, and ask whether it is still the same. */
  async function withPicture(
    context: Context,
    prefix: string,
    make: (key: string, found: { eTag: string }) => Promise<{ body: Uint8Array; contentType: string }>,
  ): Promise<Response> {
    const key = keyOfUrl(context.req.url, prefix);
    const found = key === undefined ? undefined : await pictures.head(key);
    if (key === undefined || !found) {
      const detail = 'There is no picture of this key in the folder.';
      return problem({ code: 'picture-not-found', status: 404, title: 'No such picture', detail });
    }
    const eTag = `"${found.eTag}"`;
    const headers = { etag: eTag, 'cache-control': 'private, no-cache', ...HARMLESS };
    if (context.req.header('if-none-match') === eTag) return new Response(null, { status: 304, headers });
    try {
      const { body, contentType } = await make(key, found);
      return new Response(body as Uint8Array<ArrayBuffer>, {
        headers: { ...headers, 'content-type': contentType, 'x-content-type-options': 'nosniff' },
      });
    } catch (error) {
      if (!(error instanceof PictureUnreadable)) throw error;
      const detail =
        'The file could not be read as a picture; see the list of rejected pictures for the reason.';
      return problem({ code: 'picture-rejected', status: 415, title: 'Not a readable picture', detail });
    }
  }

  return app;
}

const metadataOf = (headers: Record<string, string>): Record<string, string> =>
  Object.fromEntries(
    Object.entries(headers)
      .filter(([name]) => name.startsWith(METADATA_HEADER))
      .map(([name, value]) => [name.slice(METADATA_HEADER.length), value]),
  );
