/** front on AWS: its dependencies from the environment. */

import { handle, type LambdaContext, type LambdaEvent } from 'hono/aws-lambda';
import { systemClock } from '../../vectorlog/clock.ts';
import { budgetOf, DOWNLOAD_LIMITS } from '../../vectorlog/read/memory.ts';
import { prefixed } from '../../vectorlog/store/prefixed-store.ts';
import { s3Client } from '../../vectorlog/store/s3-client.ts';
import { S3Store } from '../../vectorlog/store/s3-store.ts';
import { required, VARIABLES } from '../environment.ts';
import { logger, observed, traced } from '../observability.ts';
import { withEncodedPath } from '../search/api-gateway.ts';
import { imagesBucket } from '../search/images-bucket.ts';
import { createFront } from './app.ts';

const client = traced(s3Client({ endpoint: process.env[VARIABLES.endpoint] }));
/** For the runtime, and appends on their way. */
const RESERVED_BYTES = 320 * 1024 * 1024;

const memoryBytes = Number(required('AWS_LAMBDA_FUNCTION_MEMORY_SIZE')) * 1024 * 1024;
/** As searches have it: in memory, or, where rows lie in a far index, of the log alone. */
function searchBudgetBytes(): number {
  const megabytes = process.env[VARIABLES.searchMemory];
  return megabytes ? budgetOf(Number(megabytes) * 1024 * 1024) : DOWNLOAD_LIMITS.farTailBytes;
}

const modelId = required(VARIABLES.modelId);

const app = createFront({
  index: prefixed(new S3Store({ client, bucket: required(VARIABLES.indexBucket) }), `${modelId}/`),
  model: { modelId, synthetic: process.env[VARIABLES.synthetic] === 'on' },
  searchBudgetBytes: searchBudgetBytes(),
  keysBudgetBytes: Math.max(0, memoryBytes - RESERVED_BYTES),
  clock: systemClock,
  logger,
  ...imagesBucket(client),
});

const answer = handle(app);
type HttpEvent = Extract<LambdaEvent, { rawPath: string }>;

export const handler = observed((event: HttpEvent, context) =>
  answer(withEncodedPath(event), context as LambdaContext),
);
