/** What the stacks promise, read from their templates. */

import { readdirSync, readFileSync } from 'node:fs';
import { App, Duration, Stack } from 'aws-cdk-lib';
import { Match, Template } from 'aws-cdk-lib/assertions';
import { RetentionDays } from 'aws-cdk-lib/aws-logs';
import { Bucket } from 'aws-cdk-lib/aws-s3';
import { ScheduleExpression } from 'aws-cdk-lib/aws-scheduler';
import { Topic } from 'aws-cdk-lib/aws-sns';
import { beforeAll, describe, expect, test, vi } from 'vitest';
import { ConsoleImpossible } from '../../cdk/console.ts';
import { ImageSearch } from '../../cdk/image-search.ts';
import { SyntheticWeights } from '../../cdk/model-layer.ts';
import { ensureConsole } from './ensure-console.ts';
import { stubAssets } from './stub-assets.ts';
import { synthesise } from './synthesise.ts';

vi.setConfig({ testTimeout: 240_000 });

interface Resource {
  readonly Type: string;
  readonly Properties: Record<string, unknown>;
}

const resourcesOf = (template: Template): Record<string, Resource> => template.toJSON().Resources;

/** Our own functions; the CDK adds some of its own. */
const ours = (template: Template): Resource[] =>
  Object.values(template.findResources('AWS::Lambda::Function')).filter(
    ({ Properties }) => Properties.Handler === 'index.handler' && Properties.Runtime === 'nodejs24.x',
  ) as unknown as Resource[];

let data: Template;
let serving: Template;

beforeAll(() => {
  const made = synthesise();
  data = made.data;
  serving = made.serving!;
});

describe('the data', () => {
  test('stands in two buckets that stay, encrypted, private and TLS only', () => {
    data.resourceCountIs('AWS::S3::Bucket', 2);
    data.allResources('AWS::S3::Bucket', {
      DeletionPolicy: 'Retain',
      UpdateReplacePolicy: 'Retain',
      Properties: Match.objectLike({
        BucketEncryption: {
          ServerSideEncryptionConfiguration: [{ ServerSideEncryptionByDefault: { SSEAlgorithm: 'AES256' } }],
        },
        PublicAccessBlockConfiguration: {
          BlockPublicAcls: true,
          BlockPublicPolicy: true,
          IgnorePublicAcls: true,
          RestrictPublicBuckets: true,
        },
        OwnershipControls: { Rules: [{ ObjectOwnership: 'BucketOwnerEnforced' }] },
      }),
    });
    data.allResourcesProperties('AWS::S3::BucketPolicy', {
      PolicyDocument: Match.objectLike({
        Statement: Match.arrayWith([
          Match.objectLike({ Effect: 'Deny', Condition: { Bool: { 'aws:SecureTransport': 'false' } } }),
        ]),
      }),
    });
  });

  test('is not paid for in parts of unfinished uploads', () => {
    data.allResourcesProperties('AWS::S3::Bucket', {
      LifecycleConfiguration: {
        Rules: [
          Match.objectLike({ AbortIncompleteMultipartUpload: { DaysAfterInitiation: 1 }, Status: 'Enabled' }),
        ],
      },
    });
  });

  test('is protected against deletion, and keeps its logical ids', () => {
    expect(synthesise().stack.terminationProtection).toBe(true);
    // A changed id is a new bucket beside the old one, and an index that is empty.
    expect(Object.keys(data.findResources('AWS::S3::Bucket')).sort()).toEqual([
      'Images2D38C313',
      'Index4A79713B',
    ]);
  });

  test('can be left alone, with nothing that runs', () => {
    const bare = synthesise({}, { serving: false });
    expect(bare.serving).toBeUndefined();
    bare.data.resourceCountIs('AWS::S3::Bucket', 2);
    bare.data.resourceCountIs('AWS::CloudFormation::Stack', 0);
  });
});

