/** The routes that stand for S3 on one machine: pictures go in, and come out whole or small. */

import { type Context, Hono } from 'hono';
import { bodyLimit } from 'hono/body-limit';
import { PictureRejected } from '../pictures/decoding/errors.ts';
import { PICTURE_LIMITS } from '../pictures/decoding/limits.ts';
import { pictureType } from '../pictures/picture-names.ts';
import type { ObjectInfo, ObjectStore } from '../vectorlog/store/object-store.ts';
import { isPictureKey, KEY_RULE } from './picture-names.ts';
import { keyOfUrl } from './picture-urls.ts';
import { problem } from './problem.ts';
import { type Thumbnails, thumbnailSize } from './thumbnails.ts';

export interface PictureRoutesOptions {
  readonly pictures: ObjectStore;
  readonly thumbnails: Thumbnails;
  /** Called when a picture was written, so that nobody has to wait for the watcher. */
  readonly onChange: (key: string) => void;
}

type Described = ObjectInfo & { readonly contentType: string | undefined };

interface Made {
  readonly body: Uint8Array<ArrayBuffer> | ReadableStream<Uint8Array<ArrayBuffer>>;
  readonly bytes: number;
  readonly contentType: string;
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
      const contentType = found.contentType ?? pictureType(key) ?? 'application/octet-stream';
      return { body: streamed(pictures, key, found.size), bytes: found.size, contentType };
    }),
  );

  app.get(`${THUMBNAILS}*`, (context) =>
    withPicture(context, THUMBNAILS, async (key, found) => {
      const size = thumbnailSize(Number(context.req.query('size') ?? 320));
      const body = (await thumbnails.get(key, found, size)) as Uint8Array<ArrayBuffer>;
      return { body, bytes: body.length, contentType: 'image/webp' };
    }),
  );

  const tooLarge = () =>
    problem({
      code: 'body-too-large',
      status: 413,
      title: 'The file is too large',
      detail: `A picture has at most ${PICTURE_LIMITS.maxBytesOfLargeKinds} bytes.`,
    });
  app.put(
    `${UPLOADS}*`,
    bodyLimit({ maxSize: PICTURE_LIMITS.maxBytesOfLargeKinds, onError: tooLarge }),
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
    make: (key: string, found: Described) => Promise<Made>,
  ): Promise<Response> {
    const key = keyOfUrl(context.req.url, prefix);
    const found = key === undefined ? undefined : await pictures.head(key);
    if (key === undefined || !found) {
      const detail = 'There is no picture of this key in the folder.';
      return problem({ code: 'picture-not-found', status: 404, title: 'No such picture', detail });
    }
    const eTag = `"${found.eTag}"`;
    // An address that names the time of the last change never means anything else.
    const versioned = context.req.query('v') === String(found.lastModified.getTime());
    const cacheControl = versioned ? 'private, max-age=31536000, immutable' : 'private, no-cache';
    const headers = { etag: eTag, 'cache-control': cacheControl, ...HARMLESS };
    if (context.req.header('if-none-match') === eTag) return new Response(null, { status: 304, headers });
    try {
      const { body, bytes, contentType } = await make(key, found);
      return new Response(body, {
        headers: {
          ...headers,
          'content-type': contentType,
          'content-length': String(bytes),
          'x-content-type-options': 'nosniff',
        },
      });
    } catch (error) {
      if (!(error instanceof PictureRejected)) throw error;
      const { message: detail } = error;
      return problem({ code: 'picture-rejected', status: 415, title: 'Not a readable picture', detail });
    }
  }

  return app;
}

/** Bytes of a picture that are in memory at a time while it is sent. */
const PIECE_BYTES = 1024 * 1024;

/** An object's bytes as they are asked for; the sending breaks off when the object changes meanwhile. */
function streamed(pictures: ObjectStore, key: string, size: number): ReadableStream<Uint8Array<ArrayBuffer>> {
  let start = 0;
  return new ReadableStream(
    {
      pull: async (controller) => {
        const end = Math.min(size, start + PIECE_BYTES);
        if (end > start) {
          controller.enqueue((await pictures.read(key, { start, end })) as Uint8Array<ArrayBuffer>);
        }
        start = end;
        if (end === size) controller.close();
      },
    },
    { highWaterMark: 0 },
  );
}

const metadataOf = (headers: Record<string, string>): Record<string, string> =>
  Object.fromEntries(
    Object.entries(headers)
      .filter(([name]) => name.startsWith(METADATA_HEADER))
      .map(([name, value]) => [name.slice(METADATA_HEADER.length), value]),
  );
