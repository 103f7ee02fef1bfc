/**
 * Backfill, rebuild and verification in the cloud: a state machine that lists the bucket, and a function that compares and
 * enqueues. Nothing of it costs anything until it is started.
 */

import { ArnFormat, Duration, Stack } from 'aws-cdk-lib';
import { Policy, PolicyStatement } from 'aws-cdk-lib/aws-iam';
import type { IKey } from 'aws-cdk-lib/aws-kms';
import type { Queue } from 'aws-cdk-lib/aws-sqs';
import {
  Choice,
  Condition,
  DefinitionBody,
  DistributedMap,
  ItemBatcher,
  JsonPath,
  S3ObjectsItemReader,
  StateMachine,
  StateMachineType,
  Succeed,
  TaskInput,
} from 'aws-cdk-lib/aws-stepfunctions';
import { LambdaInvoke } from 'aws-cdk-lib/aws-stepfunctions-tasks';
import { AwsCustomResource, AwsCustomResourcePolicy, PhysicalResourceId } from 'aws-cdk-lib/custom-resources';
import { Construct } from 'constructs';
import type { Job } from '../functions/backfill/handler.ts';
import { acknowledge } from './acknowledgements.ts';
import { LikenessFunction, type LikenessFunctionProps } from './likeness-function.ts';
import { type Buckets, PERMISSIONS, permit } from './permissions.ts';

export interface BackfillProps extends Buckets {
  readonly modelId: string;
  readonly function: LikenessFunctionProps;
  /** Of on-upload, which does the work. */
  readonly queue: Queue;
  /** Encrypts the queue. */
  readonly key: IKey | undefined;
}

/** Batches that are compared at once: with on-upload's five they leave a new account, which has ten executions, two. */
const BATCHES_AT_ONCE = 3;
/** Objects of a batch; a step is handed 256 KiB at the most, so that of long keys there are fewer. */
export const BATCH_SIZE = 500;
const BATCH_BYTES = 224 * 1024;

export class Backfill extends Construct {
  readonly function: LikenessFunction;
  readonly stateMachine: StateMachine;

  constructor(scope: Construct, id: string, props: BackfillProps) {
    super(scope, id);
    this.function = new LikenessFunction(this, 'Backfill', {
      ...props.function,
      environment: { ...props.function.environment, uploadsQueue: props.queue.queueUrl },
    });
    permit(this.function, PERMISSIONS.backfill, props, props.modelId);
    this.function.addToRolePolicy(
      new PolicyStatement({ actions: ['sqs:SendMessage'], resources: [props.queue.queueArn] }),
    );
    props.key?.grantEncryptDecrypt(this.function);
    acknowledge(
      this.function,
      'The state machine calls it again, and knows when it has failed.',
      'Serverless-LambdaAsyncFailureDestination',
    );
    this.stateMachine = new StateMachine(this, 'Machine', {
      comment: 'Likeness: has indexed what the index misses; rebuilds and verifies it',
      stateMachineType: StateMachineType.STANDARD,
      definitionBody: DefinitionBody.fromChainable(this.definition(props)),
      tracingEnabled: props.function.surroundings.tracing,
    });
    props.images.encryptionKey?.grantDecrypt(this.stateMachine);
    this.permitRedrive();
    acknowledge(
      this.stateMachine,
      'Step Functions keeps the history of every execution for 90 days, and traces cost by the request.',
      'AwsSolutions-SF1',
      'AwsSolutions-SF2',
      'Serverless-StepFunctionStateMachineLogging',
      'Serverless-StepFunctionStateMachineXray',
    );
  }

  /**
   * Has a run started by the deployment that makes the state machine, or gives it another bucket to look at or another
   * index to fill.
   *
   * @param after what must stand before: who does the work, and the events of what is uploaded meanwhile
   */
  startOnce({
    modelId,
    images,
    index,
    after,
  }: Pick<BackfillProps, 'modelId' | 'images' | 'index'> & { readonly after: readonly Construct[] }): void {
    const { stateMachineArn } = this.stateMachine;
    const start = new AwsCustomResource(this, 'Start', {
      resourceType: 'Custom::LikenessBackfill',
      installLatestAwsSdk: false,
      memorySize: 256,
      // Also when it is made. CloudFormation calls again only for what is another call.
      onUpdate: {
        service: 'SFN',
        action: 'StartExecution',
        parameters: { stateMachineArn, input: JSON.stringify({ job: 'backfill' } satisfies Job) },
        physicalResourceId: PhysicalResourceId.of(`${modelId} ${images.bucketName} ${index.bucketName}`),
        outputPaths: ['executionArn'],
      },
      policy: AwsCustomResourcePolicy.fromStatements([
        new PolicyStatement({ actions: ['states:StartExecution'], resources: [stateMachineArn] }),
      ]),
    });
    start.node.addDependency(this.stateMachine, this.function, ...after);
    acknowledgeStarter(Stack.of(this));
  }