describe('uploads', () => {
  test('are announced by S3 to a queue, created and removed', () => {
    serving.hasResourceProperties('Custom::S3BucketNotifications', {
      Managed: false,
      NotificationConfiguration: {
        QueueConfigurations: [
          Match.objectLike({ Events: ['s3:ObjectCreated:*'] }),
          Match.objectLike({ Events: ['s3:ObjectRemoved:*'] }),
        ],
      },
    });
  });

  test('are tried three times, then wait two weeks with the dead letters', () => {
    serving.hasResourceProperties('AWS::SQS::Queue', {
      RedrivePolicy: Match.objectLike({ maxReceiveCount: 3 }),
      MessageRetentionPeriod: Duration.days(14).toSeconds(),
      SqsManagedSseEnabled: true,
    });
  });

  test('are embedded in batches of ten, at most five at once, and fail one by one', () => {
    serving.hasResourceProperties('AWS::Lambda::EventSourceMapping', {
      BatchSize: 10,
      MaximumBatchingWindowInSeconds: 2,
      FunctionResponseTypes: ['ReportBatchItemFailures'],
      ScalingConfig: { MaximumConcurrency: 5 },
    });
  });

  test('stay hidden for six times as long as the function may run', () => {
    const timeout = ours(serving)
      .map(({ Properties }) => Properties)
      .find(({ Description }) => String(Description).includes('embeds'))!.Timeout as number;
    serving.hasResourceProperties('AWS::SQS::Queue', {
      VisibilityTimeout: 6 * timeout,
      RedrivePolicy: Match.anyValue(),
    });
  });
});

describe('compaction', () => {
  test('runs every minute', () => {
    serving.hasResourceProperties('AWS::Scheduler::Schedule', { ScheduleExpression: 'rate(1 minute)' });
  });

  test('runs on the schedule that it is given', () => {
    const daily = synthesise({ schedule: ScheduleExpression.rate(Duration.days(1)) }).serving!;
    daily.hasResourceProperties('AWS::Scheduler::Schedule', { ScheduleExpression: 'rate(1 day)' });
  });

  test('is also woken by a thousand appends, or by one after five minutes', () => {
    serving.hasResourceProperties('AWS::Lambda::EventSourceMapping', {
      BatchSize: 1_000,
      MaximumBatchingWindowInSeconds: 300,
      ScalingConfig: { MaximumConcurrency: 2 },
    });
    serving.hasResourceProperties('Custom::S3BucketNotifications', {
      NotificationConfiguration: {
        QueueConfigurations: [
          Match.objectLike({
            Filter: { Key: { FilterRules: [{ Name: 'prefix', Value: 'imagenet1k-v2-01234567/log/' }] } },
          }),
        ],
      },
    });
  });
});

describe('the API', () => {
  test('asks for AWS signatures on every route unless told otherwise', () => {
    serving.allResourcesProperties('AWS::ApiGatewayV2::Route', { AuthorizationType: 'AWS_IAM' });
  });

  test('takes tokens when asked to', () => {
    const jwt = { issuer: 'https://login.example.com', audience: ['photos'] };
    const { serving: withJwt } = synthesise({ auth: { jwt } });
    withJwt!.allResourcesProperties('AWS::ApiGatewayV2::Route', { AuthorizationType: 'JWT' });
    withJwt!.hasResourceProperties('AWS::ApiGatewayV2::Authorizer', {
      JwtConfiguration: { Issuer: jwt.issuer, Audience: jwt.audience },
    });
  });

  test('is open only when that is said by name', () => {
    const { serving: open } = synthesise({ auth: 'none' });
    open!.allResourcesProperties('AWS::ApiGatewayV2::Route', { AuthorizationType: 'NONE' });
  });

  test('is throttled and writes an access log', () => {
    serving.hasResourceProperties('AWS::ApiGatewayV2::Stage', {
      StageName: '$default',
      AutoDeploy: true,
      DefaultRouteSettings: Match.objectLike({ ThrottlingRateLimit: 50, ThrottlingBurstLimit: 100 }),
      AccessLogSettings: { DestinationArn: Match.anyValue(), Format: Match.stringLikeRegexp('requestId') },
    });
  });

  test('answers pages of the origins it is told, and lets them upload', () => {
    const origin = 'https://photos.example.com';
    const made = synthesise({ corsOrigins: [origin] });
    made.serving!.hasResourceProperties('AWS::ApiGatewayV2::Api', {
      CorsConfiguration: Match.objectLike({ AllowOrigins: [origin] }),
    });
    made.data.hasResourceProperties('AWS::S3::Bucket', {
      CorsConfiguration: { CorsRules: [Match.objectLike({ AllowedOrigins: [origin] })] },
    });
  });
});

