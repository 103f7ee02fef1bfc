/** compact on AWS: its dependencies from the environment. */

import { dropThumbnails } from '../../pictures/thumbnails/thumbnails.ts';
import { systemClock } from '../../vectorlog/clock.ts';
import { prefixed } from '../../vectorlog/store/prefixed-store.ts';
import { s3Client } from '../../vectorlog/store/s3-client.ts';
import { S3Store } from '../../vectorlog/store/s3-store.ts';
import { required, VARIABLES } from '../environment.ts';
import { farIndex } from '../far-index.ts';
import { METRICS } from '../metric-names.ts';
import { count, logger, observed, seconds, traced } from '../observability.ts';
import { createCompact } from './handler.ts';

const client = traced(s3Client({ endpoint: process.env[VARIABLES.endpoint] }));
const modelId = required(VARIABLES.modelId);
const index = prefixed(new S3Store({ client, bucket: required(VARIABLES.indexBucket) }), `${modelId}/`);
const compact = createCompact({
  index,
  modelId,
  store: `s3://${required(VARIABLES.indexBucket)}`,
  source: `s3://${required(VARIABLES.imagesBucket)}`,
  clock: systemClock,
  logger,
  far: await farIndex(),
  // Those that were made before they were turned off, too.
  onDropped: dropThumbnails(index, logger),
});

/** Kept free at the end of a run, for what it has begun. */
const ENDING_MS = 60_000;

export const handler = observed(async (_event: unknown, context) => {
  const report = await compact(systemClock.now() + context.getRemainingTimeInMillis() - ENDING_MS);
  // A run that found nothing to do costs nothing more: no log line, no metric.
  if (report.outcome === 'idle' && !report.projection) return report;
  seconds(METRICS.compactionLag, report.oldestWaitMs / 1_000);
  count(METRICS.pictures, report.live);
  logger.info('compacted', { ...report });
  return report;
});
