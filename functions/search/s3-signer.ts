/** Signed addresses on S3: pictures travel between client and bucket, and never through the function. */

import { GetObjectCommand, type S3Client } from '@aws-sdk/client-s3';
import { createPresignedPost } from '@aws-sdk/s3-presigned-post';
import { getSignedUrl } from '@aws-sdk/s3-request-presigner';
import type { Clock } from '../../vectorlog/clock.ts';
import type { SearchDependencies } from './dependencies.ts';

/** How long an upload may take to begin. */
const UPLOAD_SECONDS = 15 * 60;
/** How long a picture of an answer can be fetched; less when the function's credentials end before. */
const PICTURE_SECONDS = 60 * 60;

/**
 * @param client must be one that is not traced: what a tracer adds to requests would become part of the signature
 */
export function s3Signer({
  client,
  bucket,
  clock,
}: {
  readonly client: S3Client;
  readonly bucket: string;
  readonly clock: Clock;
}): Pick<SearchDependencies, 'uploads' | 'pictureUrl'> {
  return {
    uploads: {
      /** A form, since only a form's policy can hold S3 to the size and the type that were announced. */
      async sign({ key, contentType, size, metadata = {} }) {
        const { url, fields } = await createPresignedPost(client, {
          Bucket: bucket,
          Key: key,
          Expires: UPLOAD_SECONDS,
          // The key by itself, whatever the signer makes of its text.
          Conditions: [
            ['content-length-range', size, size],
            ['eq', '$key', key],
          ],
          Fields: {
            'Content-Type': contentType,
            ...Object.fromEntries(
              Object.entries(metadata).map(([name, value]) => [`x-amz-meta-${name}`, value]),
            ),
          },
        });
        const expiresAt = new Date(clock.now() + UPLOAD_SECONDS * 1_000).toISOString();
        return { method: 'POST', url, fields, expiresAt };
      },
    },
    pictureUrl: (key) =>
      getSignedUrl(client, new GetObjectCommand({ Bucket: bucket, Key: key }), {
        expiresIn: PICTURE_SECONDS,
      }),
  };
}
