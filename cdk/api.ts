/** The HTTP API: requests go to two functions, search and front, past an authorizer, a throttle and an access log. */

import { Duration, Names, RemovalPolicy } from 'aws-cdk-lib';
import { AccessLogFormat } from 'aws-cdk-lib/aws-apigateway';
import {
  ApiMapping,
  CorsHttpMethod,
  DomainName,
  HttpApi,
  HttpMethod,
  HttpStage,
  type IHttpRouteAuthorizer,
  LogGroupLogDestination,
} from 'aws-cdk-lib/aws-apigatewayv2';
import { HttpIamAuthorizer, HttpJwtAuthorizer } from 'aws-cdk-lib/aws-apigatewayv2-authorizers';
import { HttpLambdaIntegration } from 'aws-cdk-lib/aws-apigatewayv2-integrations';
import { Certificate } from 'aws-cdk-lib/aws-certificatemanager';
import { LogGroup, RetentionDays } from 'aws-cdk-lib/aws-logs';
import { Construct } from 'constructs';
import type { PictureFilter } from '../pictures/picture-names.ts';
import { acknowledge } from './acknowledgements.ts';
import type { CallerAuth, CustomDomain, ImageSearchProps } from './image-search-props.ts';
import { keepWarm } from './keep-warm.ts';
import { LikenessFunction, type LikenessFunctionProps } from './likeness-function.ts';
import { type Buckets, PERMISSIONS, permit, permitChanges } from './permissions.ts';

export interface SearchApiProps
  extends Buckets,
    Pick<ImageSearchProps, 'corsOrigins' | 'throttle' | 'keepWarm' | 'engine' | 'thumbnails'> {
  /** @default 'iam' */
  readonly auth: CallerAuth | undefined;
  readonly modelId: string;
  readonly filter: PictureFilter;
  readonly uploads: boolean;
  readonly deletes: boolean;
  readonly domain: CustomDomain | undefined;
  readonly function: LikenessFunctionProps;
  /** Of what answers the requests that need neither model nor index. */
  readonly front: LikenessFunctionProps;
}

export class SearchApi extends Construct {
  readonly function: LikenessFunction;
  readonly front: LikenessFunction;
  readonly api: HttpApi;
  readonly stage: HttpStage;
  /** Address of the API, without a slash at its end. */
  readonly url: string;
  /** What the DNS record of a domain of one's own must point to. */
  readonly domainTarget: string | undefined;

  constructor(scope: Construct, id: string, props: SearchApiProps) {
    super(scope, id);
    this.function = new LikenessFunction(this, 'Search', props.function);
    permit(this.function, PERMISSIONS.search, props, props.modelId);
    if (props.thumbnails ?? true) permit(this.function, PERMISSIONS.signThumbnails, props, props.modelId);
    this.front = new LikenessFunction(this, 'Front', props.front);
    permit(this.front, PERMISSIONS.front, props, props.modelId);
    permitChanges(this.front, props.images, { ...props, prefix: props.filter.prefix });
    if (props.keepWarm) keepWarm(this, this.function, props.keepWarm);

    this.api = new HttpApi(this, 'Http', {
      description: 'Likeness: image similarity search',
      createDefaultStage: false,
      ...(props.corsOrigins?.length && {
        corsPreflight: {
          allowOrigins: [...props.corsOrigins],
          allowMethods: [CorsHttpMethod.GET, CorsHttpMethod.POST, CorsHttpMethod.PUT, CorsHttpMethod.DELETE],
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
    this.addRoutes(props.auth ?? 'iam', props.engine === 's3-vectors');

    this.stage = this.addStage(props);
    this.url = props.domain ? `https://${props.domain.name}` : this.api.apiEndpoint;
    this.domainTarget = props.domain && this.addDomain(props.domain);
  }

  private addRoutes(auth: CallerAuth, isFar: boolean): void {
    const authorizer = authorizerOf(auth);
    const integrations = {
      search: new HttpLambdaIntegration('SearchFunction', this.function),
      front: new HttpLambdaIntegration('FrontFunction', this.front),
    };
    const scopes = typeof auth === 'object' ? auth.jwt.scopes : undefined;
    for (const { path, methods, may, by } of ROUTES) {
      // Keys past one function's memory are looked up in the far index.
      const integration = integrations[path === STATES && isFar ? 'search' : by];
      const wanted = scopes?.[may];
      const routes = this.api.addRoutes({
        path,
        methods: [...methods],
        integration,
        ...(authorizer && { authorizer }),
        ...(wanted && { authorizationScopes: [...wanted] }),
      });
      for (const route of authorizer ? [] : routes)
        acknowledge(route, 'The owner asked for an open API by name.', 'AwsSolutions-APIG4');
    }
  }

  /** @returns what the domain's DNS record must point to */
  private addDomain({ name, certificateArn }: CustomDomain): string {
    const domain = new DomainName(this, 'Domain', {
      domainName: name,
      certificate: Certificate.fromCertificateArn(this, 'Certificate', certificateArn),
    });
    new ApiMapping(this, 'Mapping', { api: this.api, domainName: domain, stage: this.stage });
    return domain.regionalDomainName;
  }

  private addStage({ throttle, function: { surroundings } }: SearchApiProps): HttpStage {
    const { logRetention, key } = surroundings;
    const accessLog = new LogGroup(this, 'AccessLog', {
      // Under this name CloudWatch needs no line for each log group in the account's one resource policy of 5,120 bytes.
      logGroupName: `/aws/vendedlogs/likeness/${Names.uniqueResourceName(this, { maxLength: 200, separator: '-' })}`,
      ...(key && { encryptionKey: key }),
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

interface RouteGroup {
  readonly path: string;
  readonly methods: readonly HttpMethod[];
  /** What a token must permit. */
  readonly may: 'read' | 'upload' | 'delete';
  readonly by: 'search' | 'front';
}

const STATES = '/v1/states';

/**
 * What is not named as reading or uploading asks for the strictest permission, and changes something, which front does.
 * Not ANY: it would take the preflight requests, which carry no credentials, from API Gateway's own answer.
 */
const ROUTES: readonly RouteGroup[] = [
  { path: '/{path+}', methods: [HttpMethod.GET, HttpMethod.HEAD], may: 'read', by: 'search' },
  { path: '/v1/search', methods: [HttpMethod.POST], may: 'read', by: 'search' },
  { path: '/v1/thumbnails', methods: [HttpMethod.POST], may: 'read', by: 'search' },
  { path: '/v1/health', methods: [HttpMethod.GET], may: 'read', by: 'front' },
  { path: '/v1/rejected', methods: [HttpMethod.GET], may: 'read', by: 'front' },
  { path: '/v1/trash', methods: [HttpMethod.GET], may: 'read', by: 'front' },
  { path: '/v1/duplicates/decisions', methods: [HttpMethod.GET], may: 'read', by: 'front' },
  { path: STATES, methods: [HttpMethod.POST], may: 'read', by: 'front' },
  { path: '/v1/uploads', methods: [HttpMethod.POST], may: 'upload', by: 'front' },
  {
    path: '/{path+}',
    methods: [HttpMethod.POST, HttpMethod.PUT, HttpMethod.DELETE],
    may: 'delete',
    by: 'front',
  },
];

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

function authorizerOf(auth: CallerAuth): IHttpRouteAuthorizer | undefined {
  if (auth === 'none') return undefined;
  if (auth === 'iam') return new HttpIamAuthorizer();
  return new HttpJwtAuthorizer('Jwt', auth.jwt.issuer, { jwtAudience: [...auth.jwt.audience] });
}
