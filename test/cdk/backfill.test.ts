/** What `backfill: true` adds: a state machine that Step Functions would take, and roles that can do what it does. */

import aslValidator from 'asl-validator';
import { Duration, Stack } from 'aws-cdk-lib';
import { Match } from 'aws-cdk-lib/assertions';
import { type IVpc, Vpc } from 'aws-cdk-lib/aws-ec2';
import { Bucket } from 'aws-cdk-lib/aws-s3';
import { expect, test, vi } from 'vitest';
import { ConfigurationInvalid } from '../../cdk/configuration-invalid.ts';
import { definitionOf } from './state-machine.ts';
import { stubAssets } from './stub-assets.ts';
import { synthesise } from './synthesise.ts';

vi.setConfig({ testTimeout: 240_000 });

const template = (search: Parameters<typeof synthesise>[0] = {}) =>
  synthesise({ backfill: true, ...search }).serving!;

test('there is none unless it is asked for', () => {
  synthesise().serving!.resourceCountIs('AWS::StepFunctions::StateMachine', 0);
});

test('the definition is valid: asl-validator has nothing against it', () => {
  const { isValid, errorsText } = aslValidator(definitionOf(template({ prefix: 'photos/' })));
  expect(isValid, errorsText('\n')).toBe(true);
});

test('asl-validator would say what is wrong with it', () => {
  const definition = definitionOf(template());
  const broken = { ...definition, StartAt: 'Nowhere' };
  expect(aslValidator(broken).isValid).toBe(false);
});

test('it maps over the list of the bucket in batches, a few at once, and hands on no more than a step may', () => {
  const { EachObject } = definitionOf(template()).States;
  expect(EachObject).toMatchObject({
    Type: 'Map',
    MaxConcurrency: 3,
    ResultPath: null,
    ItemReader: {
      Resource: 'arn:aws:states:::s3:listObjectsV2',
      Parameters: { Bucket: 'images', 'Prefix.$': '$.prefix' },
    },
    ItemBatcher: { MaxItemsPerBatch: 500, MaxInputBytesPerBatch: 229_376, BatchInput: { 'plan.$': '$' } },
    ItemProcessor: { ProcessorConfig: { Mode: 'DISTRIBUTED', ExecutionType: 'STANDARD' } },
  });
  // A batch that fails for good fails the run, which can then be redriven: no failure is passed over or caught.
  expect(EachObject).not.toHaveProperty('Catch');
  expect(EachObject).not.toHaveProperty('ToleratedFailurePercentage');
});

test('its role may list the bucket, start, stop and redrive its own executions, and nothing else of Step Functions', () => {
  const actions = Object.values(template().findResources('AWS::IAM::Policy'))
    .flatMap(({ Properties }) => Properties.PolicyDocument.Statement as { Action: string | string[] }[])
    .flatMap(({ Action }) => Action)
    .filter((action) => action.startsWith('states:'));
  expect([...new Set(actions)].sort()).toEqual([
    'states:DescribeExecution',
    'states:DescribeMapRun',
    'states:ListExecutions',
    'states:ListMapRuns',
    'states:RedriveExecution',
    'states:StartExecution',
    'states:StopExecution',
  ]);
});

test('the deployment that makes it starts it once all stands, and again for another model or bucket', () => {
  const idOf = (name: string) => {
    const images = Bucket.fromBucketName(new Stack(), 'Images', name);
    const [start] = Object.values(template({ images }).findResources('Custom::LikenessBackfill'));
    return JSON.stringify(start!.Properties.Update);
  };
  expect(idOf('my-photos')).toContain('imagenet1k-v2-01234567 my-photos ');
  expect(idOf('other-photos')).not.toBe(idOf('my-photos'));
  const made = template();
  const [[id, start]] = Object.entries(made.findResources('Custom::LikenessBackfill')) as never as [
    [string, { Properties: Record<string, unknown>; DependsOn: string[] }],
  ];
  const call = JSON.stringify(start.Properties.Update);
  expect(id).toContain('Start');
  expect(call).toContain('StartExecution');
  expect(call).toContain('imagenet1k-v2-01234567');
  // Whoever does the work, and the events of what is uploaded meanwhile.
  for (const type of [
    'AWS::Lambda::EventSourceMapping',
    'Custom::S3BucketNotifications',
    'AWS::StepFunctions::StateMachine',
  ])
    expect(start.DependsOn).toContain(Object.keys(made.findResources(type))[0]);
  made.hasResourceProperties('AWS::IAM::Policy', {
    PolicyDocument: Match.objectLike({
      Statement: [
        {
          Action: 'states:StartExecution',
          Effect: 'Allow',
          Resource: { Ref: Object.keys(made.findResources('AWS::StepFunctions::StateMachine'))[0] },
        },
      ],
    }),
    PolicyName: Match.stringLikeRegexp('Start'),
  });
});

