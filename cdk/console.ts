/** The web console: a private bucket, read by CloudFront alone. */

import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { RemovalPolicy, Stack } from 'aws-cdk-lib';
import { Certificate } from 'aws-cdk-lib/aws-certificatemanager';
import {
  Distribution,
  HttpVersion,
  PriceClass,
  ResponseHeadersPolicy,
  ViewerProtocolPolicy,
} from 'aws-cdk-lib/aws-cloudfront';
import { S3BucketOrigin } from 'aws-cdk-lib/aws-cloudfront-origins';
import { BlockPublicAccess, Bucket, BucketEncryption, ObjectOwnership } from 'aws-cdk-lib/aws-s3';
import { BucketDeployment, Source } from 'aws-cdk-lib/aws-s3-deployment';
import { Construct } from 'constructs';
import type { ConsoleConfig, SignInConfig } from '../console/config.ts';
import { LikenessError } from '../vectorlog/errors.ts';
import { acknowledge, acknowledgeWildcards } from './acknowledgements.ts';
import { asInterface } from './buckets.ts';
import { ROOT } from './bundling/lock-file.ts';
import type { CallerAuth, CustomDomain, ImageSearchProps } from './image-search-props.ts';

/** The console was asked for where it cannot work. */
export class ConsoleImpossible extends LikenessError {
  readonly retryable = false;
}

/** Where `npm run build` puts the console. */
const BUILT_CONSOLE = join(ROOT, 'dist', 'console');

/** @throws ConsoleImpossible when callers must sign as AWS users, which no browser can. */
export function requireBrowserAuth({ auth = 'iam' }: Pick<ImageSearchProps, 'auth'>): void {
  if (auth !== 'iam') return;
  throw new ConsoleImpossible(
    "a browser cannot sign requests with AWS credentials: with console, set auth to { jwt: … }, to { users: [your address] }, or to 'none'",
  );
}

export class Console extends Construct {
  /** Address of the console, which is also the origin of its requests. */
  readonly url: string;
  private readonly bucket: Bucket;
  private readonly distribution: Distribution;

  /** What the DNS record of a domain of one's own must point to. */
  readonly domainTarget: string | undefined;

  constructor(scope: Construct, id: string, domain?: CustomDomain) {
    super(scope, id);
    this.bucket = new Bucket(this, 'Files', {
      blockPublicAccess: BlockPublicAccess.BLOCK_ALL,
      objectOwnership: ObjectOwnership.BUCKET_OWNER_ENFORCED,
      encryption: BucketEncryption.S3_MANAGED,
      enforceSSL: true,
      // Nothing in it that a deployment does not bring back.
      removalPolicy: RemovalPolicy.DESTROY,
      autoDeleteObjects: false,
    });
    this.distribution = new Distribution(this, 'Distribution', {
      comment: 'Likeness console',
      defaultRootObject: 'index.html',
      httpVersion: HttpVersion.HTTP2_AND_3,
      priceClass: PriceClass.PRICE_CLASS_100,
      ...(domain && {
        domainNames: [domain.name],
        certificate: Certificate.fromCertificateArn(this, 'Certificate', domain.certificateArn),
      }),
      defaultBehavior: {
        origin: S3BucketOrigin.withOriginAccessControl(asInterface(this.bucket)),
        viewerProtocolPolicy: ViewerProtocolPolicy.REDIRECT_TO_HTTPS,
        responseHeadersPolicy: ResponseHeadersPolicy.SECURITY_HEADERS,
      },
    });
    acknowledge(
      this,
      'It holds the public files of a web page. What people do there is in the access log of the API.',
      'AwsSolutions-S1',
      'AwsSolutions-CFR3',
    );
    acknowledge(
      this.distribution,
      'The address is that of CloudFront, whose certificate sets the least version of TLS. The page is for every country, and is static.',
      'AwsSolutions-CFR1',
      'AwsSolutions-CFR2',
      'AwsSolutions-CFR4',
    );
    this.url = `https://${domain?.name ?? this.distribution.distributionDomainName}`;
    this.domainTarget = domain && this.distribution.distributionDomainName;
  }

  /** Puts the files there, with `config.json` that tells the page where its API is. */
  publish(endpoint: string, auth: CallerAuth | undefined, signIn: SignInConfig | undefined): void {
    if (!existsSync(BUILT_CONSOLE)) {
      throw new ConsoleImpossible(
        'the console is not built: run "npm run setup" once, then synthesise again',
      );
    }
    new BucketDeployment(this, 'Publish', {
      destinationBucket: asInterface(this.bucket),
      sources: [
        Source.asset(BUILT_CONSOLE),
        Source.jsonData('config.json', {
          endpoint,
          auth: auth === 'none' ? 'none' : 'jwt',
          ...(signIn && { signIn }),
        } satisfies ConsoleConfig),
      ],
      distribution: this.distribution,
      prune: true,
      // Without this the bucket is not empty when the console goes, and cannot be deleted.
      retainOnDelete: false,
    });
    acknowledgePublisher(Stack.of(this));
  }
}

/** The CDK's own function that copies files into buckets; one a stack. */
const PUBLISHER = 'Custom::CDKBucketDeployment';

function acknowledgePublisher(stack: Stack): void {
  const reason =
    "A function of the CDK that runs only while the stack is deployed. It copies files from the CDK's bucket to the console's.";
  for (const child of stack.node.children.filter(({ node }) => node.id.startsWith(PUBLISHER))) {
    acknowledgeWildcards(child, [{ actions: /^(s3|cloudfront):/, resource: () => true, reason }]);
    acknowledge(
      child,
      reason,
      'AwsSolutions-IAM4[Policy::arn:<AWS::Partition>:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole]',
      'AwsSolutions-L1',
      'Serverless-LambdaDLQ',
      'Serverless-LambdaLatestVersion',
      'Serverless-LambdaTracing',
    );
  }
}
