/** An S3 endpoint over any store that can only be read, behind a network like that of a function on Lambda. */

import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { pipeline } from 'node:stream/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Readable } from '../made-up-index.ts';

const MB = 1e6;
/** Bytes that are let through at a time. */
const CHUNK = 256 * 1024;

/** What a function on Lambda gets, whatever its memory (sjakthol/aws-network-benchmark). */
export const LAMBDA_NETWORK = { burstBytes: 300 * MB, bytesPerSecond: 75 * MB, requestMs: 30 };

export interface Network {
  readonly endpoint: string;
  /** Bytes of objects that were asked for since the last `renew`. */
  readonly sentBytes: number;
  /** Another function: it has its burst before it, and what hung hangs no more. */
  renew(): void;
  /** Answers nothing any more until `renew`. */
  hang(): void;
  close(): void;
}

/** Answers GET with ranges, HEAD and ListObjectsV2; the first part of a path is the bucket and means nothing. */
export async function startNetwork(store: Readable, shape = LAMBDA_NETWORK): Promise<Network> {
  const allowance = new Allowance(shape);
  const server = createServer((request, response) => {
    answer(store, allowance, request, response, shape.requestMs).catch((error: Error) => {
      if (response.headersSent) response.destroy(error);
      else response.writeHead(500).end(error.message);
    });
  });
  server.keepAliveTimeout = 600_000;
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  return {
    endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    get sentBytes() {
      return allowance.sentBytes;
    },
    renew: () => allowance.renew(),
    hang: () => allowance.hang(),
    close: () => {
      server.closeAllConnections();
      server.close();
    },
  };
}

/** A token bucket. What is taken beyond what is there is waited for. */
class Allowance {
  sentBytes = 0;
  #level: number;
  #asOf = performance.now();
  #flowing: Promise<void> = Promise.resolve();
  #flow: () => void = () => {};

  constructor(private readonly shape: typeof LAMBDA_NETWORK) {
    this.#level = shape.burstBytes;
  }

  renew(): void {
    this.sentBytes = 0;
    this.#level = this.shape.burstBytes;
    this.#asOf = performance.now();
    this.#flow();
  }

  hang(): void {
    this.#flowing = new Promise((resolve) => {
      this.#flow = resolve;
    });
  }

  /** Resolves when nothing hangs. */
  flowing(): Promise<void> {
    return this.#flowing;
  }

  async take(bytes: number): Promise<void> {
    const { burstBytes, bytesPerSecond } = this.shape;
    const now = performance.now();
    this.#level = Math.min(burstBytes, this.#level + ((now - this.#asOf) / 1000) * bytesPerSecond) - bytes;
    this.#asOf = now;
    this.sentBytes += bytes;
    if (this.#level < 0) await sleep((-this.#level / bytesPerSecond) * 1000);
  }
}

async function answer(
  store: Readable,
  allowance: Allowance,
  request: IncomingMessage,
  response: ServerResponse,
  requestMs: number,
): Promise<void> {
  const { pathname, searchParams } = new URL(request.url ?? '/', 'http://s3');
  await Promise.all([sleep(requestMs), allowance.flowing()]);
  const key = decodeURIComponent(pathname.split('/').slice(2).join('/'));
  if (request.method === 'GET' && searchParams.has('list-type')) {
    response.writeHead(200, { 'content-type': 'application/xml' }).end(await listing(store, searchParams));
    return;
  }
  const info = request.method === 'GET' || request.method === 'HEAD' ? await store.head(key) : undefined;
  if (!info) {
    response.writeHead(404).end('<Error><Code>NoSuchKey</Code></Error>');
    return;
  }
  const asked = /^bytes=(\d+)-(\d+)$/.exec(request.headers.range ?? '');
  const start = Number(asked?.[1] ?? 0);
  const end = Math.min(info.size, Number(asked?.[2] ?? info.size - 1) + 1);
  response.writeHead(asked ? 206 : 200, {
    etag: `"${info.eTag}"`,
    'last-modified': info.lastModified.toUTCString(),
    'content-length': end - start,
    ...(asked && { 'content-range': `bytes ${start}-${end - 1}/${info.size}` }),
  });
  if (request.method === 'HEAD') return void response.end();
  await pipeline(async function* () {
    for (let at = start; at < end; at += CHUNK) {
      const bytes = await store.read(key, { start: at, end: Math.min(at + CHUNK, end) });
      await allowance.take(bytes.length);
      yield bytes;
    }
  }, response);
}

async function listing(store: Readable, asked: URLSearchParams): Promise<string> {
  const prefix = asked.get('prefix') ?? '';
  const startAfter = asked.get('start-after');
  const objects: string[] = [];
  for await (const page of store.list({ prefix, ...(startAfter !== null && { startAfter }) }))
    for (const { key, size, eTag, lastModified } of page)
      objects.push(
        `<Contents><Key>${encodeURIComponent(key)}</Key><Size>${size}</Size><ETag>"${eTag}"</ETag>` +
          `<LastModified>${lastModified.toISOString()}</LastModified></Contents>`,
      );
  return `<ListBucketResult><IsTruncated>false</IsTruncated>${objects.join('')}</ListBucketResult>`;
}
