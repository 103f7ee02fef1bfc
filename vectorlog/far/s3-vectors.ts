/** The far index on Amazon S3 Vectors. The index itself is made by whoever deploys: distance `cosine`, `line` not filterable. */

import {
  DeleteVectorsCommand,
  PutVectorsCommand,
  QueryVectorsCommand,
  type QueryVectorsCommandInput,
  S3VectorsClient,
} from '@aws-sdk/client-s3vectors';
import {
  type FarCandidate,
  type FarFilter,
  type FarIndex,
  type FarRow,
  FarUnavailable,
  FarUnsuitable,
  LINE,
} from './far-index.ts';
import { FAR_LIMITS, SERVICE_LIMITS } from './limits.ts';
import { putBody } from './put-body.ts';

export interface S3VectorsOptions {
  /** ARN of the index. */
  readonly index: string;
  /** URL of what speaks the protocol in place of AWS. @default AWS */
  readonly endpoint?: string | undefined;
  /** @default the environment's */
  readonly region?: string | undefined;
  /** @default the environment's, as every AWS tool finds them */
  readonly credentials?: { readonly accessKeyId: string; readonly secretAccessKey: string } | undefined;
  /** Tries of one request. @default FAR_LIMITS.maxAttempts */
  readonly maxAttempts?: number;
}

/**
 * @example
 * const far = new S3Vectors({ index: 'arn:aws:s3vectors:eu-west-1:111122223333:bucket/b/index/i' });
 */
export class S3Vectors implements FarIndex {
  readonly name: string;
  readonly #client: S3VectorsClient;
  /** What one query may ask for, as far as the service has not said otherwise. */
  #maxTopK: number = SERVICE_LIMITS.maxTopK;

  constructor({ index, endpoint, region, credentials, maxAttempts }: S3VectorsOptions) {
    this.name = index;
    this.#client = new S3VectorsClient({
      ...(endpoint !== undefined && { endpoint }),
      ...(region !== undefined && { region }),
      ...(credentials && { credentials }),
      // Answers of 429 slow it down, for the requests after them too.
      retryMode: 'adaptive',
      maxAttempts: maxAttempts ?? FAR_LIMITS.maxAttempts,
      requestHandler: {
        connectionTimeout: FAR_LIMITS.connectTimeoutMs,
        requestTimeout: FAR_LIMITS.requestTimeoutMs,
        throwOnRequestTimeout: true,
      },
    });
  }

  async put(rows: readonly FarRow[]): Promise<void> {
    const body = putBody(this.name, rows);
    const command = new PutVectorsCommand({ indexArn: this.name, vectors: [] });
    command.middlewareStack.add(
      (next) => (args) => {
        (args.request as { body: Uint8Array }).body = body;
        return next(args);
      },
      // Before its length is taken and it is signed.
      { step: 'build', priority: 'high', name: 'putBody' },
    );
    await said(() => this.#client.send(command));
  }

  async delete(names: readonly string[]): Promise<void> {
    await said(() => this.#client.send(new DeleteVectorsCommand({ indexArn: this.name, keys: [...names] })));
  }

  async query(
    vector: Float32Array,
    { count, filter }: { count: number; filter?: FarFilter },
  ): Promise<FarCandidate[]> {
    try {
      return await this.#pages(vector, { count: Math.min(count, this.#maxTopK), ...(filter && { filter }) });
    } catch (error) {
      const least = SERVICE_LIMITS.maxTopKBefore;
      const isTooMany = error instanceof FarUnsuitable && /top-?k/i.test(error.message);
      if (!isTooMany || Math.min(count, this.#maxTopK) <= least) throw error;
      // Fewer candidates than were asked for; what is measured as recall is measured with as few.
      this.#maxTopK = least;
      return this.query(vector, { count, ...(filter && { filter }) });
    }
  }

  async #pages(
    vector: Float32Array,
    { count, filter }: { count: number; filter?: FarFilter },
  ): Promise<FarCandidate[]> {
    const found: FarCandidate[] = [];
    let nextToken: string | undefined;
    do {
      const page = await said(() =>
        this.#client.send(
          new QueryVectorsCommand({
            indexArn: this.name,
            topK: count,
            queryVector: { float32: Array.from(vector) },
            returnMetadata: true,
            ...(filter && { filter: filter as QueryVectorsCommandInput['filter'] }),
            ...(nextToken !== undefined && { nextToken }),
          }),
        ),
      );
      for (const { key, metadata } of page.vectors ?? []) {
        const line = (metadata as Readonly<Record<string, unknown>> | undefined)?.[LINE];
        if (key !== undefined && typeof line === 'string') found.push({ name: key, line });
      }
      nextToken = page.nextToken;
    } while (nextToken !== undefined && nextToken !== '');
    return found;
  }

  /** Closes the connections. */
  close(): void {
    this.#client.destroy();
  }
}

/** The parts of an SDK error that matter here. */
interface SdkError extends Error {
  readonly $metadata: { readonly httpStatusCode?: number };
}

/** Does a request, and says of a failure whether trying again can help. */
async function said<T>(request: () => Promise<T>): Promise<T> {
  try {
    return await request();
  } catch (error) {
    if (!(error instanceof Error && '$metadata' in error)) throw error;
    const { name, message, $metadata } = error as SdkError;
    const status = $metadata.httpStatusCode;
    const passing = status === undefined || status >= 500 || status === 429 || status === 408;
    const words = `S3 Vectors: ${name}: ${message}`;
    if (passing && name !== 'CredentialsProviderError') throw new FarUnavailable(words, { cause: error });
    throw new FarUnsuitable(words, { cause: error });
  }
}
