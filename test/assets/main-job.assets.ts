/** The main job, done by the packages of cdk.out: upload, append, search, compaction, deletion, backfill. */

import { createHash } from 'node:crypto';
import { fileURLToPath } from 'node:url';
import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Plan } from '../../functions/backfill/handler.ts';
import { Sequencer } from '../../local/sequencer.ts';
import { DIMENSIONS } from '../../pictures/dimensions.ts';
import { THUMBNAILS_PREFIX } from '../../pictures/thumbnails/thumbnails.ts';
import { systemClock } from '../../vectorlog/clock.ts';
import { rowOffset } from '../../vectorlog/commit/file-formats.ts';
import { LOG_LIMITS } from '../../vectorlog/commit/limits.ts';
import { commitManifest } from '../../vectorlog/commit/manifest.ts';
import { latestManifest } from '../../vectorlog/commit/newest-manifest.ts';
import { writeAppend } from '../../vectorlog/log/append-log.ts';
import type { ObjectStore } from '../../vectorlog/store/object-store.ts';
import { seededVector } from '../factories/fake-embedder.ts';
import { Deployment } from './deployment.ts';
import { report } from './report.ts';

const CDK_OUT = fileURLToPath(new URL('../../cdk.out', import.meta.url));

let deployment: Deployment;
const sequencer = new Sequencer(systemClock);

beforeAll(async () => {
  deployment = await Deployment.start(CDK_OUT);
});

afterAll(async () => {
  if (!deployment) return;
  console.log(report(deployment.functions));
  await deployment.stop();
});

/** A picture of its own: coloured noise, blurred so that it survives scaling. */
async function picture(seed: number): Promise<Buffer> {
  const side = 320;
  const noise = Buffer.alloc(side * side * 3);
  let state = createHash('sha256').update(String(seed)).digest();
  for (let at = 0; at < noise.length; at += state.length) {
    state.copy(noise, at);
    state = createHash('sha256').update(state).digest();
  }
  return sharp(noise, { raw: { width: side, height: side, channels: 3 } })
    .blur(4 + (seed % 5) * 3)
    .normalise()
    .jpeg()
    .toBuffer();
}

/** Puts an object and tells on-upload of it. */
async function upload(key: string, body: Uint8Array): Promise<number[]> {
  const { eTag } = await deployment.images.put(key, body, { contentType: 'image/jpeg' });
  return deployment.deliver(created(key, eTag, body.length));
}

const created = (key: string, eTag: string, size: number) =>
  ({ kind: 'ObjectCreated:Put', key, eTag, size, sequencer: sequencer.next(), at: Date.now() }) as const;

const removed = (key: string) =>
  ({ kind: 'ObjectRemoved:Delete', key, sequencer: sequencer.next(), at: Date.now() }) as const;

interface Answer {
  readonly results: { readonly key: string; readonly score: number; readonly url: string }[];
  readonly searched: number;
}

const searchBy = async (body: Uint8Array): Promise<Answer> => {
  const headers = { 'content-type': 'image/jpeg' };
  const { status, body: answer } = await deployment.api<Answer>({
    method: 'POST',
    path: '/v1/search',
    query: 'k=5',
    headers,
    body,
  });
  expect(status, JSON.stringify(answer)).toBe(200);
  return answer;
};

/** Where the small copy of a picture is, by the API. */
async function thumbnailOf(key: string): Promise<string | undefined> {
  const { status, body } = await deployment.api<{ items: { url: string }[] }>({
    method: 'POST',
    path: '/v1/thumbnails',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ keys: [key] }),
  });
  expect(status).toBe(200);
  return body.items[0]?.url;
}

/** What the function front says of some keys. */
async function statesOf(...keys: readonly string[]): Promise<string[]> {
  const { status, body } = await deployment.api<{ states: { state: string }[] }>({
    method: 'POST',
    path: '/v1/states',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ keys }),
  });
  expect(status).toBe(200);
  return body.states.map(({ state }) => state);
}

async function names(store: ObjectStore, prefix: string): Promise<string[]> {
  const found: string[] = [];
  for await (const page of store.list({ prefix })) found.push(...page.map(({ key }) => key));
  return found;
}

