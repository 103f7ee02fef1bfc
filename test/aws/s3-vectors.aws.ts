/** Holds the fake of S3 Vectors to the truth: the same suite, against the service. It costs less than a cent. */

import { randomUUID } from 'node:crypto';
import {
  CreateIndexCommand,
  CreateVectorBucketCommand,
  DeleteIndexCommand,
  DeleteVectorBucketCommand,
  S3VectorsClient,
} from '@aws-sdk/client-s3vectors';
import { LINE } from '../../vectorlog/far/far-index.ts';
import { S3Vectors } from '../../vectorlog/far/s3-vectors.ts';
import { CONFORMANCE_DIMENSIONS, farConformance } from '../vectorlog/far/conformance.ts';

farConformance('Amazon S3 Vectors', async () => {
  const client = new S3VectorsClient();
  const vectorBucketName = `likeness-test-${randomUUID()}`;
  const indexName = 'conformance';
  await client.send(new CreateVectorBucketCommand({ vectorBucketName }));
  const { indexArn } = await client.send(
    new CreateIndexCommand({
      vectorBucketName,
      indexName,
      dataType: 'float32',
      dimension: CONFORMANCE_DIMENSIONS,
      distanceMetric: 'cosine',
      metadataConfiguration: { nonFilterableMetadataKeys: [LINE] },
    }),
  );
  const far = new S3Vectors({ index: indexArn! });
  const close = async () => {
    far.close();
    await client.send(new DeleteIndexCommand({ vectorBucketName, indexName }));
    await client.send(new DeleteVectorBucketCommand({ vectorBucketName }));
    client.destroy();
  };
  return { far, close };
});
