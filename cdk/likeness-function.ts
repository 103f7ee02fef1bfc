/** One Lambda function of Likeness, with a role of its own that can at first do nothing but log. */

import { type Duration, RemovalPolicy } from 'aws-cdk-lib';
import type { IVpc, SubnetSelection } from 'aws-cdk-lib/aws-ec2';
import { PolicyStatement, Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import type { IKey } from 'aws-cdk-lib/aws-kms';
import {
  Architecture,
  Code,
  type ILayerVersion,
  Function as LambdaFunction,
  LoggingFormat,
  Runtime,
  SystemLogLevel,
  Tracing,
} from 'aws-cdk-lib/aws-lambda';
import { LogGroup, RetentionDays } from 'aws-cdk-lib/aws-logs';
import type { Construct } from 'constructs';
import { VARIABLES } from '../functions/environment.ts';
import { METRICS_NAMESPACE } from '../functions/metric-names.ts';
import { ALLOCATOR_ENVIRONMENT } from '../pictures/decoding/limits.ts';
import { acknowledge } from './acknowledgements.ts';
import type { LambdaArchitecture } from './bundling/native-packages.ts';

export interface LikenessFunctionProps {
  readonly description: string;
  /** Folder with `index.mjs` and its node_modules. */
  readonly code: string;
  readonly layers: readonly ILayerVersion[];
  /** Of the native code in both. */
  readonly architecture: LambdaArchitecture;
  /** Megabytes. */
  readonly memory: number;
  readonly timeout: Duration;
  readonly surroundings: Surroundings;
  /** Executions that are set aside for it, and that it cannot exceed. @default - as many as the account has */
  readonly reserved?: number;
  /** Lambda logs nothing of runs that went well. @default false */
  readonly quiet?: boolean;
  /** Values of the variables in functions/environment.ts, by their short names. */
  readonly environment: Partial<Record<keyof typeof VARIABLES, string>>;
}

/** What all functions of a system have in common. */
export interface Surroundings {
  /** Name of the system, which keeps its metrics apart from those of others. */
  readonly system: string;
  readonly logRetention: RetentionDays | undefined;
  readonly tracing: boolean;
  /** Whether the functions count what they do. */
  readonly metrics: boolean;
  readonly vpc: IVpc | undefined;
  readonly subnets: SubnetSelection | undefined;
  /** Encrypts logs and environments. */
  readonly key: IKey | undefined;
}

/** CloudWatch's namespace for what a system counts itself. */
export const metricsNamespace = (system: string): string => `${METRICS_NAMESPACE}/${system}`;

/** The CDK's names for the processors. */
export const LAMBDA_ARCHITECTURES: Readonly<Record<LambdaArchitecture, Architecture>> = {
  x64: Architecture.X86_64,
  arm64: Architecture.ARM_64,
};

/** The Node.js that the functions run on. */
export const RUNTIME = Runtime.NODEJS_24_X;

export class LikenessFunction extends LambdaFunction {
  constructor(scope: Construct, id: string, props: LikenessFunctionProps) {
    const { logRetention, tracing, vpc, subnets, key } = props.surroundings;
    const logGroup = new LogGroup(scope, `${id}Logs`, {
      retention: logRetention ?? RetentionDays.ONE_MONTH,
      removalPolicy: RemovalPolicy.DESTROY,
      ...(key && { encryptionKey: key }),
    });
    const role = roleThatLogs(scope, id, logGroup);
    if (vpc) role.addToPrincipalPolicy(networkAccess());
    // Of its environment, whatever the buckets are encrypted with.
    key?.grantDecrypt(role);
    super(scope, id, {
      description: props.description,
      runtime: RUNTIME,
      architecture: LAMBDA_ARCHITECTURES[props.architecture],
      handler: 'index.handler',
      code: Code.fromAsset(props.code),
      layers: [...props.layers],
      memorySize: props.memory,
      timeout: props.timeout,
      ...(props.reserved !== undefined && { reservedConcurrentExecutions: props.reserved }),
      tracing: tracing ? Tracing.ACTIVE : Tracing.DISABLED,
      logGroup,
      // What the runtime itself has to say, too.
      loggingFormat: LoggingFormat.JSON,
      ...(props.quiet && { systemLogLevelV2: SystemLogLevel.WARN }),
      role,
      environment: environmentOf(id, props),
      ...(vpc && { vpc, vpcSubnets: subnets ?? {} }),
      ...(key && { environmentEncryption: key }),
    });
    if (!tracing)
      acknowledge(
        this,
        'Traces cost by the request; the tracing property turns them on.',
        'Serverless-LambdaTracing',
      );
    acknowledge(
      this,
      'Failed events wait in the queue that they came from, or come again by themselves; see docs/operations.md.',
      'Serverless-LambdaDLQ',
    );
  }
}

/** Written out instead of AWSLambdaBasicExecutionRole, which may write to every log group of the account. */
function roleThatLogs(scope: Construct, id: string, logGroup: LogGroup): Role {
  const role = new Role(scope, `${id}Role`, { assumedBy: new ServicePrincipal('lambda.amazonaws.com') });
  role.addToPrincipalPolicy(
    new PolicyStatement({
      actions: ['logs:CreateLogStream', 'logs:PutLogEvents'],
      resources: [logGroup.logGroupArn],
    }),
  );
  return role;
}

/** What Lambda needs to put a function into a VPC; it names no resources that could be listed. */
const networkAccess = (): PolicyStatement =>
  new PolicyStatement({
    actions: [
      'ec2:AssignPrivateIpAddresses',
      'ec2:CreateNetworkInterface',
      'ec2:DeleteNetworkInterface',
      'ec2:DescribeNetworkInterfaces',
      'ec2:DescribeSubnets',
      'ec2:UnassignPrivateIpAddresses',
    ],
    resources: ['*'],
  });

function environmentOf(
  id: string,
  { environment: values, surroundings: { system, tracing, metrics } }: LikenessFunctionProps,
): Record<string, string> {
  const environment: Record<string, string> = {
    NODE_OPTIONS: '--enable-source-maps',
    ...ALLOCATOR_ENVIRONMENT,
    // ONNX Runtime would tell its makers of its use.
    ORT_DISABLE_TELEMETRY: '1',
    POWERTOOLS_TRACE_ENABLED: String(tracing),
    ...(!tracing && {
      // Otherwise the SDK of X-Ray follows every promise, though there is no trace.
      AWS_XRAY_MANUAL_MODE: 'true',
    }),
    ...(tracing && {
      // Search begins to load its index before the first request, when there is no trace yet to add to.
      AWS_XRAY_CONTEXT_MISSING: 'IGNORE_ERROR',
      // The clients of AWS services are traced themselves; their connections need not be as well.
      POWERTOOLS_TRACER_CAPTURE_HTTPS_REQUESTS: 'false',
    }),
    POWERTOOLS_SERVICE_NAME: id,
    POWERTOOLS_METRICS_DISABLED: String(!metrics),
    POWERTOOLS_METRICS_NAMESPACE: metricsNamespace(system),
    POWERTOOLS_LOG_LEVEL: 'INFO',
  };
  for (const [name, value] of Object.entries(values)) {
    if (value !== undefined) environment[VARIABLES[name as keyof typeof VARIABLES]] = value;
  }
  return environment;
}
