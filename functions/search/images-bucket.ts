/** The bucket of the pictures on AWS, and what the environment lets callers do to it. */

import type { S3Client } from '@aws-sdk/client-s3';
import { systemClock } from '../../vectorlog/clock.ts';
import { s3Client } from '../../vectorlog/store/s3-client.ts';
import { S3Store } from '../../vectorlog/store/s3-store.ts';
import { pictureFilter, required, VARIABLES } from '../environment.ts';
import { byScopes, type Scopes } from './allowed.ts';
import type { SearchDependencies } from './dependencies.ts';
import { s3Signer } from './s3-signer.ts';
import { VersionTrash } from './version-trash.ts';

/** @param client may be traced; what signs is another one */
export function imagesBucket(
  client: S3Client,
): Pick<SearchDependencies, 'pictures' | 'uploads' | 'pictureUrl' | 'allows' | 'trash'> {
  const bucket = required(VARIABLES.imagesBucket);
  const keptDays = process.env[VARIABLES.keptDays];
  const scopes = process.env[VARIABLES.scopes];
  const allows = {
    uploads: process.env[VARIABLES.uploads] !== 'off',
    deletes: process.env[VARIABLES.deletes] !== 'off',
  };
  const untraced = s3Client({ endpoint: process.env[VARIABLES.endpoint] });
  return {
    pictures: new S3Store({ client, bucket }),
    ...s3Signer({ client: untraced, bucket, clock: systemClock }),
    allows: scopes ? byScopes(allows, JSON.parse(scopes) as Scopes) : allows,
    // Without the right to delete there is none to undelete.
    ...(allows.deletes && {
      trash: new VersionTrash(
        {
          client,
          bucket,
          prefix: pictureFilter().prefix,
          keptDays: keptDays ? Number(keptDays) : undefined,
        },
        systemClock,
      ),
    }),
  };
}