describe('the functions', () => {
  test('fit a new account: no reserved concurrency, at most 3,008 MB', () => {
    const functions = ours(serving);
    expect(functions).toHaveLength(3);
    for (const { Properties } of functions) {
      expect(Properties.ReservedConcurrentExecutions).toBeUndefined();
      expect(Properties.MemorySize).toBeLessThanOrEqual(3_008);
    }
  });

  test('run on x64 Amazon Linux 2023, are traced, and log for a month', () => {
    for (const { Properties } of ours(serving)) {
      expect(Properties).toMatchObject({ Architectures: ['x86_64'], TracingConfig: { Mode: 'Active' } });
    }
    serving.allResourcesProperties('AWS::Logs::LogGroup', { RetentionInDays: 30 });
  });

  test('run on arm64 with their layer when asked to', () => {
    const arm = synthesise({ architecture: 'arm64' }).serving!;
    for (const { Properties } of ours(arm)) expect(Properties).toMatchObject({ Architectures: ['arm64'] });
    arm.hasResourceProperties('AWS::Lambda::LayerVersion', { CompatibleArchitectures: ['arm64'] });
  });

  test('keep what threads free in two arenas, not in sixteen', () => {
    for (const { Properties } of ours(serving)) {
      expect(Properties).toMatchObject({ Environment: { Variables: { MALLOC_ARENA_MAX: '2' } } });
    }
  });

  test('have a role each', () => {
    const roles = ours(serving).map(({ Properties }) => JSON.stringify(Properties.Role));
    expect(new Set(roles).size).toBe(3);
  });

  test('may do to other services only what Lambda does for them', () => {
    const policies = Object.values(resourcesOf(serving)).filter(
      ({ Type, Properties }) =>
        Type === 'AWS::IAM::Policy' && /(OnUpload|Compact|Search)Role/.test(JSON.stringify(Properties.Roles)),
    );
    expect(policies).toHaveLength(3);
    const actions = new Set(
      policies
        .flatMap(
          ({ Properties }) =>
            (Properties.PolicyDocument as { Statement: { Action: string | string[] }[] }).Statement,
        )
        .flatMap(({ Action }) => Action)
        .filter((action) => !action.startsWith('s3:')),
    );
    expect([...actions].sort()).toEqual([
      'logs:CreateLogStream',
      'logs:PutLogEvents',
      'sqs:DeleteMessage',
      'sqs:GetQueueAttributes',
      'sqs:ReceiveMessage',
      'xray:PutTelemetryRecords',
      'xray:PutTraceSegments',
    ]);
  });

  test('take their settings from the properties', () => {
    const made = synthesise({
      memory: { search: 1_769 },
      timeout: { compact: Duration.minutes(5) },
      consistency: 'eventual',
      maxConcurrency: 2,
      logRetention: RetentionDays.ONE_WEEK,
      throttle: { rate: 1, burst: 2 },
      tags: { team: 'photos' },
    }).serving!;
    made.hasResourceProperties('AWS::Lambda::Function', {
      MemorySize: 1_769,
      Environment: { Variables: Match.objectLike({ LIKENESS_CONSISTENCY: 'eventual' }) },
      Tags: Match.arrayWith([{ Key: 'team', Value: 'photos' }]),
    });
    made.hasResourceProperties('AWS::Lambda::Function', { Timeout: 300 });
    made.hasResourceProperties('AWS::Lambda::EventSourceMapping', {
      ScalingConfig: { MaximumConcurrency: 2 },
    });
    made.allResourcesProperties('AWS::Logs::LogGroup', { RetentionInDays: 7 });
  });
});

