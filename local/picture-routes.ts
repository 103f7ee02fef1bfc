/** The routes that stand for S3 on one machine: pictures go in, and come out whole or small. */

import { type Context, Hono } from 'hono';
import { problem } from '../functions/search/problems.ts';
import type { PictureDecoder } from '../pictures/decoding/decoder.ts';
import { PictureRejected } from '../pictures/decoding/errors.ts';
import { PICTURE_LIMITS } from '../pictures/decoding/limits.ts';
import { MemoryBudget } from '../pictures/decoding/memory-budget.ts';
import { pictureType } from '../pictures/picture-names.ts';
import { LikenessError } from '../vectorlog/errors.ts';
import type { ObjectInfo, ObjectStore } from '../vectorlog/store/object-store.ts';
import { Line, NobodyWaits } from './line.ts';
import type { Receive } from './picture-folder.ts';
import { isPictureKey, KEY_RULE } from './picture-names.ts';
import { keyOfUrl } from './picture-urls.ts';
import { type Thumbnails, thumbnailSize } from './thumbnails.ts';
import { UPLOADS, type UploadSigner } from './uploads.ts';

export interface PictureRoutesOptions {
  readonly pictures: ObjectStore;
  readonly receive: Receive;
  readonly thumbnails: Thumbnails;
  readonly signer: UploadSigner;
  /** Refuses what cannot be indexed before it is written. */
  readonly decoder: PictureDecoder;
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
export const THUMBNAILS = '/thumbnails/';

/** An SVG can carry scripts; opened by itself it must not run them in the name of this server. */
const HARMLESS = { 'content-security-policy': "default-src 'none'; style-src 'unsafe-inline'; sandbox" };

/** Each holds a file and a piece of 64 KiB while its bytes come, from however slow a device. */
const UPLOADS_AT_ONCE = 64;
/** Bytes of uploads that are in memory side by side to be looked at; a larger one is alone. */
const LOOKED_AT_BYTES = 128 * 1024 * 1024;
const UPLOADS_WAITING = 256;
/** As long as a slow connection takes for a large picture before it. */
const UPLOADS_WAIT_MS = 60_000;

/** Thumbnails that are made at once, and a page of them that waits. */
const THUMBNAILS_AT_ONCE = 2;
const THUMBNAILS_WAITING = 512;
/** A whole page of heavy pictures, of which each takes a second. */
const THUMBNAILS_WAIT_MS = 5 * 60_000;

export function pictureRoutes({
  pictures,
  receive,
  thumbnails,
  signer,
  decoder,
  onChange,
}: PictureRoutesOptions): Hono {
  const app = new Hono();
  const uploading = new Line({
    atOnce: UPLOADS_AT_ONCE,
    maxWaiting: UPLOADS_WAITING,
    maxWaitMs: UPLOADS_WAIT_MS,
    of: 'uploads',
  });
  const inMemory = new MemoryBudget(LOOKED_AT_BYTES);
  const making = new Line({
    atOnce: THUMBNAILS_AT_ONCE,
    maxWaiting: THUMBNAILS_WAITING,
    maxWaitMs: THUMBNAILS_WAIT_MS,
    of: 'thumbnails',
  });

  app.get(`${PICTURES}*`, (context) =>
    withPicture(context, PICTURES, async (key, found) => {
      const contentType = found.contentType ?? pictureType(key) ?? 'application/octet-stream';
      return { body: streamed(pictures, key, found.size), bytes: found.size, contentType };
    }),
  );

  app.get(`${THUMBNAILS}*`, (context) =>
    withPicture(context, THUMBNAILS, async (key, found) => {
      const size = thumbnailSize(Number(context.req.query('size') ?? 320));
      const make = () => thumbnails.get(key, found, size);
      const body = (await making.run(make, context.req.raw.signal)) as Uint8Array<ArrayBuffer>;
      return { body, bytes: body.length, contentType: 'image/webp' };
    }),
  );

  app.put(`${UPLOADS}*`, async (context) => {
    const { url, raw } = context.req;
    const key = keyOfUrl(url, UPLOADS);
    if (key === undefined || !isPictureKey(key))
      return problem({
        code: 'invalid-request',
        status: 400,
        title: 'The key cannot be a file',
        detail: KEY_RULE,
      });
    const most = PICTURE_LIMITS.maxBytesOfLargeKinds;
    const length = Number(context.req.header('content-length') ?? 0);
    if (length > most)
      return problem({
        code: 'body-too-large',
        status: 413,
        title: 'The file is too large',
        detail: `A picture has at most ${most} bytes.`,
      });
    const signed = signer.verify(key, url, context.req.header());
    if (!signed)
      return problem({
        code: 'forbidden',
        status: 403,
        title: 'The address is not for this upload',
        detail: NOT_SIGNED,
      });
    const { contentType, metadata, size } = signed;
    const isReadable = (bytes: () => Promise<Uint8Array>) =>
      inMemory.run(size, async () => {
        await decoder.smallCopy(await bytes(), LOOK);
        // Whoever was not told that it is written may go on as if it were not.
        if (raw.signal.aborted) throw new NobodyWaits('nobody waits for the upload any more');
      });
    const write = () => receive(key, exactly(size, raw.body), isReadable, { contentType, metadata });
    try {
      await uploading.run(write, raw.signal);
    } catch (error) {
      if (error instanceof PictureRejected) return notReadable(error);
      throw error;
    }
    onChange(key);
    return context.body(null, 204);
  });

  /** Answers with something made of a picture; browsers keep it, and ask whether it is still the same. */
  async function withPicture(
    context: Context,
    prefix: string,
    make: (key: string, found: Described) => Promise<Made>,
  ): Promise<Response> {
    const key = keyOfUrl(context.req.url, prefix);
    const found = key === undefined || !isPictureKey(key) ? undefined : await pictures.head(key);
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
      return notReadable(error);
    }
  }

  return app;
}

/** All of the picture is decoded for it, as for the network. */
const LOOK = { side: 32, fit: 'inside', format: 'webp' } as const;

const notReadable = ({ message: detail }: PictureRejected): Response =>
  problem({ code: 'picture-rejected', status: 415, title: 'Not a readable picture', detail });

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

/** The body has not the bytes that were signed. */
export class UploadIncomplete extends LikenessError {
  readonly retryable = false;
}

/** The pieces of a body that has as many bytes as were signed. @throws UploadIncomplete */
async function* exactly(size: number, body: ReadableStream<Uint8Array> | null): AsyncGenerator<Uint8Array> {
  let bytes = 0;
  for await (const piece of body ?? []) {
    bytes += piece.byteLength;
    if (bytes > size) break;
    yield piece;
  }
  if (bytes !== size)
    throw new UploadIncomplete(
      `the body was to have ${size} bytes, and has ${bytes > size ? 'more' : bytes}`,
    );
}

const NOT_SIGNED =
  'Ask POST /v1/uploads for an address, and send the type and the metadata that were asked for, within an hour.';
