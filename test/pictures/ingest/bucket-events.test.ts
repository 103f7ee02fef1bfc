/** The events of a real S3 server with versions drive on-upload: what is indexed is what readers of the bucket get. */

import { createHash } from 'node:crypto';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { Sha256 } from '@aws-crypto/sha256-js';
import {
  DeleteObjectCommand,
  type LifecycleRule,
  ListObjectVersionsCommand,
  PutBucketLifecycleConfigurationCommand,
  PutBucketNotificationConfigurationCommand,
  PutBucketVersioningCommand,
  PutObjectCommand,
  type S3Client,
} from '@aws-sdk/client-s3';
import { SignatureV4 } from '@smithy/signature-v4';
import type { S3Event } from 'aws-lambda';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createOnUpload } from '../../../functions/on-upload/handler.ts';
import { DIMENSIONS } from '../../../pictures/dimensions.ts';
import { systemClock } from '../../../vectorlog/clock.ts';
import { listAppends, readAppend } from '../../../vectorlog/log/append-log.ts';
import type { LogRecord } from '../../../vectorlog/log/record.ts';
import { silentLogger } from '../../../vectorlog/logger.ts';
import { S3Store } from '../../../vectorlog/store/s3-store.ts';
import { MemoryStore } from '../../../vectorlog/testing/memory-store.ts';
import { fakeEmbedder } from '../../factories/fake-embedder.ts';
import { s3Event, sqsEvent } from '../../factories/s3-events.ts';
import { describeWithS3 } from '../../s3-server/describe-with-s3.ts';
import type { S3Server } from '../../s3-server/s3-server.ts';

/** Takes the events that the server pushes, in the order of their arrival. */
class Listener {
  readonly #events: S3Event[] = [];
  #arrived: () => void = () => {};
  readonly server: Server = createServer(async (request, response) => {
    this.#events.push(JSON.parse(await text(request)) as S3Event);
    response.end();
    this.#arrived();
  });

  async next(): Promise<S3Event> {
    while (this.#events.length === 0) {
      await new Promise<void>((resolve) => {
        this.#arrived = resolve;
      });
    }
    return this.#events.shift()!;
  }
}

/** A topic is made by SNS's protocol, which the server speaks at the same address. */
async function createTopic({ options, client }: S3Server, name: string, pushTo: string): Promise<string> {
  const url = new URL(options.endpoint);
  const body = new URLSearchParams({
    Action: 'CreateTopic',
    Name: name,
    'Attributes.entry.1.key': 'push-endpoint',
    'Attributes.entry.1.value': pushTo,
  }).toString();
  const region = await client.config.region();
  const signer = new SignatureV4({
    service: 's3',
    region,
    credentials: client.config.credentials,
    sha256: Sha256,
  });
  const signed = await signer.sign({
    method: 'POST',
    protocol: url.protocol,
    hostname: url.hostname,
    port: Number(url.port),
    path: '/',
    headers: { host: url.host, 'content-type': 'application/x-www-form-urlencoded' },
    body,
  });
  const { host: _, ...headers } = signed.headers;
  const response = await fetch(url, { method: 'POST', headers, body });
  const answer = await response.text();
  const arn = /<TopicArn>([^<]+)<\/TopicArn>/.exec(answer)?.[1];
  if (!arn) throw new Error(`no topic: ${response.status} ${answer}`);
  return arn;
}

/** Rules of expiry; this server insists on a checksum that the SDK does not send any more. */
function expiring(Bucket: string, Rules: LifecycleRule[]): PutBucketLifecycleConfigurationCommand {
  const command = new PutBucketLifecycleConfigurationCommand({ Bucket, LifecycleConfiguration: { Rules } });
  command.middlewareStack.add(
    (next) => (args) => {
      const { body, headers } = args.request as { body: string; headers: Record<string, string> };
      headers['content-md5'] = createHash('md5').update(body).digest('base64');
      return next(args);
    },
    { step: 'build', name: 'contentMd5' },
  );
  return command;
}

/** on-upload over a bucket: has it handle an event, and gives what it learned of the key. */
function ingestion(client: S3Client, bucket: string): (event: S3Event) => Promise<LogRecord> {
  const index = new MemoryStore();
  const onUpload = createOnUpload({
    pictures: new S3Store({ client, bucket }),
    index,
    embedder: fakeEmbedder(),
    clock: systemClock,
    logger: silentLogger,
  });
  let sequencer = 0x100;
  return async (event) => {
    // This server's sequencers do not sort; on AWS they do.
    event.Records[0]!.s3.object.sequencer = (sequencer++).toString(16);
    expect(await onUpload(sqsEvent(event))).toEqual({ batchItemFailures: [] });
    const names: string[] = [];
    for await (const { name } of listAppends(index)) names.push(name);
    return (await readAppend(index, names.at(-1)!, DIMENSIONS)).records[0]!;
  };
}