/** Makes the index believe that its last commits were long ago, so that what waits for a while can be deleted now. */
async function letTimePass(milliseconds: number): Promise<void> {
  const { manifest, committedAt } = (await latestManifest(deployment.index))!;
  const earlier = <T extends { readonly at: number | null }>(entries: readonly T[]) =>
    entries.map((entry) => ({ ...entry, at: (entry.at ?? committedAt) - milliseconds }));
  const { generation, folded, replaced, markers } = manifest;
  await commitManifest(deployment.index, {
    ...manifest,
    generation: generation + 1,
    folded: earlier(folded),
    replaced: earlier(replaced),
    markers: earlier(markers),
  });
}

describe('the deployed packages', () => {
  test('an upload becomes one append, and a file that is no picture a reason', async () => {
    const pictures = await Promise.all([1, 2, 3].map(picture));
    const changes = await Promise.all(
      [...pictures, Buffer.from('not a picture')].map(async (body, i) => {
        const key = `trip to Köln/${i + 1}+.jpg`;
        const { eTag } = await deployment.images.put(key, body, { contentType: 'image/jpeg' });
        return created(key, eTag, body.length);
      }),
    );

    const failed = await deployment.deliver(...changes);

    expect(failed).toEqual([]);
    expect(await names(deployment.index, 'log/')).toHaveLength(1);
    expect(await names(deployment.index, 'rejected/')).toHaveLength(1);
  });

  test('a picture is found before any compaction, and can be fetched', async () => {
    const query = await picture(2);

    const { results, searched } = await searchBy(query);

    expect(searched).toBe(3);
    expect(results[0]).toMatchObject({ key: 'trip to Köln/2+.jpg', score: expect.closeTo(1, 4) });
    const fetched = await fetch(results[0]!.url);
    expect(Buffer.from(await fetched.arrayBuffer()).equals(query)).toBe(true);
    expect(await statesOf('trip to Köln/2+.jpg', 'trip to Köln/4+.jpg', 'nothing.jpg')).toEqual([
      'indexed',
      'rejected',
      'absent',
    ]);
  });

  test('its thumbnail is there as soon as it is found, and the browser gets it from the bucket', async () => {
    const url = await thumbnailOf('trip to Köln/2+.jpg');

    const fetched = await fetch(url!);

    expect(fetched.headers.get('content-type')).toBe('image/webp');
    expect(await sharp(Buffer.from(await fetched.arrayBuffer())).metadata()).toMatchObject({
      format: 'webp',
    });
  });

  test('compaction folds the log into a file of that many rows', async () => {
    const outcome = await deployment.compact();

    expect(outcome).toMatchObject({ outcome: 'committed', live: 3, folded: 1 });
    const { manifest } = (await latestManifest(deployment.index))!;
    expect((await deployment.index.head(manifest.files.faiss))?.size).toBe(rowOffset(3, DIMENSIONS));
  });

  test('a warm search and a cold one find the same', async () => {
    const query = await picture(3);

    const warm = await searchBy(query);
    await deployment.searcher.restart();
    const cold = await searchBy(query);

    expect(warm.results[0]).toMatchObject({ key: 'trip to Köln/3+.jpg', score: expect.closeTo(1, 4) });
    expect(cold.results.map(({ key, score }) => ({ key, score }))).toEqual(
      warm.results.map(({ key, score }) => ({ key, score })),
    );
  });

  test('the API tells what is indexed, what is refused and what is unknown', async () => {
    const at = (key: string) =>
      deployment.api<{ state?: string }>({ method: 'GET', path: `/v1/images/${key}` });

    expect((await at('trip to Köln/1+.jpg')).body.state).toBe('indexed');
    expect((await at('trip to Köln/4+.jpg')).body.state).toBe('rejected');
    expect((await at('nothing.jpg')).status).toBe(404);
    expect(await statesOf('trip to Köln/1+.jpg', 'nothing.jpg')).toEqual(['indexed', 'absent']);
    expect((await deployment.api<{ total: number }>({ method: 'GET', path: '/v1/images' })).body.total).toBe(
      3,
    );
    const { body } = await deployment.api<{ items: unknown[] }>({ method: 'GET', path: '/v1/rejected' });
    expect(body.items).toHaveLength(1);
  });

  test('a signed upload reaches the bucket, and an upload that was refused can be mended', async () => {
    const body = await picture(4);
    const key = 'trip to Köln/4+.jpg';
    const request = { key, contentType: 'image/jpeg', size: body.length };
    const { body: target } = await deployment.api<{ url: string; fields: Record<string, string> }>({
      method: 'POST',
      path: '/v1/uploads',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(request),
    });
    const form = new FormData();
    for (const [name, value] of Object.entries(target.fields)) form.append(name, value);
    form.append('file', new Blob([new Uint8Array(body)]));

    const posted = await fetch(target.url, { method: 'POST', body: form });

    expect(posted.status, await posted.text()).toBeLessThan(300);
    const { eTag, size } = (await deployment.images.head(key))!;
    expect(await deployment.deliver(created(key, eTag, size))).toEqual([]);
    expect(await names(deployment.index, 'rejected/')).toEqual([]);
    expect((await searchBy(body)).results[0]).toMatchObject({ key, score: expect.closeTo(1, 4) });
  });

  test('a picture that is deleted through the API is found no more, and its thumbnail goes when that is folded', async () => {
    const key = 'trip to Köln/1+.jpg';
    const url = (await thumbnailOf(key))!;

    const { status } = await deployment.api({ method: 'DELETE', path: `/v1/images/${key}` });

    expect(status).toBeLessThan(300);
    expect(await deployment.images.head(key)).toBeUndefined();
    expect(await deployment.deliver(removed(key))).toEqual([]);
    expect((await searchBy(await picture(1))).results.map((result) => result.key)).not.toContain(key);
    expect(await thumbnailOf(key)).toBeUndefined();
    await deployment.compact();
    expect((await fetch(url)).status).toBe(404);
    expect(await names(deployment.index, THUMBNAILS_PREFIX)).toHaveLength(3);
  });

  test('an event of a picture that is gone is no error', async () => {
    const before = await names(deployment.index, 'log/');

    expect(await deployment.deliver(created('gone.jpg', 'd41d8cd98f00b204e9800998ecf8427e', 1))).toEqual([]);

    expect(await names(deployment.index, 'log/')).toEqual(before);
  });

  test('a cold start of on-upload adds to an index that has been compacted', async () => {
    await deployment.onUpload.restart();

    expect(await upload('after compaction.jpg', await picture(7))).toEqual([]);
    // S3 tells of a deletion once the picture is gone; on-upload asks it.
    await deployment.images.delete(['after compaction.jpg']);
    expect(await deployment.deliver(removed('after compaction.jpg'))).toEqual([]);
  });

  test('an append whose answer was lost is written once', async () => {
    let lost = 0;
    deployment.onUpload.guard.fault = ({ method, url }) =>
      method === 'PUT' && url?.includes('/log/') && lost++ === 0 ? 'lose answer' : undefined;
    const before = await names(deployment.index, 'log/');

    const failed = await upload('lost.jpg', await picture(5));

    expect(lost).toBeGreaterThan(1);
    expect(failed).toEqual([]);
    expect(await names(deployment.index, 'log/')).toHaveLength(before.length + 1);
  });

  test('a large index grows inside the store, and a composition that fails leaves nothing behind', async () => {
    await addRows(1_500);
    await deployment.compact();
    await addRows(100);
    deployment.compactor.guard.fault = ({ method, url, headers }) =>
      method === 'PUT' && url?.includes('uploadId') && headers['x-amz-copy-source'] ? 'refuse' : undefined;
    await expect(deployment.compact()).rejects.toThrow();
    deployment.compactor.guard.fault = () => undefined;

    const { live, rows } = await deployment.compact();

    expect(live).toBe(1_604);
    const { manifest } = (await latestManifest(deployment.index))!;
    expect((await deployment.index.head(manifest.files.faiss))?.size).toBe(rowOffset(rows, DIMENSIONS));
    expect((await searchBy(await picture(5))).results[0]).toMatchObject({
      key: 'lost.jpg',
      score: expect.closeTo(1, 4),
    });
  });

  test('what is no longer needed is deleted', async () => {
    for (let i = 0; i < LOG_LIMITS.manifestsKept; i++) {
      await addRows(1);
      await deployment.compact();
    }
    await letTimePass(LOG_LIMITS.replacedGraceMs + 60_000);
    await addRows(1);

    await deployment.compact();

    const { manifest } = (await latestManifest(deployment.index))!;
    expect(manifest.generation).toBeGreaterThan(LOG_LIMITS.manifestsKept);
    expect(await names(deployment.index, 'manifest/')).toHaveLength(LOG_LIMITS.manifestsKept);
    expect(await names(deployment.index, 'log/')).toHaveLength(1);
  });

  test('a backfill in the cloud asks for what the bucket has and the index misses, and for what is gone', async () => {
    const query = await picture(6);
    await deployment.images.put('missed.jpg', query, { contentType: 'image/jpeg' });
    const unreadable = Buffer.from('not a picture either');
    await upload('left.jpg', unreadable);
    await deployment.images.delete(['left.jpg']);
    const plan = await deployment.step<Plan>({ step: 'begin', run: 'a backfill', job: {} });

    const items = await deployment.listed();
    const compared = await deployment.step<object>({ step: 'compare', plan, items });

    expect(compared).toEqual({ compared: 5, missing: 1, changed: 0, bare: 0, archived: 0 });
    expect(await deployment.deliverQueued()).toBe(1);
    expect((await searchBy(query)).results[0]).toMatchObject({
      key: 'missed.jpg',
      score: expect.closeTo(1, 4),
    });

    const gone = await deployment.step<object>({ step: 'gone', plan });

    expect(gone).toMatchObject({ gone: added, isDone: true });
    expect(await deployment.deliverQueued()).toBe(added);
    const { body } = await deployment.api<{ total: number }>({ method: 'GET', path: '/v1/images' });
    expect(body.total).toBe(5);
    expect(await names(deployment.index, 'rejected/')).toEqual([]);
  });

  test('a rebuild in the cloud empties the index and has every picture embedded again, and verify finds no fault', async () => {
    await deployment.compact();
    const plan = await deployment.step<Plan>({ step: 'begin', run: 'a rebuild', job: { job: 'rebuild' } });
    const { searched } = await searchBy(await picture(6));

    const items = await deployment.listed();
    const compared = await deployment.step<object>({ step: 'compare', plan, items });

    expect(searched).toBe(0);
    expect(compared).toEqual({ compared: 5, missing: 5, changed: 0, bare: 0, archived: 0 });
    expect(await deployment.deliverQueued()).toBe(5);
    expect(await deployment.step<object>({ step: 'gone', plan })).toMatchObject({ gone: 0, isDone: true });
    expect(await deployment.compact()).toMatchObject({ live: 5 });
    expect(await deployment.step<object>({ step: 'verify', report: { job: 'verify' } })).toMatchObject({
      ok: true,
      live: 5,
      isDone: true,
    });
  });

  test('all functions do what they do within their roles', () => {
    expect(deployment.queue.refused).toEqual([]);
    for (const fn of deployment.functions) expect({ [fn.name]: fn.refused }).toEqual({ [fn.name]: [] });
  });

  test('the roles permit nothing that is never done', () => {
    for (const fn of deployment.functions) {
      const unused = fn.unused.filter(
        ({ resource, action }) => !DONE_ELSEWHERE.test(`${action} ${resource}`),
      );
      expect({ [fn.name]: unused }).toEqual({ [fn.name]: [] });
    }
  });

  test('logs are JSON, and metrics are written', () => {
    for (const fn of deployment.functions) {
      for (const line of fn.log.split('\n').filter(Boolean))
        expect(() => JSON.parse(line), line).not.toThrow();
    }
    expect(deployment.onUpload.log).toContain('"PicturesEmbedded"');
    expect(deployment.compactor.log).toContain('"CompactionLag"');
    expect(deployment.compactor.log).toContain('"function_request_id"');
  });
});