  /** Lets search tell how far the last run is. */
  permitLook(search: LikenessFunction): void {
    const { stateMachineArn, stateMachineName } = this.stateMachine;
    const looks = {
      'states:ListExecutions': stateMachineArn,
      'states:ListMapRuns': this.arnOf('execution', `${stateMachineName}:*`),
      'states:DescribeMapRun': this.arnOf('mapRun', `${stateMachineName}/*`),
    };
    for (const [action, resource] of Object.entries(looks))
      search.addToRolePolicy(new PolicyStatement({ actions: [action], resources: [resource] }));
  }

  private definition({ images }: BackfillProps) {
    const done = new Succeed(this, 'Done');

    const verify = this.step('Verify', { step: 'verify', report: JsonPath.entirePayload });
    verify.next(
      new Choice(this, 'IsVerified').when(Condition.booleanEquals('$.isDone', true), done).otherwise(verify),
    );

    const begin = this.step('Begin', {
      step: 'begin',
      run: JsonPath.stringAt('$$.Execution.Id'),
      job: JsonPath.entirePayload,
    });
    const compare = new DistributedMap(this, 'EachObject', {
      label: 'EachObject',
      itemReader: new S3ObjectsItemReader({ bucket: images, prefix: JsonPath.stringAt('$.prefix') }),
      itemBatcher: new ItemBatcher({
        maxItemsPerBatch: BATCH_SIZE,
        maxInputBytesPerBatch: BATCH_BYTES,
        // The CDK does not render references here.
        batchInput: { 'plan.$': '$' },
      }),
      maxConcurrency: BATCHES_AT_ONCE,
      mapExecutionType: StateMachineType.STANDARD,
      // A million objects are two thousand batches, whose reports together would be more than a step hands on.
      resultPath: JsonPath.DISCARD,
    });
    compare.itemProcessor(
      this.step(
        'Compare',
        {
          step: 'compare',
          plan: JsonPath.objectAt('$.BatchInput.plan'),
          items: JsonPath.listAt('$.Items'),
        },
        JsonPath.DISCARD,
      ),
    );
    const gone = this.step('Gone', { step: 'gone', plan: JsonPath.entirePayload });
    gone.next(
      new Choice(this, 'IsEveryKeyCompared')
        .when(Condition.booleanEquals('$.isDone', true), done)
        .otherwise(gone),
    );

    return new Choice(this, 'WhichJob')
      .when(Condition.and(Condition.isPresent('$.job'), Condition.stringEquals('$.job', 'verify')), verify)
      .otherwise(
        begin.next(
          // What a map makes of an empty list nobody has written down.
          new Choice(this, 'IsAnythingThere')
            .when(Condition.booleanEquals('$.isEmpty', true), gone)
            .otherwise(compare.next(gone)),
        ),
      );
  }

  /** One call of the function; what fails for a while is repeated, and what fails for good can be redriven. */
  private step(id: string, payload: Record<string, unknown>, outputPath?: string): LambdaInvoke {
    const step = new LambdaInvoke(this, id, {
      lambdaFunction: this.function,
      payload: TaskInput.fromObject(payload),
      payloadResponseOnly: true,
      retryOnServiceExceptions: false,
      ...(outputPath !== undefined && { outputPath }),
    });
    step.addRetry({
      interval: Duration.seconds(2),
      backoffRate: 2,
      maxAttempts: 6,
      maxDelay: Duration.minutes(1),
    });
    return step;
  }

  /** What a run needs to do only the failed batches again. The CDK grants starting and stopping alone. */
  private permitRedrive(): void {
    const { stateMachineName, role } = this.stateMachine;
    const resources = [this.arnOf('execution', `${stateMachineName}/EachObject:*`)];
    // A policy of its own: the role's is made before the state machine, whose name this one has in it.
    role.attachInlinePolicy(
      new Policy(this, 'Redrive', {
        statements: [new PolicyStatement({ actions: ['states:RedriveExecution'], resources })],
      }),
    );
  }

  private arnOf(resource: string, resourceName: string): string {
    const arnFormat = ArnFormat.COLON_RESOURCE_NAME;
    return Stack.of(this).formatArn({ service: 'states', resource, resourceName, arnFormat });
  }
}

/** The CDK's own function that makes calls of AWS; one a stack. */
function acknowledgeStarter(stack: Stack): void {
  const starter = stack.node.tryFindChild(
    `AWS${AwsCustomResource.PROVIDER_FUNCTION_UUID.replaceAll('-', '')}`,
  );
  if (starter)
    acknowledge(
      starter,
      'A function of the CDK that runs only while the stack is deployed. It starts one state machine.',
      'AwsSolutions-IAM4[Policy::arn:<AWS::Partition>:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole]',
      'AwsSolutions-L1',
      'Serverless-LambdaDLQ',
      'Serverless-LambdaLatestVersion',
      'Serverless-LambdaTracing',
    );
}
