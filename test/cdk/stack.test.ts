/** What the stacks promise, read from their templates. */

import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { App, Duration, Stack } from 'aws-cdk-lib';
import { Match, Template } from 'aws-cdk-lib/assertions';
import { GatewayVpcEndpointAwsService, type IVpc, SubnetType, Vpc } from 'aws-cdk-lib/aws-ec2';
import { Key } from 'aws-cdk-lib/aws-kms';
import { LayerVersion } from 'aws-cdk-lib/aws-lambda';
import { RetentionDays } from 'aws-cdk-lib/aws-logs';
import { Bucket } from 'aws-cdk-lib/aws-s3';
import { ScheduleExpression } from 'aws-cdk-lib/aws-scheduler';
import { Topic } from 'aws-cdk-lib/aws-sns';
import { beforeAll, describe, expect, test, vi } from 'vitest';
import { stackPropsFrom } from '../../cdk/configuration.ts';
import { ConfigurationInvalid } from '../../cdk/configuration-invalid.ts';
import { ConsoleImpossible } from '../../cdk/console.ts';
import { ImageSearch } from '../../cdk/image-search.ts';
import type { ImageSearchProps } from '../../cdk/image-search-props.ts';
import { SyntheticWeights } from '../../cdk/model-layer.ts';
import { ensureConsole } from './ensure-console.ts';
import { stubAssets } from './stub-assets.ts';
import { synthesise } from './synthesise.ts';

vi.setConfig({ testTimeout: 240_000 });

interface Resource {
  readonly Type: string;
  readonly Properties: Readonly<Record<string, unknown>>;
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
      DeletionPolicy: 'RetainExceptOnCreate',
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

  test('keeps deleted pictures for a while, and old versions of nothing else', () => {
    const versioned = Object.values(data.findResources('AWS::S3::Bucket')).filter(
      ({ Properties }) => Properties.VersioningConfiguration,
    );
    expect(versioned).toHaveLength(1);
    expect(versioned[0]!.Properties).toMatchObject({
      VersioningConfiguration: { Status: 'Enabled' },
      LifecycleConfiguration: {
        Rules: expect.arrayContaining([
          expect.objectContaining({
            NoncurrentVersionExpiration: { NoncurrentDays: 30 },
            ExpiredObjectDeleteMarker: true,
          }),
        ]),
      },
    });
  });

  test('is not paid for in parts of unfinished uploads', () => {
    data.allResourcesProperties('AWS::S3::Bucket', {
      LifecycleConfiguration: {
        Rules: Match.arrayWith([
          Match.objectLike({ AbortIncompleteMultipartUpload: { DaysAfterInitiation: 1 }, Status: 'Enabled' }),
        ]),
      },
    });
  });

