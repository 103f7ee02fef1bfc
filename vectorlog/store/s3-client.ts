/** Makes the S3 client that Likeness uses everywhere, with timeouts, retries and connections chosen on purpose. */

import { S3Client } from '@aws-sdk/client-s3';
import { STORE_LIMITS } from './limits.ts';

export interface S3ClientOptions {
  /** URL of an S3-compatible store. @default AWS */
  readonly endpoint?: string | undefined;
  /** @default the environment's; `us-east-1` for an endpoint of one's own, where it means nothing */
  readonly region?: string | undefined;
  /** @default the environment's, as every AWS tool finds them */
  readonly credentials?: { readonly accessKeyId: string; readonly secretAccessKey: string } | undefined;
  /** `https://host/bucket/key` in place of `https://bucket.host/key`. @default true for an endpoint of one's own */
  readonly forcePathStyle?: boolean | undefined;
}

/**
 * A client for AWS or for any S3-compatible store.
 *
 * @example
 * const store = new S3Store({ client: s3Client({ endpoint: 'http://127.0.0.1:9000' }), bucket: 'pictures' });
 */
export function s3Client(options: S3ClientOptions = {}): S3Client {
  const { endpoint, credentials, forcePathStyle = endpoint !== undefined } = options;
  const region =
    options.region ?? (endpoint === undefined ? undefined : (process.env.AWS_REGION ?? 'us-east-1'));
  const connections = { keepAlive: true, maxSockets: STORE_LIMITS.maxSockets };
  return new S3Client({
    forcePathStyle,
    ...(endpoint !== undefined && { endpoint }),
    ...(region !== undefined && { region }),
    ...(credentials && { credentials }),
    retryMode: 'standard',
    maxAttempts: STORE_LIMITS.maxAttempts,
    requestHandler: {
      httpAgent: connections,
      httpsAgent: connections,
      connectionTimeout: STORE_LIMITS.connectTimeoutMs,
      socketTimeout: STORE_LIMITS.idleTimeoutMs,
    },
    // It would open a new connection for every upload above 2 MiB, and wait for stores that do not know it.
    expectContinueHeader: false,
    // The signature carries the body's SHA-256 already; not every compatible store knows the newer checksums, and none
    // are sent for ranges.
    requestChecksumCalculation: 'WHEN_REQUIRED',
    responseChecksumValidation: 'WHEN_REQUIRED',
  });
}