/**
 * What the main way does not come to, and other tests do: batches that come again (in-work.test.ts), duplicates
 * (test/functions/search/duplicates.test.ts), the trash of a versioned bucket (version-trash.test.ts), and thumbnails that
 * nobody needs, which have to be an hour old (kept.test.ts).
 */
const DONE_ELSEWHERE =
  /\/(in-work|fingerprints|verdicts|decisions)\/|s3:(DeleteObjectVersion|ListBucketVersions|GetBucketVersioning) |s3:DeleteObject \S*\/thumbnails\//;

let added = 0;

/** Appends made-up embeddings, as if that many pictures had been uploaded. */
async function addRows(count: number): Promise<void> {
  const keys = Array.from({ length: count }, () => `made up/${added++}.jpg`);
  const vectors = new Float32Array(count * 2048);
  keys.forEach((key, row) => {
    vectors.set(seededVector(key), row * 2048);
  });
  const records = keys.map((key, row) => ({
    op: 'put' as const,
    key,
    version: sequencer.next(),
    eTag: '0'.repeat(32),
    attributes: { size: 1, contentType: 'image/jpeg', metadata: {}, lastModified: new Date().toISOString() },
    row,
  }));
  await writeAppend(deployment.index, systemClock, { records, vectors }, DIMENSIONS);
}
