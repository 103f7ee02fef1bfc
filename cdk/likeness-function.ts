/** One Lambda function of Likeness, with a role of its own that can at first do nothing but log and trace. */

import { type Duration, RemovalPolicy } from 'aws-cdk-lib';
import { PolicyStatement, Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import {
  Architecture,
  Code,
  type ILayerVersion,
  Function as LambdaFunction,
  LoggingFormat,
  Runtime,
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
  readonly logRetention: RetentionDays | undefined;
  /** Values of the variables in functions/environment.ts, by their short names. */
  readonly environment: Partial<Record<keyof typeof VARIABLES, string>>;
}

/** The CDK's names for the processors. */
export const LAMBDA_ARCHITECTURES: Readonly<Record<LambdaArchitecture, Architecture>> = {
  x64: Architecture.X86_64,
  arm64: Architecture.ARM_64,
};

/** The Node.js that the functions run on. */
export const RUNTIME = Runtime.NODEJS_24_X;

export class LikenessFunction extends LambdaFunction {
  constructor(scope: Construct, id: string, props: LikenessFunctionProps) {
    const logGroup = new LogGroup(scope, `${id}Logs`, {
      retention: props.logRetention ?? RetentionDays.ONE_MONTH,
      removalPolicy: RemovalPolicy.DESTROY,
    });
    super(scope, id, {
      description: props.description,
      runtime: RUNTIME,
      architecture: LAMBDA_ARCHITECTURES[props.architecture],
      handler: 'index.handler',
      code: Code.fromAsset(props.code),
      layers: [...props.layers],
      memorySize: props.memory,
      timeout: props.timeout,
      tracing: Tracing.ACTIVE,
      logGroup,
      // What the runtime itself has to say, too.
      loggingFormat: LoggingFormat.JSON,
      role: roleThatLogs(scope, id, logGroup),
      environment: environmentOf(id, props.environment),
    });
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

function environmentOf(id: string, values: LikenessFunctionProps['environment']): Record<string, string> {
  const environment: Record<string, string> = {
    NODE_OPTIONS: '--enable-source-maps',
    ...ALLOCATOR_ENVIRONMENT,
    // ONNX Runtime would tell its makers of its use.
    ORT_DISABLE_TELEMETRY: '1',
    // Search begins to load its index before the first request, when there is no trace yet to add to.
    AWS_XRAY_CONTEXT_MISSING: 'IGNORE_ERROR',
    // The clients of AWS services are traced themselves; their connections need not be as well.
    POWERTOOLS_TRACER_CAPTURE_HTTPS_REQUESTS: 'false',
    POWERTOOLS_SERVICE_NAME: id,
    POWERTOOLS_METRICS_NAMESPACE: METRICS_NAMESPACE,
    POWERTOOLS_LOG_LEVEL: 'INFO',
  };
  for (const [name, value] of Object.entries(values)) {
    if (value !== undefined) environment[VARIABLES[name as keyof typeof VARIABLES]] = value;
  }
  return environment;
}
