/** `ImageSearch`: image similarity search over a bucket, as one construct. */

import { Duration, Stack, Tags } from 'aws-cdk-lib';
import type { Dashboard } from 'aws-cdk-lib/aws-cloudwatch';
import type { IBucket } from 'aws-cdk-lib/aws-s3';
import { Construct } from 'constructs';
import type { ModelInfo } from '../pictures/embedding/embedder.ts';
import { acknowledgeWildcards } from './acknowledgements.ts';
import { SearchApi } from './api.ts';
import { createImagesBucket, createIndexBucket } from './buckets.ts';
import { type Assets, buildAssets } from './bundling/assets.ts';
import { Compaction } from './compaction.ts';
import { Console, requireBrowserAuth } from './console.ts';
import type { ImageSearchProps } from './image-search-props.ts';
import { Ingestion } from './ingestion.ts';
import type { LikenessFunctionProps } from './likeness-function.ts';
import { modelLayer, readModel, refuseSynthetic } from './model-layer.ts';
import { Monitoring } from './monitoring.ts';
import { acknowledgeNotificationsHandler } from './notified-bucket.ts';

/**
 * Pictures that are put into `images` are found by likeness at `url` a moment later.
 *
 * @example
 * new ImageSearch(this, 'Search', { images: bucket });
 */
export class ImageSearch extends Construct {
  /** The bucket of the pictures. */
  readonly images: IBucket;
  /** The bucket of the index. */
  readonly index: IBucket;
  /** What the pictures are embedded by. */
  readonly model: ModelInfo;
  /** Address of the API, without a slash at its end. */
  readonly url: string;
  /** Address of the console, where there is one. */
  readonly consoleUrl: string | undefined;
  readonly ingestion: Ingestion;
  readonly compaction: Compaction;
  readonly search: SearchApi;
  readonly dashboard: Dashboard;

  constructor(scope: Construct, id: string, props: ImageSearchProps = {}) {
    super(scope, id);
    const assets = props.assets ?? buildAssets(props);
    this.model = readModel(assets.layer);
    refuseSynthetic(this.model, props.weights);

    if (props.console) requireBrowserAuth(props);
    const console = props.console ? new Console(this, 'Console') : undefined;
    const corsOrigins = [...(props.corsOrigins ?? []), ...(console ? [console.url] : [])];
    this.images = props.images ?? createImagesBucket(this, 'Images', { ...props, corsOrigins });
    this.index = props.index ?? createIndexBucket(this, 'Index', props);

    const buckets = { images: this.images, index: this.index, modelId: this.model.modelId };
    const functions = this.functionProps(props, assets);
    this.ingestion = new Ingestion(this, 'Ingestion', {
      ...buckets,
      function: functions.onUpload,
      maxConcurrency: props.maxConcurrency ?? 5,
    });
    this.compaction = new Compaction(this, 'Compaction', {
      ...buckets,
      function: functions.compact,
      schedule: props.schedule,
    });
    this.search = new SearchApi(this, 'Api', {
      ...props,
      ...buckets,
      corsOrigins,
      function: functions.search,
    });
    this.url = this.search.url;
    this.consoleUrl = console?.url;
    console?.publish(this.url, props.auth);

    this.dashboard = new Monitoring(this, 'Monitoring', {
      ingestion: this.ingestion,
      compaction: this.compaction,
      search: this.search,
      alarmTopic: props.alarmTopic,
    }).dashboard;

    for (const [name, value] of Object.entries(props.tags ?? {})) Tags.of(this).add(name, value);
    acknowledgeWildcards(this);
    acknowledgeNotificationsHandler(Stack.of(this));
  }

  private functionProps(props: ImageSearchProps, assets: Assets) {
    const { architecture = 'x64', logRetention } = props;
    const layer = modelLayer(this, 'Model', assets.layer, this.model, architecture);
    const shared = { architecture, logRetention };
    const indexBucket = this.index.bucketName;
    const imagesBucket = this.images.bucketName;
    const modelFolder = '/opt/model';
    return {
      onUpload: {
        ...shared,
        description: 'Likeness: embeds uploaded pictures and appends them to the log',
        code: assets.onUpload,
        layers: [layer],
        memory: props.memory?.onUpload ?? 3008,
        timeout: props.timeout?.onUpload ?? Duration.minutes(2),
        environment: { imagesBucket, indexBucket, modelFolder },
      },
      compact: {
        ...shared,
        description: 'Likeness: folds the log into one FAISS file',
        code: assets.compact,
        layers: [],
        memory: props.memory?.compact ?? 1024,
        timeout: props.timeout?.compact ?? Duration.minutes(15),
        environment: { imagesBucket, indexBucket, modelId: this.model.modelId },
      },
      search: {
        ...shared,
        description: 'Likeness: answers the HTTP API',
        code: assets.search,
        layers: [layer],
        memory: props.memory?.search ?? 3008,
        timeout: props.timeout?.search ?? Duration.seconds(29),
        environment: { imagesBucket, indexBucket, modelFolder, consistency: props.consistency ?? 'strong' },
      },
    } satisfies Record<string, LikenessFunctionProps>;
  }
}
