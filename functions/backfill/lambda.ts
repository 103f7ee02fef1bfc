/** The worker of backfills on AWS: its dependencies from the environment. */

import { SQSClient } from '@aws-sdk/client-sqs';
import { systemClock } from '../../vectorlog/clock.ts';
import { prefixed } from '../../vectorlog/store/prefixed-store.ts';
import { s3Client } from '../../vectorlog/store/s3-client.ts';
import { S3Store } from '../../vectorlog/store/s3-store.ts';
import { hasThumbnails, pictureFilter, required, VARIABLES } from '../environment.ts';
import { logger, observed, traced } from '../observability.ts';
import { sendMessages } from '../send-messages.ts';
import { createBackfill, type Step } from './handler.ts';

const client = traced(s3Client({ endpoint: process.env[VARIABLES.endpoint] }));
const modelId = required(VARIABLES.modelId);
const imagesBucket = required(VARIABLES.imagesBucket);
const indexBucket = required(VARIABLES.indexBucket);

const backfill = createBackfill({
  pictures: new S3Store({ client, bucket: imagesBucket }),
  index: prefixed(new S3Store({ client, bucket: indexBucket }), `${modelId}/`),
  origin: { modelId, store: `s3://${indexBucket}`, source: `s3://${imagesBucket}` },
  send: sendMessages(traced(new SQSClient({})), required(VARIABLES.uploadsQueue)),
  filter: pictureFilter(),
  thumbnails: hasThumbnails(),
  clock: systemClock,
  logger,
});

/** Kept free at the end of a run, for what it has begun: the longest is to read all lines of the index once. */
const ENDING_MS = 3 * 60_000;

export const handler = observed((step: Step, context) => {
  const until = systemClock.now() + context.getRemainingTimeInMillis() - ENDING_MS;
  return backfill(step, () => systemClock.now() >= until);
});
