/** Signed addresses on a real S3 server: they let pass what was announced, and nothing else. */

import { expect, test } from 'vitest';
import { uploadInit } from '../../../client/index.ts';
import { s3Signer } from '../../../functions/search/s3-signer.ts';
import { systemClock } from '../../../vectorlog/clock.ts';
import { S3Store } from '../../../vectorlog/store/s3-store.ts';
import { describeWithS3 } from '../../s3-server/describe-with-s3.ts';

describeWithS3('S3 signer', (server) => {
  async function bucket() {
    const { client } = server();
    const name = await server().newBucket();
    return {
      store: new S3Store({ client, bucket: name }),
      ...s3Signer({ client, bucket: name, clock: systemClock }),
    };
  }

  const send = async (
    { uploads }: Awaited<ReturnType<typeof bucket>>,
    file: Blob,
    announced: object = {},
  ) => {
    const request = { key: 'a b+c%/é.jpg', contentType: 'image/jpeg', size: 5, ...announced };
    const target = await uploads.sign(request);
    return { target, response: await fetch(target.url, uploadInit(target, file)) };
  };

  test('a picture goes up as it was announced, with its metadata, and comes down again', async () => {
    const place = await bucket();

    const { response } = await send(place, new Blob(['12345']), { metadata: { album: 'Summer 24' } });

    expect(response.ok).toBe(true);
    expect(await place.store.head('a b+c%/é.jpg')).toMatchObject({
      size: 5,
      contentType: 'image/jpeg',
      metadata: { album: 'Summer 24' },
    });
    const download = await fetch(await place.pictureUrl('a b+c%/é.jpg'));
    expect([download.headers.get('content-type'), await download.text()]).toEqual(['image/jpeg', '12345']);
  });

  test.each([
    ['larger', new Blob(['123456'])],
    ['smaller', new Blob(['1234'])],
  ])('a file that is %s than announced is refused', async (_, file) => {
    const place = await bucket();
    expect((await send(place, file)).response.status).toBeGreaterThanOrEqual(400);
    expect(await place.store.head('a b+c%/é.jpg')).toBeUndefined();
  });

  test.each(['key', 'Content-Type', 'x-amz-meta-album'])('a changed %s is refused', async (field) => {
    const place = await bucket();
    const { target } = await send(place, new Blob(['12345']), { metadata: { album: 'x' } });
    await place.store.delete(['a b+c%/é.jpg']);
    const changed = { ...target, fields: { ...target.fields, [field]: 'other' } };
    const response = await fetch(target.url, uploadInit(changed, new Blob(['12345'])));
    expect(response.status).toBe(403);
    expect(await place.store.head('other')).toBeUndefined();
  });
});
