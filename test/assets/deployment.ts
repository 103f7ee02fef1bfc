/** The deployed system on this machine: the five functions from cdk.out over a real S3 server, and a stand-in for their queue. */

import type { S3Client } from '@aws-sdk/client-s3';
import type { APIGatewayProxyStructuredResultV2, SQSBatchResponse, SQSEvent } from 'aws-lambda';
import type { ListItem, Step } from '../../functions/backfill/handler.ts';
import { VARIABLES } from '../../functions/environment.ts';
import { type ObjectChange, s3Event, sqsRecord } from '../../local/s3-event.ts';
import type { CompactionReport } from '../../vectorlog/commit/compaction.ts';
import type { ObjectStore } from '../../vectorlog/store/object-store.ts';
import { prefixed } from '../../vectorlog/store/prefixed-store.ts';
import { S3Store } from '../../vectorlog/store/s3-store.ts';
import { type HttpRequest, httpEvent } from '../factories/http-event.ts';
import { startS3Server } from '../s3-server/s3-server.ts';
import { Account } from './account.ts';
import { QueueStandIn } from './queue-stand-in.ts';
import { RunningFunction } from './running-function.ts';
import { readAssembly } from './template/cloud-assembly.ts';
import { permissionsOf } from './template/policy.ts';
import { serviceFor } from './template/routes.ts';

export interface HttpAnswer<Body> {
  readonly status: number;
  readonly body: Body;
}

const QUEUE = VARIABLES.uploadsQueue;
/** Messages of one batch; the deployed queue hands over as many at the most. */
const CONSUMED_AT_ONCE = 10;

export class Deployment {
  private constructor(
    /** The bucket of the pictures, as its owner sees it. */
    readonly images: ObjectStore,
    /** The index bucket, in the model's namespace. */
    readonly index: ObjectStore,
    readonly onUpload: RunningFunction,
    readonly compactor: RunningFunction,
    readonly searcher: RunningFunction,
    readonly front: RunningFunction,
    readonly backfiller: RunningFunction,
    /** What the worker of backfills sends its work to. */
    readonly queue: QueueStandIn,
    /** As its owner has it, and the bucket's name. */
    readonly client: S3Client,
    readonly imagesBucket: string,
    private readonly services: Readonly<Record<string, string>>,
    private readonly account: Account,
    private readonly stopServer: () => Promise<void>,
  ) {}

  /** @param cdkOut the cloud assembly; @param account what its functions share */
  static async start(cdkOut: string, account = new Account(1_000)): Promise<Deployment> {
    const server = await startS3Server();
    const { client, options } = server;
    const buckets = { images: await server.newBucket(), index: await server.newBucket() };
    const { functions: deployed, services } = readAssembly(cdkOut, buckets);
    const { accessKeyId, secretAccessKey } = await client.config.credentials();
    const access = { endpoint: options.endpoint, accessKeyId, secretAccessKey };
    const start = (name: string) => RunningFunction.start(name, deployed[name]!, access);
    // One after the other, so that their cold starts do not slow each other down.
    const onUpload = await start('OnUpload');
    const compactor = await start('Compact');
    const searcher = await start('Search');
    const front = await start('Front');
    const { environment, statements, ...rest } = deployed.Backfill!;
    const queue = await QueueStandIn.start(environment[QUEUE]!, permissionsOf(statements));
    const told = { ...environment, [QUEUE]: queue.url };
    const backfiller = await RunningFunction.start(
      'Backfill',
      { ...rest, statements, environment: told },
      access,
    );
    const namespace = `${deployed.Compact!.environment.LIKENESS_MODEL_ID}/`;
    return new Deployment(
      new S3Store({ client, bucket: buckets.images }),
      prefixed(new S3Store({ client, bucket: buckets.index }), namespace),
      onUpload,
      compactor,
      searcher,
      front,
      backfiller,
      queue,
      client,
      buckets.images,
      services,
      account,
      () => server.stop(),
    );
  }

  get functions(): readonly RunningFunction[] {
    return [this.onUpload, this.compactor, this.searcher, this.front, this.backfiller];
  }

  /** Brings one batch of S3 events to on-upload, as the queue does. @returns the places of those that failed */
  async deliver(...changes: readonly ObjectChange[]): Promise<number[]> {
    return this.consume(changes.map((change) => JSON.stringify(s3Event(change))));
  }

  /** Brings what a backfill sent to on-upload. @returns how many messages there were */
  async deliverQueued(): Promise<number> {
    const bodies = this.queue.takeAll();
    for (let i = 0; i < bodies.length; i += CONSUMED_AT_ONCE) {
      const failed = await this.consume(bodies.slice(i, i + CONSUMED_AT_ONCE));
      if (failed.length > 0)
        throw new Error(`on-upload failed for ${failed.join()}: ${this.onUpload.log.slice(-2_000)}`);
    }
    return bodies.length;
  }

  /**
   * Hands a batch of messages to on-upload.
   *
   * @param receiveCount how often they were handed over, this time included
   * @returns the places in `bodies` of those that failed. @throws Throttled, FunctionFailed: all of them did
   */
  async consume(bodies: readonly string[], receiveCount = 1): Promise<number[]> {
    const now = Date.now();
    const event: SQSEvent = {
      Records: bodies.map((body, i) =>
        sqsRecord({
          id: `message-${i}`,
          body,
          sentAt: now,
          firstReceivedAt: now,
          receiveCount,
        }),
      ),
    };
    const answer = await this.account.run(() => this.onUpload.invoke(event));
    const { batchItemFailures } = answer as SQSBatchResponse;
    return batchItemFailures.map(({ itemIdentifier }) => Number(itemIdentifier.replace('message-', '')));
  }

  /** Runs compact once, as the schedule does. */
  async compact(): Promise<CompactionReport> {
    const event = { 'detail-type': 'Scheduled Event' };
    return (await this.account.run(() => this.compactor.invoke(event))) as CompactionReport;
  }

  /** Runs one step of a backfill, a rebuild or a verification, as the state machine does. */
  async step<Result>(step: Step): Promise<Result> {
    return (await this.backfiller.invoke(step)) as Result;
  }

  /** All objects of the images bucket, as Step Functions lists them. */
  async listed(): Promise<ListItem[]> {
    const items: ListItem[] = [];
    for await (const page of this.images.list({ prefix: '' }))
      items.push(...page.map(({ key, size, eTag }) => ({ Key: key, Size: size, Etag: `"${eTag}"` })));
    return items;
  }

  /** Which function API Gateway hands a request to. */
  functionFor(method: string, path: string): RunningFunction {
    return serviceFor(this.services, method, path) === 'Front' ? this.front : this.searcher;
  }

  /** Asks the API through an event of API Gateway, which chooses the function. @throws Throttled, FunctionFailed */
  async api<Body>(request: HttpRequest): Promise<HttpAnswer<Body>> {
    const fn = this.functionFor(request.method, request.path);
    const answer = (await this.account.run(() =>
      fn.invoke(httpEvent(request)),
    )) as APIGatewayProxyStructuredResultV2;
    const text = answer.isBase64Encoded
      ? Buffer.from(answer.body ?? '', 'base64').toString()
      : (answer.body ?? '');
    return { status: answer.statusCode ?? 200, body: (text ? JSON.parse(text) : undefined) as Body };
  }

  async stop(): Promise<void> {
    for (const fn of this.functions) await fn.stop();
    this.queue.close();
    await this.stopServer();
  }
}
