/** Downloads continue where they stopped, and are believed only by their hash. */

import { createHash } from 'node:crypto';
import { existsSync, mkdtempSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { download } from '../../../layers/onnx-resnet50/download.ts';
import { DownloadFailed } from '../../../layers/onnx-resnet50/errors.ts';

const content = Buffer.from(Array.from({ length: 300_000 }, (_, i) => i % 251));
const sha256 = createHash('sha256').update(content).digest('hex');

let server: Server;
let url: string;
let path: string;
let ranges: (string | undefined)[];
/** Bytes after which the server breaks the connection off. */
let breakAt: number | undefined;
/** Bytes after which the server sends nothing more, and keeps the connection. */
let stallAt: number | undefined;
let understandsRanges: boolean;

beforeEach(async () => {
  path = join(mkdtempSync(join(tmpdir(), 'likeness-download-')), 'deep', 'weights.pth');
  ranges = [];
  breakAt = undefined;
  stallAt = undefined;
  understandsRanges = true;
  server = createServer((request, response) => {
    ranges.push(request.headers.range);
    const start = understandsRanges
      ? Number(/^bytes=(\d+)-$/.exec(request.headers.range ?? '')?.[1] ?? 0)
      : 0;
    if (start >= content.length) return response.writeHead(416).end();
    response.writeHead(start > 0 ? 206 : 200, { 'content-length': content.length - start });
    if (stallAt !== undefined) return response.write(content.subarray(start, stallAt));
    if (breakAt === undefined) return response.end(content.subarray(start));
    response.write(content.subarray(start, breakAt));
    // Breaking off sooner would take back what the client has not read yet.
    const look = setInterval(() => {
      if (!statSync(`${path}.part`, { throwIfNoEntry: false })?.size) return;
      clearInterval(look);
      response.destroy();
    }, 5);
    return response;
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/weights.pth`;
});

afterEach(() => new Promise((resolve) => server.close(resolve)));

const get = (onProgress = (_: { done: number; total: number | undefined }): void => {}) =>
  download({ url, path, sha256, onProgress });

describe('download', () => {
  it('writes the file, tells its progress, and does nothing the second time', async () => {
    const seen: { done: number; total: number | undefined }[] = [];

    await get((progress) => seen.push(progress));
    await get();

    expect(readFileSync(path).equals(content)).toBe(true);
    expect(seen.at(-1)).toEqual({ done: content.length, total: content.length });
    expect(ranges).toEqual([undefined]);
  });

  it('continues where a broken connection left it', async () => {
    breakAt = 100_000;
    await expect(get()).rejects.toThrow(DownloadFailed);
    expect(existsSync(path)).toBe(false);
    breakAt = undefined;

    await get();

    expect(readFileSync(path).equals(content)).toBe(true);
    expect(ranges[1]).toMatch(/^bytes=[1-9]\d*-$/);
  });

  it('begins again when the server knows no ranges', async () => {
    breakAt = 100_000;
    await expect(get()).rejects.toThrow(DownloadFailed);
    breakAt = undefined;
    understandsRanges = false;

    await get();

    expect(readFileSync(path).equals(content)).toBe(true);
  });

  it('refuses another file than the one it should be, and forgets it', async () => {
    const wrong = { url, path, sha256: '0'.repeat(64), onProgress: () => {} };

    await expect(download(wrong)).rejects.toThrow(/not the file it should be/);

    expect(existsSync(path)).toBe(false);
    expect(existsSync(`${path}.part`)).toBe(false);
  });

  it('takes a complete part for the file when its hash is right', async () => {
    await get();
    writeFileSync(`${path}.part`, content);
    writeFileSync(path, 'damaged');

    await get();

    expect(readFileSync(path).equals(content)).toBe(true);
  });

  it('believes the first download where no hash is known, and no other one after it', async () => {
    const any = { url, path, onProgress: () => {} };
    expect(await download(any)).toBe(sha256);
    expect(await download(any)).toBe(sha256);
    expect(ranges).toHaveLength(1);
    writeFileSync(path, 'damaged');
    expect(await download(any)).toBe(sha256);
    expect(readFileSync(path).equals(content)).toBe(true);
    writeFileSync(path, 'damaged');
    content[0] = 99;
    await expect(download(any)).rejects.toThrow(/not the file it should be/);
    content[0] = 0;
  });

  it('gives up on a server that falls silent in the middle, and goes on from there the next time', async () => {
    stallAt = 100_000;
    const failure = download({ url, path, sha256, onProgress: () => {}, patienceMs: 200 });
    await expect(failure).rejects.toThrow(/no answer in time/);

    stallAt = undefined;
    await get();

    expect(ranges[1]).toMatch(/^bytes=[1-9]/);
    expect(readFileSync(path).equals(content)).toBe(true);
  });

  it('says why a server cannot be reached', async () => {
    await expect(
      download({ url: 'http://127.0.0.1:1/weights.pth', path, sha256, onProgress: () => {} }),
    ).rejects.toThrow(/could not be downloaded/);
  });
});
