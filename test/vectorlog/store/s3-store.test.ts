/** The S3 store on a real S3 server: what every store must do, and the probe. */

import { ListMultipartUploadsCommand } from '@aws-sdk/client-s3';
import { expect, it } from 'vitest';
import { StoreUnsuitable } from '../../../vectorlog/store/errors.ts';
import { probe } from '../../../vectorlog/store/probe.ts';
import { s3Client } from '../../../vectorlog/store/s3-client.ts';
import { S3Store } from '../../../vectorlog/store/s3-store.ts';
import { describeWithS3 } from '../../s3-server/describe-with-s3.ts';
import { conformance } from './conformance.ts';

describeWithS3('S3Store on a real server', (server) => {
  conformance('S3Store', () => server().newStore(), { modelRuns: 8 });

  it('stands the probe', async () => {
    await probe(await server().newStore());
  });

  it('says what is wrong with a bucket or credentials that do not work', async () => {
    const nowhere = new S3Store({ client: server().client, bucket: 'likeness-test-not-there' });
    await expect(nowhere.put('a', new Uint8Array(1))).rejects.toThrow(/there is no bucket/);
    await expect(probe(nowhere)).rejects.toBeInstanceOf(StoreUnsuitable);

    const credentials = { accessKeyId: 'AKIAWRONG', secretAccessKey: 'wrong' };
    const client = s3Client({ ...server().options, credentials });
    const stranger = new S3Store({ client, bucket: await server().newBucket() });
    await expect(stranger.put('a', new Uint8Array(1))).rejects.toThrow(/no permission/);
    await expect(stranger.get('a')).rejects.toBeInstanceOf(StoreUnsuitable);
  });

  it('leaves no upload open after a composition that failed', async () => {
    const bucket = await server().newBucket();
    const store = new S3Store({ client: server().client, bucket });
    const piece = new Uint8Array(9 * 1024 * 1024);
    const broken = async function* () {
      yield piece;
      yield piece;
      throw new Error('no more');
    };

    await expect(store.compose('never', broken())).rejects.toThrow('no more');

    const open = await server().client.send(new ListMultipartUploadsCommand({ Bucket: bucket }));
    expect(open.Uploads ?? []).toEqual([]);
  });
});
