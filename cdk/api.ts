/** The HTTP API: every request goes to the search function, past an authorizer, a throttle and an access log. */

import { Duration, RemovalPolicy } from 'aws-cdk-lib';
import { AccessLogFormat } from 'aws-cdk-lib/aws-apigateway';
import {
  CorsHttpMethod,
  HttpApi,
  HttpMethod,
  HttpStage,
  type IHttpRouteAuthorizer,
  LogGroupLogDestination,
} from 'aws-cdk-lib/aws-apigatewayv2';
import { HttpIamAuthorizer, HttpJwtAuthorizer } from 'aws-cdk-lib/aws-apigatewayv2-authorizers';
import { HttpLambdaIntegration } from 'aws-cdk-lib/aws-apigatewayv2-integrations';
import { LogGroup, RetentionDays } from 'aws-cdk-lib/aws-logs';
import { Construct } from 'constructs';
import { acknowledge } from './acknowledgements.ts';
import type { ApiAuth, ImageSearchProps } from './image-search-props.ts';
import { LikenessFunction, type LikenessFunctionProps } from './likeness-function.ts';
import { type Buckets, PERMISSIONS, permit } from './permissions.ts';

export interface SearchApiProps
  extends Buckets,
    Pick<ImageSearchProps, 'auth' | 'corsOrigins' | 'throttle' | 'logRetention'> {
  readonly modelId: string;
  readonly function: LikenessFunctionProps;
}

export class SearchApi extends Construct {
  readonly function: LikenessFunction;
  readonly api: HttpApi;
  readonly stage: HttpStage;
  /** Address of the API, without a slash at its end. */
  readonly url: string;

  constructor(scope: Construct, id: string, props: SearchApiProps) {
    super(scope, id);
    this.function = new LikenessFunction(this, 'Search', props.function);
    permit(this.function, PERMISSIONS.search, props, props.modelId);

    this.api = new HttpApi(this, 'Http', {
      description: 'Likeness: image similarity search',
      createDefaultStage: false,
      ...(props.corsOrigins?.length && {
        corsPreflight: {
          allowOrigins: [...props.corsOrigins],
          allowMethods: [CorsHttpMethod.GET, CorsHttpMethod.POST, CorsHttpMethod.DELETE],
          allowHeaders: [
            'authorization',
            'content-type',
            'x-amz-date',
            'x-amz-security-token',
            'x-amz-content-sha256',
          ],
          maxAge: Duration.hours(1),
        },
      }),
    });
    const authorizer = authorizerOf(props.auth ?? 'iam');
    for (const route of this.api.addRoutes({
      path: '/{path+}',
      // Not ANY: it would take the preflight requests, which carry no credentials, from API Gateway's own answer.
      methods: [HttpMethod.GET, HttpMethod.HEAD, HttpMethod.POST, HttpMethod.DELETE],
      integration: new HttpLambdaIntegration('SearchFunction', this.function),
      ...(authorizer && { authorizer }),
    })) {
      if (!authorizer) acknowledge(route, 'The owner asked for an open API by name.', 'AwsSolutions-APIG4');
    }

    this.stage = this.addStage(props);
    this.url = this.api.apiEndpoint;
  }

  private addStage({ throttle, logRetention }: SearchApiProps): HttpStage {
    const accessLog = new LogGroup(this, 'AccessLog', {
      retention: logRetention ?? RetentionDays.ONE_MONTH,
      removalPolicy: RemovalPolicy.DESTROY,
    });
    return new HttpStage(this, 'Stage', {
      httpApi: this.api,
      stageName: '$default',
      autoDeploy: true,
      throttle: { rateLimit: throttle?.rate ?? 50, burstLimit: throttle?.burst ?? 100 },
      accessLogSettings: {
        destination: new LogGroupLogDestination(accessLog),
        format: AccessLogFormat.custom(JSON.stringify(ACCESS_LOG)),
      },
    });
  }
}

/** One line of the access log: who asked for what, what came of it, and why not. */
const ACCESS_LOG = {
  time: '$context.requestTime',
  requestId: '$context.requestId',
  ip: '$context.identity.sourceIp',
  caller: '$context.identity.userArn',
  subject: '$context.authorizer.claims.sub',
  method: '$context.httpMethod',
  path: '$context.path',
  status: '$context.status',
  bytes: '$context.responseLength',
  latencyMs: '$context.responseLatency',
  functionMs: '$context.integrationLatency',
  error: '$context.error.message',
  functionError: '$context.integrationErrorMessage',
} as const;

function authorizerOf(auth: ApiAuth): IHttpRouteAuthorizer | undefined {
  if (auth === 'none') return undefined;
  if (auth === 'iam') return new HttpIamAuthorizer();
  return new HttpJwtAuthorizer('Jwt', auth.jwt.issuer, { jwtAudience: [...auth.jwt.audience] });
}
