/** on-upload on AWS: its dependencies from the environment. */

import { InvokeCommand, LambdaClient } from '@aws-sdk/client-lambda';
import { SQSClient } from '@aws-sdk/client-sqs';
import { PictureDecoder } from '../../pictures/decoding/decoder.ts';
import { decodeBytesOf } from '../../pictures/decoding/memory-budget.ts';
import { findOptionalDecoders } from '../../pictures/decoding/optional/find.ts';
import { loadEmbedder } from '../../pictures/embedding/load.ts';
import { thumbnailMaker } from '../../pictures/thumbnails/thumbnails.ts';
import { systemClock } from '../../vectorlog/clock.ts';
import { prefixed } from '../../vectorlog/store/prefixed-store.ts';
import { s3Client } from '../../vectorlog/store/s3-client.ts';
import { S3Store } from '../../vectorlog/store/s3-store.ts';
import { hasThumbnails, pictureFilter, required, VARIABLES } from '../environment.ts';
import { METRICS } from '../metric-names.ts';
import { count, logger, observed, traced } from '../observability.ts';
import { createOnUpload } from './handler.ts';
import { uploadQueue } from './upload-queue.ts';
import { createWakeCompaction } from './wake-compaction.ts';

const client = traced(s3Client({ endpoint: process.env[VARIABLES.endpoint] }));
const lambda = traced(new LambdaClient({}));
const compact = process.env[VARIABLES.compactFunction];
const bucket = (variable: string) => new S3Store({ client, bucket: required(variable) });
const memoryBytes = Number(required('AWS_LAMBDA_FUNCTION_MEMORY_SIZE')) * 1024 * 1024;
const decoder = new PictureDecoder({ maxMemoryBytes: decodeBytesOf(memoryBytes) }, findOptionalDecoders());
const embedder = await loadEmbedder(required(VARIABLES.modelFolder), { decoder });

const queueUrl = process.env[VARIABLES.uploadsQueue];
const deadLettersUrl = process.env[VARIABLES.deadLetters];

export const handler = observed(
  createOnUpload({
    pictures: bucket(VARIABLES.imagesBucket),
    index: prefixed(bucket(VARIABLES.indexBucket), `${embedder.model.modelId}/`),
    embedder,
    origin: {
      store: `s3://${required(VARIABLES.indexBucket)}`,
      source: `s3://${required(VARIABLES.imagesBucket)}`,
    },
    clock: systemClock,
    logger,
    filter: pictureFilter(),
    thumbnail: hasThumbnails() ? thumbnailMaker(decoder) : undefined,
    ...(compact && {
      wakeCompaction: createWakeCompaction({
        invoke: () => lambda.send(new InvokeCommand({ FunctionName: compact, InvocationType: 'Event' })),
        clock: systemClock,
        logger,
      }),
    }),
    ...(queueUrl &&
      deadLettersUrl && {
        queue: uploadQueue({ client: traced(new SQSClient({})), queueUrl, deadLettersUrl }),
      }),
    onReport: ({ embedded, rejected }) => {
      if (embedded > 0) count(METRICS.embedded, embedded);
      if (rejected > 0) count(METRICS.rejected, rejected);
    },
  }),
);