describe('monitoring', () => {
  test('has alarms for errors, throttles, slowness, dead letters, waiting events and compaction', () => {
    const names = Object.keys(serving.findResources('AWS::CloudWatch::Alarm'));
    for (const alarm of [
      ...['OnUpload', 'Compact', 'Search'].flatMap((fn) => [
        `${fn}Errors`,
        `${fn}Throttles`,
        `${fn}Duration`,
      ]),
      ...['DeadLetters', 'OldestEvent', 'CompactionLag', 'ServerErrors'],
    ]) {
      expect(
        names.filter((name) => name.includes(alarm)),
        alarm,
      ).toHaveLength(1);
    }
    serving.resourceCountIs('AWS::CloudWatch::Dashboard', 1);
  });

  test('is described, alarm by alarm, in docs/operations.md', () => {
    const page = readFileSync(new URL('../../docs/operations.md', import.meta.url), 'utf8');
    const descriptions = Object.values(serving.findResources('AWS::CloudWatch::Alarm')).map(
      ({ Properties }) => Properties.AlarmDescription as string,
    );
    for (const description of descriptions) {
      const name = /See "(.*)" in/.exec(description)![1]!;
      expect(page).toContain(`\`${name}\``);
    }
  });

  test('tells the topic that it is given', () => {
    const app = new App();
    const stack = new Stack(app, 'Stack');
    new ImageSearch(stack, 'Search', { assets: stubAssets(), alarmTopic: new Topic(stack, 'Topic') });
    const alarms = Object.values(Template.fromStack(stack).findResources('AWS::CloudWatch::Alarm'));
    for (const { Properties } of alarms) expect(Properties.AlarmActions).toHaveLength(1);
  });
});

describe('the construct', () => {
  test('needs nothing but its place, and makes its own buckets', () => {
    const stack = new Stack(new App(), 'Stack');
    new ImageSearch(stack, 'Search', { assets: stubAssets() });
    Template.fromStack(stack).resourceCountIs('AWS::S3::Bucket', 2);
  });

  test('leaves the notifications and the policy of a bucket that exists alone', () => {
    const stack = new Stack(new App(), 'Stack');
    const images = Bucket.fromBucketName(stack, 'Mine', 'my-photos');
    new ImageSearch(stack, 'Search', { assets: stubAssets(), images });
    const template = Template.fromStack(stack);
    template.resourceCountIs('AWS::S3::Bucket', 1);
    template.hasResourceProperties('Custom::S3BucketNotifications', {
      BucketName: 'my-photos',
      Managed: false,
    });
  });

  test('refuses random weights that nobody asked for, and says how to get real ones', () => {
    const assets = stubAssets({ modelId: 'synthetic-01234567', weights: 'synthetic', synthetic: true });
    const make = (weights?: string) =>
      new ImageSearch(new Stack(new App(), 'Stack'), 'Search', { assets, ...(weights && { weights }) });

    expect(() => make()).toThrow(SyntheticWeights);
    expect(() => make()).toThrow(/weights=imagenet1k-v2/);
    expect(() => make('synthetic')).not.toThrow();
  });

  test('refuses a console that nobody could use', () => {
    expect(() => synthesise({ console: true })).toThrow(ConsoleImpossible);
  });

  test('hosts the console in a private bucket behind CloudFront', () => {
    ensureConsole();
    const { serving: hosted, data: withUploads } = synthesise({ console: true, auth: 'none' });
    withUploads.hasResourceProperties('AWS::S3::Bucket', { CorsConfiguration: Match.anyValue() });
    hosted!.resourceCountIs('AWS::CloudFront::OriginAccessControl', 1);
    hosted!.hasResourceProperties('AWS::ApiGatewayV2::Api', { CorsConfiguration: Match.anyValue() });
  });
});

test('two syntheses are the same, byte for byte', () => {
  const read = () => {
    const { directory } = synthesise().app.synth();
    return readdirSync(directory)
      .filter((name) => /\.(template|assets)\.json$/.test(name))
      .map((name) => [name, readFileSync(`${directory}/${name}`, 'utf8')]);
  };
  const first = read();
  expect(first.length).toBeGreaterThan(2);
  expect(read()).toEqual(first);
});