describeWithS3('events of a bucket with versions', (server) => {
  const listener = new Listener();
  beforeAll(() => new Promise<void>((resolve) => listener.server.listen(0, '127.0.0.1', resolve)));
  afterAll(() => void listener.server.close());

  test('overwrite, delete, undelete and the end of an old version', async () => {
    const { client } = server();
    const Bucket = await server().newBucket();
    const { port } = listener.server.address() as AddressInfo;
    const TopicArn = await createTopic(server(), Bucket, `http://127.0.0.1:${port}`);
    const VersioningConfiguration = { Status: 'Enabled' } as const;
    await client.send(new PutBucketVersioningCommand({ Bucket, VersioningConfiguration }));
    const Events = ['s3:ObjectCreated:*', 's3:ObjectRemoved:*'] as const;
    const NotificationConfiguration = { TopicConfigurations: [{ Id: 'all', TopicArn, Events: [...Events] }] };
    await client.send(new PutBucketNotificationConfigurationCommand({ Bucket, NotificationConfiguration }));

    const learn = ingestion(client, Bucket);
    const heard = async (): Promise<LogRecord> => learn(await listener.next());
    const Key = 'a/picture.jpg';
    const put = (Body: string) => client.send(new PutObjectCommand({ Bucket, Key, Body }));
    const remove = (VersionId?: string) =>
      client.send(new DeleteObjectCommand({ Bucket, Key, ...(VersionId && { VersionId }) }));
    const eTagOf = ({ ETag }: { ETag?: string | undefined }) => ETag?.replaceAll('"', '');

    const first = await put('first');
    expect(await heard()).toMatchObject({ op: 'put', key: Key, eTag: eTagOf(first) });
    const second = await put('second');
    expect(await heard()).toMatchObject({ op: 'put', key: Key, eTag: eTagOf(second) });

    await remove(first.VersionId);
    expect(await heard(), 'an old version ends').toMatchObject({ op: 'put', eTag: eTagOf(second) });

    const marker = await remove();
    expect(await heard(), 'deletion').toMatchObject({ op: 'delete', key: Key });
    await remove(marker.VersionId);
    expect(await heard(), 'undelete').toMatchObject({ op: 'put', eTag: eTagOf(second) });

    await remove(second.VersionId);
    expect(await heard(), 'the last version ends').toMatchObject({ op: 'delete', key: Key });

    const kept = await put('kept');
    await heard();
    const Suspended = { Bucket, VersioningConfiguration: { Status: 'Suspended' } as const };
    await client.send(new PutBucketVersioningCommand(Suspended));
    const current = await put('current');
    await heard();
    await remove(kept.VersionId);
    const ended = await listener.next();
    // AWS documents one for buckets that keep versions alone.
    delete (ended.Records[0]!.s3.object as { versionId?: string }).versionId;
    expect(await learn(ended), 'an old version ends where none are kept any more').toMatchObject({
      op: 'put',
      eTag: eTagOf(current),
    });
  });

  // This server expires objects and tells nobody: the events are those of AWS's documents, about what it did.
  test('what expires: an old version leaves the picture as it is, and the picture itself goes', {
    timeout: 180_000,
  }, async () => {
    const { client } = server();
    const Bucket = await server().newBucket();
    const VersioningConfiguration = { Status: 'Enabled' } as const;
    await client.send(new PutBucketVersioningCommand({ Bucket, VersioningConfiguration }));
    await client.send(
      expiring(Bucket, [
        {
          ID: 'old',
          Status: 'Enabled',
          Filter: { Prefix: 'kept/' },
          NoncurrentVersionExpiration: { NoncurrentDays: 1 },
        },
        { ID: 'all', Status: 'Enabled', Filter: { Prefix: 'short/' }, Expiration: { Days: 1 } },
      ]),
    );
    const learn = ingestion(client, Bucket);
    const told = (change: Omit<Parameters<typeof s3Event>[0], 'sequencer'>): Promise<LogRecord> =>
      learn(s3Event({ ...change, sequencer: '' }));
    const put = async (key: string, Body: string) => {
      const { ETag = '', VersionId = '' } = await client.send(
        new PutObjectCommand({ Bucket, Key: key, Body }),
      );
      const eTag = ETag.replaceAll('"', '');
      return {
        eTag,
        versionId: VersionId,
        record: told({ key, eTag, size: Body.length, versionId: VersionId }),
      };
    };
    const [kept, short] = ['kept/picture.jpg', 'short/picture.jpg'];
    const first = await put(kept, 'first');
    await first.record;
    const second = await put(kept, 'second');
    await second.record;
    await (await put(short, 'short-lived')).record;
    const versions = async (Prefix: string) => {
      const { Versions = [], DeleteMarkers = [] } = await client.send(
        new ListObjectVersionsCommand({ Bucket, Prefix }),
      );
      return {
        ids: Versions.map(({ VersionId }) => VersionId),
        markers: DeleteMarkers.map(({ VersionId }) => VersionId!),
      };
    };

    const patience = { timeout: 120_000, interval: 500 };
    await expect.poll(async () => (await versions(kept)).ids, patience).toEqual([second.versionId]);
    const oldOne = {
      eventName: 'LifecycleExpiration:Delete',
      key: kept,
      versionId: first.versionId,
    } as const;
    expect(await told(oldOne), 'an old version expired').toMatchObject({ op: 'put', eTag: second.eTag });

    await expect.poll(async () => (await versions(short)).markers.length, patience).toBe(1);
    const [versionId] = (await versions(short)).markers;
    const newest = {
      eventName: 'LifecycleExpiration:DeleteMarkerCreated',
      key: short,
      versionId: versionId!,
    } as const;
    expect(await told(newest), 'the picture expired').toMatchObject({ op: 'delete', key: short });
  });
});
