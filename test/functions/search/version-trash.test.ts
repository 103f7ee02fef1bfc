/** The trash of a bucket with versions, on a real S3 server. */

import { PutBucketVersioningCommand } from '@aws-sdk/client-s3';
import { describe, expect, test } from 'vitest';
import { VersionTrash } from '../../../functions/search/version-trash.ts';
import { KeyTaken, NotInTrash, TrashKeepsItself } from '../../../pictures/trash/trash.ts';
import { s3Client } from '../../../vectorlog/store/s3-client.ts';
import { S3Store } from '../../../vectorlog/store/s3-store.ts';
import { describeWithS3 } from '../../s3-server/describe-with-s3.ts';

describe('an id that no deletion can have', () => {
  const idOf = (...parts: unknown[]) => Buffer.from(JSON.stringify(parts)).toString('base64url');

  test.each([
    ['no JSON', 'no id'],
    ['one part', idOf('a')],
    ['a key that is no Unicode', idOf('\ud800', 'marker')],
    ['a key that is too long', idOf('a'.repeat(1_025), 'marker')],
    ['a key of nothing', idOf('', 'marker')],
  ])('asks the bucket for nothing: %s', async (_, id) => {
    const client = s3Client({ endpoint: 'http://127.0.0.1:1' });
    const about = { client, bucket: 'pictures', prefix: '', keptDays: 30 };
    const trash = new VersionTrash(about, { now: () => 0 });
    await expect(trash.restore(id)).rejects.toThrow(NotInTrash);
    await expect(trash.list({ after: id, limit: 1 })).rejects.toThrow(NotInTrash);
  });
});

describeWithS3('trash of a bucket with versions', (server) => {
  async function place({ versions = true, prefix = '' } = {}) {
    const { client } = server();
    const bucket = await server().newBucket();
    if (versions)
      await client.send(
        new PutBucketVersioningCommand({ Bucket: bucket, VersioningConfiguration: { Status: 'Enabled' } }),
      );
    const store = new S3Store({ client, bucket });
    let now = 0;
    const trash = new VersionTrash({ client, bucket, prefix, keptDays: 30 }, { now: () => now });
    const later = (seconds: number) => {
      now += seconds * 1_000;
    };
    const stopVersions = () =>
      client.send(
        new PutBucketVersioningCommand({
          Bucket: bucket,
          VersioningConfiguration: { Status: 'Suspended' },
        }),
      );
    return { store, trash, later, stopVersions };
  }
  const all = async (trash: VersionTrash, limit = 1_000): Promise<string[]> => {
    const keys: string[] = [];
    let after: string | undefined;
    do {
      const page = await trash.list({ after, limit });
      expect(page.pictures.length).toBeLessThanOrEqual(limit);
      keys.push(...page.pictures.map(({ key }) => key));
      after = page.next;
    } while (after !== undefined);
    return keys;
  };

  test('what is deleted comes back as it was, by its id or its key', async () => {
    const { store, trash } = await place();
    const key = 'a b+c%/é.jpg';
    await store.put(key, Buffer.from('old'));
    await store.put(key, Buffer.from('picture'), {
      contentType: 'image/jpeg',
      metadata: { album: 'Summer' },
    });
    await store.put(`${key}.jpg`, Buffer.from('stays'));
    const before = await store.head(key);
    expect(await trash.keeps()).toBe(true);

    await store.delete([key]);
    const { pictures } = await trash.list({ limit: 10 });
    expect(pictures).toMatchObject([{ key, size: 7, eTag: before?.eTag }]);
    await trash.restore(pictures[0]!.id);
    expect(await store.head(key)).toEqual(before);
    expect(await all(trash)).toEqual([]);
    await expect(trash.restore(pictures[0]!.id)).rejects.toThrow(KeyTaken);

    // Deleted twice, it has two markers.
    await store.delete([key]);
    await store.delete([key]);
    expect(await all(trash)).toEqual([key]);
    await trash.restoreKey(key);
    expect(await store.head(key)).toEqual(before);
  });

  test('a key with another picture, one that never was, and ones outside of the prefix are left alone', async () => {
    const { store, trash } = await place({ prefix: 'in/' });
    for (const key of ['in/a', 'out/a']) await store.put(key, Buffer.from('1'));
    await store.delete(['in/a', 'out/a', 'in/never']);
    expect(await all(trash)).toEqual(['in/a']);

    await store.put('in/a', Buffer.from('2'));
    await expect(trash.restoreKey('in/a')).rejects.toThrow(KeyTaken);
    for (const key of ['out/a', 'in/never', 'in/nowhere'])
      await expect(trash.restoreKey(key)).rejects.toThrow(NotInTrash);
    await expect(trash.restore('no id')).rejects.toThrow(NotInTrash);
    expect(Buffer.from((await store.get('in/a')).body).toString()).toBe('2');
  });

  test('pages hold every deletion once', async () => {
    const { store, trash } = await place();
    const keys = Array.from({ length: 9 }, (_, i) => `k${i}`);
    for (const key of keys) await store.put(key, Buffer.from(key));
    const gone = keys.filter((_, i) => i % 3 !== 1);
    await store.delete(gone);
    for (const limit of [1, 2, 100]) expect(await all(trash, limit)).toEqual(gone);
  });

  test('versions go by the rule of the bucket, and one without versions keeps nothing', async () => {
    const { trash } = await place();
    await expect(trash.empty({})).rejects.toThrow(TrashKeepsItself);
    expect(await (await place({ versions: false })).trash.keeps()).toBe(false);
  });

  test('says soon that a bucket keeps nothing any more', async () => {
    const { trash, later, stopVersions } = await place();
    expect(await trash.keeps()).toBe(true);
    await stopVersions();
    later(60);
    expect(await trash.keeps()).toBe(false);
  });
});
