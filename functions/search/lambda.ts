/** search on AWS: its dependencies from the environment. */

import { handle, type LambdaContext, type LambdaEvent } from 'hono/aws-lambda';
import { PictureDecoder } from '../../pictures/decoding/decoder.ts';
import { findOptionalDecoders } from '../../pictures/decoding/optional/find.ts';
import { fingerprintMaker } from '../../pictures/duplicates/fingerprint.ts';
import { loadEmbedder } from '../../pictures/embedding/load.ts';
import { thumbnailName } from '../../pictures/thumbnails/thumbnails.ts';
import { systemClock } from '../../vectorlog/clock.ts';
import { budgetOf } from '../../vectorlog/read/memory.ts';
import { prefixed } from '../../vectorlog/store/prefixed-store.ts';
import { s3Client } from '../../vectorlog/store/s3-client.ts';
import { S3Store } from '../../vectorlog/store/s3-store.ts';
import { hasThumbnails, KEEP_WARM_HOST, required, VARIABLES } from '../environment.ts';
import { farIndex } from '../far-index.ts';
import { logger, observed, traced } from '../observability.ts';
import { withEncodedPath } from './api-gateway.ts';
import { createApp } from './app.ts';
import { imagesBucket } from './images-bucket.ts';
import { lastBackfill } from './last-backfill.ts';
import { s3Signer } from './s3-signer.ts';

/** Of the bytes that are kept free of the index (`RESERVED_BYTES`), those for decoding; runtime and model take the others. */
const DECODE_BYTES = 384 * 1024 * 1024;

const client = traced(s3Client({ endpoint: process.env[VARIABLES.endpoint] }));
const decoder = new PictureDecoder({ maxMemoryBytes: DECODE_BYTES }, findOptionalDecoders());
const embedder = await loadEmbedder(required(VARIABLES.modelFolder), { decoder });
const memoryBytes = Number(required('AWS_LAMBDA_FUNCTION_MEMORY_SIZE')) * 1024 * 1024;
const machine = process.env[VARIABLES.backfill];

const indexBucket = required(VARIABLES.indexBucket);
const namespace = `${embedder.model.modelId}/`;
const untraced = s3Client({ endpoint: process.env[VARIABLES.endpoint] });
const { pictureUrl } = s3Signer({ client: untraced, bucket: indexBucket, clock: systemClock });

const app = createApp({
  index: prefixed(new S3Store({ client, bucket: indexBucket }), namespace),
  embedder,
  fingerprint: fingerprintMaker(decoder),
  clock: systemClock,
  logger,
  ...imagesBucket(client),
  thumbnailUrl: hasThumbnails() ? (picture) => pictureUrl(namespace + thumbnailName(picture)) : undefined,
  defaultConsistency: process.env[VARIABLES.consistency] === 'eventual' ? 'eventual' : 'strong',
  memoryBudgetBytes: budgetOf(memoryBytes),
  far: await farIndex(),
  backfill: machine ? lastBackfill(machine, logger) : undefined,
});

// The index begins to load while the function is still being started; whoever asks first joins it. The model is loaded beside it by the
// first search that brings a picture: loading it holds up this thread, through which the index comes, and a search by key needs none.
void app.request('/v1/stats');

const answer = handle(app);
type HttpEvent = Extract<LambdaEvent, { rawPath: string }>;

export const handler = observed(async (event: HttpEvent, context) => {
  const answered = await answer(withEncodedPath(event), context as LambdaContext);
  // The schedule of `keepWarm` waits for nothing, so that whoever comes next with a picture finds the model loaded too.
  if (event.requestContext.domainName === KEEP_WARM_HOST) await embedder.warm();
  return answered;
});