test('of several models each is filled', () => {
  const gem = { assets: stubAssets({ modelId: 'imagenet1k-v2-gem3-01234567' }) };
  const models = { main: { assets: stubAssets() }, gem };
  template({ models, active: 'main' }).resourceCountIs('Custom::LikenessBackfill', 2);
});

test('with the engine s3-vectors too: each of several models has its index there, its state machine and its first run', () => {
  const gem = { assets: stubAssets({ modelId: 'imagenet1k-v2-gem3-01234567' }) };
  const models = { main: { assets: stubAssets() }, gem };
  const made = template({ models, active: 'main', engine: 's3-vectors' });
  made.resourceCountIs('AWS::S3Vectors::Index', 2);
  made.resourceCountIs('AWS::StepFunctions::StateMachine', 2);
  const machines = Object.keys(made.findResources('AWS::StepFunctions::StateMachine'));
  const starts = Object.values(made.findResources('Custom::LikenessBackfill'));
  for (const machine of machines)
    expect(
      starts.filter(({ Properties }) => JSON.stringify(Properties.Update).includes(machine)),
    ).toHaveLength(1);
  // Each compact fills an index of its own, under the model that it is for.
  const compacts = Object.values(made.findResources('AWS::Lambda::Function'))
    .map(({ Properties }) => Properties.Environment?.Variables ?? {})
    .filter(({ POWERTOOLS_SERVICE_NAME }) => POWERTOOLS_SERVICE_NAME === 'Compact');
  const filled = compacts.map(({ LIKENESS_VECTOR_INDEX, LIKENESS_MODEL_ID }) => [
    LIKENESS_MODEL_ID,
    JSON.stringify(LIKENESS_VECTOR_INDEX),
  ]);
  expect(new Set(filled.map(([model]) => model)).size).toBe(2);
  expect(new Set(filled.map(([, index]) => index)).size).toBe(2);
});

test('the worker knows the filter and the queue, and search the state machine', () => {
  const made = template({ prefix: 'photos/', endings: ['.jpg'] });
  made.hasResourceProperties('AWS::Lambda::Function', {
    Timeout: 900,
    Environment: {
      Variables: Match.objectLike({
        POWERTOOLS_SERVICE_NAME: 'Backfill',
        LIKENESS_PREFIX: 'photos/',
        LIKENESS_ENDINGS: '.jpg',
        LIKENESS_UPLOADS_QUEUE: Match.anyValue(),
      }),
    },
  });
  made.hasResourceProperties('AWS::Lambda::Function', {
    Environment: {
      Variables: Match.objectLike({ POWERTOOLS_SERVICE_NAME: 'Search', LIKENESS_BACKFILL: Match.anyValue() }),
    },
  });
});

test('memory and timeout of the worker can be set', () => {
  template({
    memory: { backfill: 3_008 },
    timeout: { backfill: Duration.minutes(10) },
  }).hasResourceProperties('AWS::Lambda::Function', {
    MemorySize: 3_008,
    Timeout: 600,
    Environment: { Variables: Match.objectLike({ POWERTOOLS_SERVICE_NAME: 'Backfill' }) },
  });
});

test('without a queue, and in a VPC that the queue cannot be reached from, it is refused with the reason', () => {
  expect(() => template({ intake: 'direct' })).toThrow(ConfigurationInvalid);
  const vpc = new Vpc(new Stack(), 'Vpc') as IVpc;
  expect(() => template({ vpc })).toThrow(ConfigurationInvalid);
});
