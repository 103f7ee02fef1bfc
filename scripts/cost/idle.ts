/** What a stack costs in a month in which nothing happens, read from its templates: each resource in them has a line here. */

import { add, type Usage } from './usage.ts';

/** What is looked at of a resource's properties. */
interface Properties {
  readonly Architectures?: readonly string[];
  readonly LoggingConfig?: { readonly SystemLogLevel?: string };
  readonly MemorySize?: number;
  readonly Metrics?: readonly { readonly MetricStat?: unknown }[];
  readonly ScheduleExpression?: string;
  readonly Target?: {
    readonly Arn: { readonly 'Fn::GetAtt': readonly [string, string] };
    readonly Input?: string;
  };
  readonly TracingConfig?: { readonly Mode: string };
  readonly VpcEndpointType?: string;
}

/** A resource of a CloudFormation template. */
export interface Resource {
  readonly Type: string;
  readonly Properties?: Properties;
}

export type Resources = Readonly<Record<string, Resource>>;

/** A type of resource that has no line: nobody knows what it costs. */
export class ResourceUnpriced extends Error {
  override readonly name = 'ResourceUnpriced';
}

const HOURS = 730;
const GB = 1e9;

/** What is not in a template; the seconds are those of `npm run test:assets`, cold starts included. */
export const IDLE_ASSUMED = {
  /** Seconds of a compaction that finds nothing to do, begun from nothing. */
  secondsPerIdleCompaction: 0.6,
  /** Seconds of a call that keeps a search function loaded. */
  secondsPerKeepWarm: 0.1,
  /** Requests that a compaction makes to find nothing to do. */
  listsPerIdleCompaction: 2,
  readsPerIdleCompaction: 1,
  /** Requests by which Lambda reads an empty queue in a month: five readers that wait 20 seconds each. */
  emptyReads: (5 * HOURS * 3600) / 20,
  /** Bytes that Lambda logs of a run, where it is not told to log warnings only. */
  bytesOfRunLogs: 1_200,
  /** Bytes of the layer's package, which lies in the bucket of the CDK. */
  layerBytes: 0.1e9,
} as const;

const nothing = (): Usage => ({});

/** The month of each type of resource, by what AWS meters. */
const LINES: Readonly<Record<string, (properties: Properties, all: Resources) => Usage>> = {
  'AWS::ApiGatewayV2::Api': nothing,
  'AWS::ApiGatewayV2::ApiMapping': nothing,
  'AWS::ApiGatewayV2::Authorizer': nothing,
  'AWS::ApiGatewayV2::DomainName': nothing,
  'AWS::ApiGatewayV2::Integration': nothing,
  'AWS::ApiGatewayV2::Route': nothing,
  'AWS::ApiGatewayV2::Stage': nothing,
  'AWS::CloudFormation::Stack': nothing,
  'AWS::CloudFront::Distribution': nothing,
  'AWS::CloudFront::OriginAccessControl': nothing,
  'AWS::CloudWatch::Alarm': ({ Metrics }) => ({
    alarm: Metrics?.filter(({ MetricStat }) => MetricStat).length ?? 1,
  }),
  'AWS::CloudWatch::Dashboard': () => ({ dashboard: 1 }),
  'AWS::EC2::SecurityGroup': nothing,
  'AWS::EC2::VPCEndpoint': ({ VpcEndpointType = 'Gateway' }) =>
    VpcEndpointType === 'Gateway' ? {} : { interfaceEndpointHour: HOURS },
  'AWS::Events::Rule': nothing,
  'AWS::IAM::Policy': nothing,
  'AWS::IAM::Role': nothing,
  'AWS::KMS::Key': () => ({ key: 1 }),
  'AWS::Lambda::EventInvokeConfig': nothing,
  'AWS::Lambda::EventSourceMapping': () => ({ sqsRequest: IDLE_ASSUMED.emptyReads }),
  'AWS::Lambda::Function': nothing,
  'AWS::Lambda::LayerVersion': () => ({ s3Storage: IDLE_ASSUMED.layerBytes / GB }),
  'AWS::Lambda::Permission': nothing,
  'AWS::Logs::LogGroup': nothing,
  'AWS::S3::Bucket': nothing,
  'AWS::S3::BucketPolicy': nothing,
  'AWS::SNS::Subscription': nothing,
  'AWS::SNS::Topic': nothing,
  'AWS::SNS::TopicPolicy': nothing,
  'AWS::SQS::Queue': nothing,
  'AWS::SQS::QueuePolicy': nothing,
  'AWS::Scheduler::Schedule': scheduled,
  // By the steps that it takes, and it takes none until it is started.
  'AWS::StepFunctions::StateMachine': nothing,
  // Run only while the stack is deployed.
  'Custom::CDKBucketDeployment': nothing,
  'Custom::LikenessBackfill': nothing,
  'Custom::S3BucketNotifications': nothing,
};

/** What all resources of some templates use while nothing happens. @throws ResourceUnpriced */
export function idleUsage(templates: readonly Resources[]): Usage {
  const lines: Usage[] = [];
  for (const resources of templates) {
    for (const [id, { Type, Properties = {} }] of Object.entries(resources)) {
      const line = LINES[Type];
      if (!line) throw new ResourceUnpriced(`${id} is a ${Type}: scripts/cost/idle.ts has no line for it`);
      lines.push(line(Properties, resources));
    }
  }
  return add(...lines);
}

/** The runs of a schedule: of compact, or of the search function that is to stay loaded. */
function scheduled({ ScheduleExpression = '', Target }: Properties, all: Resources): Usage {
  const runs = HOURS / hoursBetween(ScheduleExpression);
  const fn = all[Target!.Arn['Fn::GetAtt'][0]]!.Properties!;
  const isCompact = !Target!.Input?.includes('rawPath');
  const seconds = isCompact ? IDLE_ASSUMED.secondsPerIdleCompaction : IDLE_ASSUMED.secondsPerKeepWarm;
  const isQuiet = fn.LoggingConfig?.SystemLogLevel === 'WARN';
  return {
    schedulerRun: runs,
    lambdaRequest: runs,
    [fn.Architectures?.[0] === 'arm64' ? 'lambdaSecondArm' : 'lambdaSecond']:
      runs * seconds * (fn.MemorySize! / 1024),
    s3Write: runs * (isCompact ? IDLE_ASSUMED.listsPerIdleCompaction : 1),
    s3Read: isCompact ? runs * IDLE_ASSUMED.readsPerIdleCompaction : 0,
    logs: isQuiet ? 0 : (runs * IDLE_ASSUMED.bytesOfRunLogs) / GB,
    trace: fn.TracingConfig?.Mode === 'Active' ? runs : 0,
  };
}

/** `rate(5 minutes)` in hours; a cron expression is taken for once an hour, which is the default. */
function hoursBetween(expression: string): number {
  const [, count, unit = ''] = /^rate\((\d+) (minute|hour|day)s?\)$/.exec(expression) ?? [];
  if (!count) return 1;
  return Number(count) * { minute: 1 / 60, hour: 1, day: 24 }[unit as 'minute' | 'hour' | 'day'];
}
