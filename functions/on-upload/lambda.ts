/** on-upload on AWS: its dependencies from the environment. */

import { systemClock } from '../../core/clock.ts';
import { loadEmbedder } from '../../core/embedding/load.ts';
import { prefixed } from '../../core/storage/prefixed-store.ts';
import { s3Client } from '../../core/storage/s3-client.ts';
import { S3Store } from '../../core/storage/s3-store.ts';
import { required, VARIABLES } from '../environment.ts';
import { METRICS } from '../metric-names.ts';
import { count, logger, observed, traced } from '../observability.ts';
import { createOnUpload } from './handler.ts';

const client = traced(s3Client({ endpoint: process.env[VARIABLES.endpoint] }));
const bucket = (variable: string) => new S3Store({ client, bucket: required(variable) });
const embedder = await loadEmbedder(required(VARIABLES.modelFolder));

export const handler = observed(
  createOnUpload({
    pictures: bucket(VARIABLES.imagesBucket),
    index: prefixed(bucket(VARIABLES.indexBucket), `${embedder.model.modelId}/`),
    embedder,
    clock: systemClock,
    logger,
    onReport: ({ embedded, rejected }) => {
      count(METRICS.embedded, embedded);
      count(METRICS.rejected, rejected);
    },
  }),
);