  test('keeps its logical ids, and goes with a first deployment that failed so that it can be repeated', () => {
    // Protected before it stands, a stack that failed could not be replaced; npm run deploy protects it afterwards.
    expect(synthesise().stack.terminationProtection).toBe(false);
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
  test('are announced by S3 to a queue: created, removed, expired and restored', () => {
    serving.hasResourceProperties('Custom::S3BucketNotifications', {
      Managed: false,
      NotificationConfiguration: {
        QueueConfigurations: [
          Match.objectLike({ Events: ['s3:ObjectCreated:*'] }),
          Match.objectLike({ Events: ['s3:ObjectRemoved:*'] }),
          Match.objectLike({ Events: ['s3:LifecycleExpiration:*'] }),
          Match.objectLike({ Events: ['s3:ObjectRestore:Completed'] }),
        ],
      },
    });
  });

  test('are tried five times, then wait two weeks with the dead letters', () => {
    serving.hasResourceProperties('AWS::SQS::Queue', {
      RedrivePolicy: Match.objectLike({ maxReceiveCount: 5 }),
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

describe('events', () => {
  const subscriptions = (template: Template) =>
    Object.values(template.findResources('Custom::S3BucketNotifications')).map(
      ({ Properties }) => Properties.NotificationConfiguration,
    );

  test('are asked for below the prefix alone', () => {
    const { serving: narrowed } = synthesise({ prefix: 'photos/', endings: ['.jpg'] });
    const [configuration] = subscriptions(narrowed!);
    for (const { Filter } of configuration.QueueConfigurations)
      expect(Filter).toEqual({ Key: { FilterRules: [{ Name: 'prefix', Value: 'photos/' }] } });
    narrowed!.hasResourceProperties('AWS::Lambda::Function', {
      Environment: {
        Variables: Match.objectLike({ LIKENESS_PREFIX: 'photos/', LIKENESS_ENDINGS: '.jpg' }),
      },
    });
  });

  test('can come by EventBridge, which gets in the way of no other trigger', () => {
    const { serving: bridged } = synthesise({ events: 'eventbridge', endings: ['.jpg', '.png'] });
    expect(subscriptions(bridged!)).toEqual([{ EventBridgeConfiguration: {} }]);
    bridged!.hasResourceProperties('AWS::Events::Rule', {
      EventPattern: Match.objectLike({
        source: ['aws.s3'],
        detail: Match.objectLike({
          object: {
            key: [{ suffix: { 'equals-ignore-case': '.jpg' } }, { suffix: { 'equals-ignore-case': '.png' } }],
          },
        }),
      }),
      Targets: [Match.objectLike({ Arn: Match.anyValue() })],
    });
  });

  test('can be left to the owner, who is told the queue', () => {
    const { data: outer, serving: silent } = synthesise({ events: 'none' });
    expect(subscriptions(silent!)).toEqual([]);
    outer.hasOutput('UploadsQueueUrl', {});
  });

  test('can come from S3 without a queue: failures still wait for two weeks', () => {
    const { data: outer, serving: direct } = synthesise({ intake: 'direct' });
    direct!.resourceCountIs('AWS::Lambda::EventSourceMapping', 0);
    direct!.resourceCountIs('AWS::SQS::Queue', 1);
    direct!.hasResourceProperties('AWS::Lambda::EventInvokeConfig', {
      MaximumRetryAttempts: 2,
      DestinationConfig: { OnFailure: { Destination: Match.anyValue() } },
    });
    expect(subscriptions(direct!)[0].LambdaFunctionConfigurations).toHaveLength(4);
    expect(() => outer.hasOutput('UploadsQueueUrl', {})).toThrow();
    expect(() => synthesise({ intake: 'direct', events: 'eventbridge' })).toThrow(ConfigurationInvalid);
  });
});

describe('compaction', () => {
  test('runs every hour, and on-upload may wake it', () => {
    serving.hasResourceProperties('AWS::Scheduler::Schedule', { ScheduleExpression: 'rate(1 hour)' });
    serving.hasResourceProperties('AWS::Lambda::Function', {
      Environment: { Variables: Match.objectLike({ LIKENESS_COMPACT_FUNCTION: Match.anyValue() }) },
    });
  });

  test('runs on the schedule that it is given', () => {
    const daily = synthesise({ schedule: ScheduleExpression.rate(Duration.days(1)) }).serving!;
    daily.hasResourceProperties('AWS::Scheduler::Schedule', { ScheduleExpression: 'rate(1 day)' });
  });

  test('says nothing when there was nothing to do', () => {
    serving.hasResourceProperties('AWS::Lambda::Function', {
      Description: Match.stringLikeRegexp('folds'),
      LoggingConfig: Match.objectLike({ SystemLogLevel: 'WARN' }),
    });
  });
});

describe('two systems in one account', () => {
  const jwt = { issuer: 'https://login.example.com', audience: ['photos'] };
  /** Everything that has a name, bought besides. */
  const whole: ImageSearchProps = {
    models: { main: { assets: stubAssets() }, other: { assets: stubAssets({ modelId: 'other-01234567' }) } },
    active: 'main',
    alarms: ['me@example.com'],
    dashboard: true,
    tracing: true,
    backfill: true,
    engine: 's3-vectors',
    console: true,
    keepWarm: Duration.minutes(5),
  };
  const shapes: [string, ImageSearchProps][] = [
    ['by default', {}],
    ['with all that can be had, and tokens', { ...whole, auth: { jwt } }],
    ['with all that can be had, and users', { ...whole, auth: { users: ['me@example.com'] } }],
  ];

  beforeAll(ensureConsole);

  test.each(shapes)('share no metric: %s', (_, search) => {
    const namespaces = (name: string) => {
      const { data: outer, serving: inner } = synthesise(search, { stackName: name });
      const all = [outer, inner!]
        .flatMap((template) => Object.values(resourcesOf(template)))
        .map(({ Properties }) => JSON.stringify(Properties))
        .join();
      // Those of functions, of alarms, and of the dashboard, whose body is text.
      return new Set([...all.matchAll(/Likeness\/[A-Za-z/]+/g)].map(([each]) => each));
    };
    const [ones, others] = [namespaces('Likeness'), namespaces('Holidays')];
    expect(ones).toContain('Likeness/Likeness');
    expect(others).toContain('Likeness/Holidays');
    expect([...ones].filter((each) => others.has(each))).toEqual([]);
  });

  test.each(shapes)('share no alarm, log, queue, role or anything else by its name: %s', (_, search) => {
    const names = (stackName: string) => {
      const { data: outer, serving: inner } = synthesise(search, { stackName });
      return [outer, inner!].flatMap((template) =>
        Object.entries(resourcesOf(template)).flatMap(([id, { Type, Properties = {} }]) =>
          PHYSICAL_NAMES.filter((name) => isFixed(Properties[name])).map((name) => ({
            id,
            what: `${Type} ${name} ${JSON.stringify(Properties[name])}`,
          })),
        ),
      );
    };
    const others = new Set(names('Holidays').map(({ what }) => what));
    expect(names('Likeness').filter(({ what }) => others.has(what))).toEqual([]);
  });

  test('a name that both had would be found', () => {
    const fixed = { Type: 'AWS::SQS::Queue', Properties: { QueueName: 'uploads' } };
    expect(PHYSICAL_NAMES.some((name) => isFixed(fixed.Properties[name as 'QueueName']))).toBe(true);
    expect(isFixed({ 'Fn::Join': ['-', ['likeness', { Ref: 'AWS::StackName' }]] })).toBe(false);
  });
});

/** Properties that name a resource in its account, region or in the world. */
const PHYSICAL_NAMES = [
  'AlarmName',
  'BucketName',
  'ClientName',
  'DashboardName',
  'Domain',
  'FunctionName',
  'GroupName',
  'IndexName',
  'LayerName',
  'LogGroupName',
  'ManagedPolicyName',
  'QueueName',
  'RoleName',
  'StateMachineName',
  'TopicName',
  'UserPoolName',
  'VectorBucketName',
] as const;

/** Whether a name is the same wherever the template is deployed: none of it is the stack's or a resource's. */
const isFixed = (name: unknown): boolean =>
  name !== undefined &&
  !/"(Ref|Fn::GetAtt)":(?!"AWS::(Region|AccountId|Partition)")/.test(JSON.stringify(name));

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

  test('keeps its access log where a busy account has room for it', () => {
    serving.hasResourceProperties('AWS::Logs::LogGroup', {
      LogGroupName: Match.stringLikeRegexp('^/aws/vendedlogs/likeness/'),
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
    expect(functions).toHaveLength(4);
    for (const { Properties } of functions) {
      expect(Properties.ReservedConcurrentExecutions).toBeUndefined();
      expect(Properties.MemorySize).toBeLessThanOrEqual(3_008);
    }
  });

  test('run on x64 Amazon Linux 2023, are traced only on wish, and log for a month', () => {
    for (const { Properties } of ours(serving)) {
      expect(Properties).toMatchObject({ Architectures: ['x86_64'] });
      expect(Properties.TracingConfig).toBeUndefined();
      expect(Properties).toMatchObject({ Environment: { Variables: { AWS_XRAY_MANUAL_MODE: 'true' } } });
    }
    for (const { Properties } of ours(synthesise({ tracing: true }).serving!)) {
      expect(Properties.TracingConfig).toEqual({ Mode: 'Active' });
      // A trace goes with its promises: the SDK must follow them.
      expect(Properties).not.toHaveProperty('Environment.Variables.AWS_XRAY_MANUAL_MODE');
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
    expect(new Set(roles).size).toBe(4);
  });

  test('may do to other services only what Lambda does for them', () => {
    const policies = Object.values(resourcesOf(serving)).filter(
      ({ Type, Properties }) =>
        Type === 'AWS::IAM::Policy' &&
        /(OnUpload|Compact|Search|Front)Role/.test(JSON.stringify(Properties.Roles)),
    );
    expect(policies).toHaveLength(4);
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
      'lambda:InvokeFunction',
      'logs:CreateLogStream',
      'logs:PutLogEvents',
      'sqs:ChangeMessageVisibility',
      'sqs:DeleteMessage',
      'sqs:GetQueueAttributes',
      'sqs:ReceiveMessage',
      'sqs:SendMessage',
    ]);
  });

  test('search is given the time to say that it is still loading', () => {
    const withTimeout = (seconds: number) => synthesise({ timeout: { search: Duration.seconds(seconds) } });
    expect(() => withTimeout(29)).toThrow(ConfigurationInvalid);
    withTimeout(30).serving!.hasResourceProperties('AWS::Lambda::Function', { Timeout: 30 });
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
  const FIVE = ['DeadLetters', 'OldestEvent', 'CompactErrors', 'SearchErrors', 'CompactionLag'];

  test('is bought by nobody who did not ask', () => {
    serving.resourceCountIs('AWS::CloudWatch::Alarm', 0);
    serving.resourceCountIs('AWS::CloudWatch::Dashboard', 0);
    for (const { Properties } of ours(serving))
      expect(Properties).toMatchObject({
        Environment: { Variables: { POWERTOOLS_METRICS_DISABLED: 'true' } },
      });
  });

  test('has the five alarms that matter, told by mail and described in docs/operations.md', () => {
    const page = readFileSync(new URL('../../docs/operations.md', import.meta.url), 'utf8');
    const { serving: watched } = synthesise({ alarms: ['me@example.com'] });
    const alarms = Object.values(watched!.findResources('AWS::CloudWatch::Alarm'));
    const names = alarms.map(({ Properties }) => /See "(.*)" in/.exec(Properties.AlarmDescription)![1]!);
    expect(names.sort()).toEqual([...FIVE].sort());
    for (const name of names) expect(page).toContain(`\`${name}\``);
    for (const { Properties } of alarms) expect(Properties.AlarmActions).toHaveLength(1);
    watched!.hasResourceProperties('AWS::SNS::Subscription', {
      Protocol: 'email',
      Endpoint: 'me@example.com',
    });
    for (const { Properties } of ours(watched!))
      expect(Properties).toMatchObject({
        Environment: { Variables: { POWERTOOLS_METRICS_DISABLED: 'false' } },
      });
  });

  test('tells a topic that is there already', () => {
    const stack = new Stack(new App(), 'Stack');
    new ImageSearch(stack, 'Search', { assets: stubAssets(), alarms: new Topic(stack, 'Topic') });
    const template = Template.fromStack(stack);
    template.resourceCountIs('AWS::SNS::Topic', 1);
    template.allResourcesProperties('AWS::CloudWatch::Alarm', { AlarmActions: [{ Ref: Match.anyValue() }] });
  });

  test('shows a dashboard on wish', () => {
    const { data: outer, serving: shown } = synthesise({ dashboard: true });
    shown!.resourceCountIs('AWS::CloudWatch::Dashboard', 1);
    outer.hasOutput('DashboardUrl', {});
    outer.hasMapping('Consoles', {
      'aws-cn': { console: 'console.amazonaws.cn' },
      'aws-us-gov': { console: 'console.amazonaws-us-gov.com' },
    });
  });
});

describe('on wish', () => {
  test('every role has a permissions boundary, by the context of the CDK, and none otherwise', () => {
    const boundary = { '@aws-cdk/core:permissionsBoundary': { name: 'my-boundary' } };
    const bounded = synthesise({ alarms: ['me@example.com'], backfill: true }, {}, boundary);
    for (const template of [bounded.data, bounded.serving!])
      for (const { Properties } of Object.values(template.findResources('AWS::IAM::Role')))
        expect(JSON.stringify(Properties.PermissionsBoundary)).toContain('policy/my-boundary');
    expect(Object.keys(bounded.serving!.findResources('AWS::IAM::Role')).length).toBeGreaterThan(5);
    for (const { Properties } of Object.values(serving.findResources('AWS::IAM::Role')))
      expect(Properties.PermissionsBoundary).toBeUndefined();
  });

  test('one search function stays loaded', () => {
    const { serving: warm } = synthesise({ keepWarm: Duration.minutes(5) });
    warm!.hasResourceProperties('AWS::Scheduler::Schedule', {
      ScheduleExpression: 'rate(5 minutes)',
      Target: Match.objectLike({ Input: Match.stringLikeRegexp('rawPath') }),
    });
  });

  test('the functions stand in a VPC with a way to S3, and compaction runs by its schedule', () => {
    const stack = new Stack(new App(), 'Stack');
    const vpc = new Vpc(stack, 'Vpc', {
      natGateways: 0,
      maxAzs: 1,
      subnetConfiguration: [{ name: 'Inner', subnetType: SubnetType.PRIVATE_ISOLATED }],
    });
    new ImageSearch(stack, 'Search', {
      assets: stubAssets(),
      vpc: vpc as IVpc,
      subnets: { subnetType: SubnetType.PRIVATE_ISOLATED },
    });
    const template = Template.fromStack(stack);
    for (const { Properties } of ours(template)) expect(Properties.VpcConfig).toBeDefined();
    template.hasResourceProperties('AWS::EC2::VPCEndpoint', { VpcEndpointType: 'Gateway' });
    template.hasResourceProperties('AWS::Scheduler::Schedule', { ScheduleExpression: 'rate(5 minutes)' });
  });

  test.each([
    ['that has a way to S3 already', [GatewayVpcEndpointAwsService.S3], {}, 1],
    ['whose owner says that it has one', [], { s3Endpoint: false }, 0],
    ['with another endpoint', [GatewayVpcEndpointAwsService.DYNAMODB], {}, 2],
  ])('a VPC %s gets no second one, which AWS would refuse', (_, services, props, endpoints) => {
    const stack = new Stack(new App(), 'Stack');
    const vpc = new Vpc(stack, 'Vpc', { natGateways: 0, maxAzs: 1 });
    for (const [i, service] of services.entries()) vpc.addGatewayEndpoint(`Way${i}`, { service });
    for (const id of ['Search', 'Another'])
      new ImageSearch(stack, id, { assets: stubAssets(), vpc: vpc as IVpc, ...props });
    Template.fromStack(stack).resourceCountIs('AWS::EC2::VPCEndpoint', endpoints);
  });

  test('all that is made is encrypted with one key of the owner', () => {
    const stack = new Stack(new App(), 'Stack');
    const key = new Key(stack, 'Key');
    new ImageSearch(stack, 'Search', { assets: stubAssets(), key, alarms: ['me@example.com'] });
    const template = Template.fromStack(stack);
    template.allResourcesProperties('AWS::SQS::Queue', { KmsMasterKeyId: Match.anyValue() });
    template.allResourcesProperties('AWS::Logs::LogGroup', { KmsKeyId: Match.anyValue() });
    template.allResourcesProperties('AWS::SNS::Topic', { KmsMasterKeyId: Match.anyValue() });
    for (const { Properties } of ours(template)) expect(Properties.KmsKeyArn).toBeDefined();
    template.allResourcesProperties('AWS::S3::Bucket', {
      BucketEncryption: {
        ServerSideEncryptionConfiguration: [Match.objectLike({ BucketKeyEnabled: true })],
      },
    });
  });

  test.each<[string, ImageSearchProps, string[]]>([
    ['to tell of pictures', {}, []],
    ['by EventBridge', { events: 'eventbridge' }, ['events.amazonaws.com']],
    ['to each of two models', { models: TWO_MODELS, active: 'main' }, ['sns.amazonaws.com']],
    ['to mail alarms', { alarms: ['me@example.com'] }, ['cloudwatch.amazonaws.com']],
    ['in S3 Vectors', { engine: 's3-vectors' }, ['indexing.s3vectors.amazonaws.com']],
  ])('the services that need the key have it: %s', (_, props, more) => {
    const stack = new Stack(new App(), 'Stack');
    const images = Bucket.fromBucketName(stack, 'Mine', 'my-photos');
    const index = Bucket.fromBucketName(stack, 'MyIndex', 'my-index');
    const assets = props.models ? {} : { assets: stubAssets() };
    new ImageSearch(stack, 'Search', { ...assets, images, index, key: new Key(stack, 'Key'), ...props });
    const template = Template.fromStack(stack);
    const [made] = Object.values(template.findResources('AWS::KMS::Key')) as unknown as [Resource];
    const { Statement } = made.Properties.KeyPolicy as { Statement: { Principal: { Service?: unknown } }[] };
    const services = Statement.flatMap(({ Principal: { Service } }) => Service ?? []);
    expect(services.map((service) => (typeof service === 'string' ? service : 'logs'))).toEqual([
      'logs',
      's3.amazonaws.com',
      ...more,
    ]);
    // And every function may read what it is told by its environment, though no bucket has this key.
    const roles = Object.values(resourcesOf(template))
      .filter(
        ({ Type, Properties }) =>
          Type === 'AWS::IAM::Policy' && JSON.stringify(Properties).includes('kms:Decrypt'),
      )
      .flatMap(({ Properties }) => Properties.Roles as { Ref: string }[]);
    for (const { Properties } of ours(template))
      expect(roles).toContainEqual({ Ref: (Properties.Role as { 'Fn::GetAtt': string[] })['Fn::GetAtt'][0] });
  });

  test('API and console have names of the owner', () => {
    ensureConsole();
    const { data: outer, serving: named } = synthesise({
      auth: 'none',
      console: true,
      domain: {
        api: { name: 'api.example.com', certificateArn: CERTIFICATE },
        console: { name: 'photos.example.com', certificateArn: CERTIFICATE },
      },
    });
    named!.hasResourceProperties('AWS::ApiGatewayV2::DomainName', { DomainName: 'api.example.com' });
    named!.hasResourceProperties('AWS::CloudFront::Distribution', {
      DistributionConfig: Match.objectLike({ Aliases: ['photos.example.com'] }),
    });
    outer.hasOutput('ApiUrl', { Value: 'https://api.example.com' });
    outer.hasOutput('Domain1', {});
    outer.hasOutput('Domain2', {});
  });

  test('the line to try it with names the region for signatures where the address does not', () => {
    const tryIt = (search: ImageSearchProps) =>
      JSON.stringify(Object.values(synthesise(search).data.findOutputs('TryIt')));
    const api = { name: 'api.example.com', certificateArn: CERTIFICATE };
    expect(tryIt({ domain: { api } })).toMatch(/https:\/\/api\.example\.com --sign .*AWS::Region/);
    expect(tryIt({})).not.toContain('--sign');
    expect(tryIt({ domain: { api }, auth: 'none' })).not.toContain('--sign');
  });
});

const TWO_MODELS = {
  main: { assets: stubAssets() },
  other: { assets: stubAssets({ modelId: 'other-01234567' }) },
};

const CERTIFICATE = 'arn:aws:acm:us-east-1:123456789012:certificate/01234567-89ab-cdef-0123-456789abcdef';

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

  test('lets nobody write to a bucket that exists unless its owner says so', () => {
    const actionsOn = (props: { uploads?: boolean; deletes?: boolean }) => {
      const { serving: over } = synthesise(props, { images: { name: 'my-photos' } });
      return Object.values(resourcesOf(over!))
        .filter(({ Type }) => Type === 'AWS::IAM::Policy')
        .flatMap(
          ({ Properties }) =>
            (Properties.PolicyDocument as { Statement: { Action: string | string[]; Resource: unknown }[] })
              .Statement,
        )
        .filter(({ Resource }) => JSON.stringify(Resource).includes('my-photos/*'))
        .flatMap(({ Action }) => Action)
        .filter((action) => action !== 's3:GetObject');
    };
    expect(actionsOn({})).toEqual([]);
    expect(actionsOn({ uploads: true })).toEqual(['s3:PutObject']);
    expect(actionsOn({ deletes: true })).toEqual(['s3:DeleteObject', 's3:DeleteObjectVersion']);
  });

  test('reads a bucket that is encrypted with a key of its owner', () => {
    const keyArn = 'arn:aws:kms:eu-central-1:123456789012:key/01234567-89ab-cdef-0123-456789abcdef';
    const { serving: over } = synthesise({}, { images: { name: 'my-photos', keyArn } });
    over!.hasResourceProperties('AWS::IAM::Policy', {
      PolicyDocument: Match.objectLike({
        Statement: Match.arrayWith([Match.objectLike({ Action: 'kms:Decrypt', Resource: keyArn })]),
      }),
    });
  });

  test('refuses one bucket for pictures and index', () => {
    const stack = new Stack(new App(), 'Stack');
    const bucket = Bucket.fromBucketName(stack, 'Both', 'both');
    expect(
      () => new ImageSearch(stack, 'Search', { assets: stubAssets(), images: bucket, index: bucket }),
    ).toThrow(ConfigurationInvalid);
  });

  test('refuses access logs among the pictures, which would write themselves without end', () => {
    const stack = new Stack(new App(), 'Stack');
    const images = Bucket.fromBucketName(stack, 'Photos', 'photos');
    const accessLogs = Bucket.fromBucketName(stack, 'Logs', 'photos');
    expect(() => new ImageSearch(stack, 'Search', { assets: stubAssets(), images, accessLogs })).toThrow(
      /accessLogs is the bucket of the pictures/,
    );
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
    // Its files go with it, or its bucket could not be deleted.
    hosted!.hasResourceProperties('Custom::CDKBucketDeployment', { RetainOnDelete: false });
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

test('without a queue a backfill is told to call on-upload itself', () => {
  const { data: direct } = synthesise({ intake: 'direct' });
  expect(JSON.stringify(direct.findOutputs('Backfill'))).toContain('--function ');
  expect(JSON.stringify(data.findOutputs('Backfill'))).toContain('--queue-url ');
});

test('uploads and search get the layers of decoders that are given, and none otherwise', () => {
  const app = new App();
  const stack = new Stack(app, 'Decoders');
  const arn = 'arn:aws:lambda:eu-central-1:123456789012:layer:heic:1';
  const decoders = [LayerVersion.fromLayerVersionArn(stack, 'Heic', arn)];
  new ImageSearch(stack, 'Search', { assets: stubAssets(), decoders });
  const layers = (template: Template) =>
    ours(template).map(({ Properties }) => JSON.stringify(Properties.Layers ?? []).includes(arn));
  expect(layers(Template.fromStack(stack)).filter((has) => has)).toHaveLength(2);
  expect(layers(serving).some((has) => has)).toBe(false);
});

test('the file of settings names such layers, or folders that become one', () => {
  const folder = mkdtempSync(join(tmpdir(), 'likeness-decoder-'));
  mkdirSync(join(folder, 'nodejs', 'node_modules'), { recursive: true });
  const arn = 'arn:aws:lambda:eu-central-1:123456789012:layer:heic:1';
  const { serving: template } = synthesise({}, stackPropsFrom({ decoders: [arn, folder] }));
  rmSync(folder, { recursive: true });
  const own = Object.keys(
    template!.findResources('AWS::Lambda::LayerVersion', {
      Properties: { Description: 'Likeness: a decoder' },
    }),
  );
  expect(own).toHaveLength(1);
  const withBoth = ours(template!).filter(({ Properties }) => {
    const layers = JSON.stringify(Properties.Layers ?? []);
    return layers.includes(arn) && layers.includes(own[0]!);
  });
  expect(withBoth).toHaveLength(2);
});

test('compaction runs one at a time where that is asked for, and reserves nothing otherwise', () => {
  const reserving = (template: Template) =>
    ours(template).filter(({ Properties }) => 'ReservedConcurrentExecutions' in Properties);
  expect(reserving(serving)).toEqual([]);
  const [only, ...others] = reserving(synthesise({ oneCompaction: true }).serving!);
  expect(others).toEqual([]);
  expect(only!.Properties).toMatchObject({
    ReservedConcurrentExecutions: 1,
    Description: expect.stringContaining('folds'),
  });
});

describe('thumbnails', () => {
  const statements = (template: Template) => JSON.stringify(template.findResources('AWS::IAM::Policy'));
  const switches = (template: Template) =>
    ours(template).flatMap(
      ({ Properties }) =>
        (Properties.Environment as { Variables: Record<string, string> }).Variables.LIKENESS_THUMBNAILS ?? [],
    );

  test('are written by default, and pages of the console may read them', () => {
    const { data, serving } = synthesise({ corsOrigins: ['https://photos.example.com'] });
    expect(switches(serving!)).toEqual(['on', 'on']);
    const rules = Object.values(data.findResources('AWS::S3::Bucket')).map(
      ({ Properties }) => Properties.CorsConfiguration?.CorsRules[0].AllowedMethods,
    );
    expect(rules).toContainEqual(['GET']);
  });

  test('that are turned off are neither written nor given, and those that are there can still be deleted', () => {
    const { serving } = synthesise({ thumbnails: false });
    expect(switches(serving!)).toEqual(['off', 'off']);
    expect(statements(serving!).match(/thumbnails\//g)).toHaveLength(1);
  });
});

describe('two models', () => {
  const gem = { assets: stubAssets({ modelId: 'imagenet1k-v2-gem3-01234567' }) };
  const models = { main: { assets: stubAssets() }, gem };
  const variables = (template: Template): Record<string, string>[] =>
    ours(template).map(
      ({ Properties }) => (Properties.Environment as { Variables: Record<string, string> }).Variables,
    );

  test('each embed every upload: a topic passes each event on to the queue of each', () => {
    const both = synthesise({ models, active: 'main' }).serving!;
    both.resourceCountIs('AWS::Lambda::EventSourceMapping', 2);
    both.resourcePropertiesCountIs(
      'AWS::SNS::Subscription',
      { Protocol: 'sqs', RawMessageDelivery: true },
      2,
    );
    const topic = Object.keys(both.findResources('AWS::SNS::Topic'))[0]!;
    both.hasResourceProperties('Custom::S3BucketNotifications', {
      NotificationConfiguration: {
        TopicConfigurations: Match.arrayWith([
          Match.objectLike({ Events: ['s3:ObjectCreated:*'], TopicArn: { Ref: topic } }),
        ]),
        QueueConfigurations: Match.absent(),
      },
    });
    const folded = variables(both)
      .filter(({ POWERTOOLS_SERVICE_NAME }) => POWERTOOLS_SERVICE_NAME === 'Compact')
      .map(({ LIKENESS_MODEL_ID }) => LIKENESS_MODEL_ID);
    expect(folded.sort()).toEqual(['imagenet1k-v2-01234567', 'imagenet1k-v2-gem3-01234567']);
  });

  test('by EventBridge too, and by the owner alone when nothing is subscribed to', () => {
    const byRule = synthesise({ models, active: 'main', events: 'eventbridge' }).serving!;
    const [rule] = Object.values(byRule.findResources('AWS::Events::Rule'));
    expect(rule!.Properties.Targets).toHaveLength(2);
    const { data } = synthesise({ models, active: 'main', events: 'none' });
    data.hasOutput('UploadsQueueUrl', {});
    data.hasOutput('UploadsQueueUrlGem', {});
  });

  test('are searched by the active one, and switching moves nothing that holds events', () => {
    const before = synthesise({ models, active: 'main' });
    const after = synthesise({ models, active: 'gem' });
    const alone = synthesise({ models: { gem }, active: 'gem' });
    const queues = ({ serving }: typeof before) => Object.keys(serving!.findResources('AWS::SQS::Queue'));
    expect(queues(after).sort()).toEqual(queues(before).sort());
    expect(queues(before)).toEqual(expect.arrayContaining(queues(alone)));
    // With another name the old resource would take the notifications of the new one away.
    const notifications = ({ serving }: typeof before) =>
      Object.keys(serving!.findResources('Custom::S3BucketNotifications'));
    expect(notifications(before)).toEqual(notifications(alone));
    expect(notifications(before)).toEqual(notifications(synthesise()));
    for (const [made, id] of [
      [before, 'imagenet1k-v2-01234567'],
      [after, 'imagenet1k-v2-gem3-01234567'],
      [alone, 'imagenet1k-v2-gem3-01234567'],
    ] as const)
      made.data.hasOutput('Model', { Value: id });
    after.data.hasOutput('Models', { Value: 'imagenet1k-v2-01234567 imagenet1k-v2-gem3-01234567' });
  });

  test.each([
    ['one that is none of them', { active: 'other' }, /main, gem/],
    ['none named', {}, /active/],
    ['weights beside them', { active: 'main', weights: 'imagenet1k-v1' }, /weights/],
    ['direct intake', { active: 'main', intake: 'direct' as const }, /several/],
  ])('are refused with %s', (_, props, message) => {
    expect(() => synthesise({ models, ...props })).toThrow(message);
    expect(() => synthesise({ models, ...props })).toThrow(ConfigurationInvalid);
  });

  test('are refused when they are one, or have a name that no construct can have', () => {
    const twin = { main: { assets: stubAssets() }, twin: { assets: stubAssets() } };
    expect(() => synthesise({ models: twin, active: 'main' })).toThrow(/are one/);
    expect(() => synthesise({ models: { 'A b': gem }, active: 'A b' })).toThrow(/lower-case/);
  });
});
