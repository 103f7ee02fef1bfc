/** Downloads a file once: continues what an earlier try left, and believes the result only by its hash. */

import { createWriteStream } from 'node:fs';
import { mkdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { DownloadFailed } from './errors.ts';
import { sha256OfFile } from './file-hash.ts';

/** How far a download is, in bytes; `total` is undefined when the server does not say. */
export interface Progress {
  readonly done: number;
  readonly total: number | undefined;
}

export interface DownloadOptions {
  readonly url: string;
  /** Where the file goes; what is not complete stands beside it with `.part` at the end. */
  readonly path: string;
  /** Its SHA-256, in hex. Without it the first download is believed, and every later one must be the same. */
  readonly sha256?: string;
  readonly onProgress: (progress: Progress) => void;
  readonly fetch?: typeof fetch;
  /** Milliseconds without a byte after which the server counts as unreachable. @default 20,000 */
  readonly patienceMs?: number;
}

const PATIENCE_MS = 20_000;

/**
 * Does nothing when the file is there with the right hash.
 *
 * @returns its SHA-256, in hex
 * @throws DownloadFailed when the server cannot be reached, or sends something else than it should.
 */
export async function download(options: DownloadOptions): Promise<string> {
  const { url, path } = options;
  const noted = `${path}.sha256`;
  const sha256 = options.sha256 ?? (await readFile(noted, 'utf8').catch(() => undefined));
  if (sha256 !== undefined && (await sizeOf(path)) > 0 && (await sha256OfFile(path)) === sha256)
    return sha256;
  const part = `${path}.part`;
  await mkdir(dirname(path), { recursive: true });
  await fetchInto(part, options);
  const hash = await sha256OfFile(part);
  if (sha256 !== undefined && hash !== sha256) {
    await rm(part);
    throw new DownloadFailed(`${url} is not the file it should be: its SHA-256 is ${hash}, not ${sha256}`);
  }
  await rename(part, path);
  if (sha256 === undefined) await writeFile(noted, hash);
  return hash;
}

async function fetchInto(part: string, options: DownloadOptions): Promise<void> {
  const { url, onProgress, fetch: get = fetch, patienceMs = PATIENCE_MS } = options;
  const have = await sizeOf(part);
  const timeout = new AbortController();
  const timer = setTimeout(() => timeout.abort(new Error('no answer in time')), patienceMs);
  try {
    const headers: Record<string, string> = have > 0 ? { range: `bytes=${have}-` } : {};
    const response = await get(url, { headers, signal: timeout.signal });
    // 416: there is nothing after what we have; whether that is the whole file, its hash will tell.
    if (response.status === 416) return;
    if (!response.ok || !response.body) throw new Error(`the server answered ${response.status}`);
    const start = response.status === 206 ? have : 0;
    const length = Number(response.headers.get('content-length')) || undefined;
    let done = start;
    const total = length === undefined ? undefined : start + length;
    const counted = async function* (chunks: AsyncIterable<Uint8Array>) {
      for await (const chunk of chunks) {
        timer.refresh();
        done += chunk.length;
        onProgress({ done, total });
        yield chunk;
      }
    };
    const body = Readable.fromWeb(response.body as import('node:stream/web').ReadableStream);
    await pipeline(body, counted, createWriteStream(part, { flags: start > 0 ? 'a' : 'w' }));
  } catch (error) {
    throw new DownloadFailed(
      `${url} could not be downloaded: ${reasonOf(timeout.signal.aborted ? timeout.signal.reason : error)}`,
      { cause: error },
    );
  } finally {
    clearTimeout(timer);
  }
}

/** `fetch` hides what went wrong behind "fetch failed". */
function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return error.cause instanceof Error ? error.cause.message : error.message;
}

const sizeOf = async (path: string): Promise<number> =>
  stat(path).then(
    ({ size }) => size,
    () => 0,
  );
