/** What AWS charges, in US dollars, in US East (N. Virginia), each with where that stands and of when the page is. */

export interface Price {
  readonly usd: number;
  readonly per: string;
  readonly source: string;
  /** When the page was written or last brought up to date. */
  readonly date: string;
}

const price = (usd: number, per: string, source: string, date: string): Price => ({ usd, per, source, date });

const LAMBDA = 'https://cloudchipr.com/blog/aws-lambda-pricing';
const S3_REQUESTS =
  'https://devnotes.tech/understanding-aws-s3-pricing-a-complete-cost-breakdown-with-examples';
const SQS = 'https://cloudburn.io/blog/amazon-sqs-pricing';
const CLOUDWATCH = 'https://signoz.io/guides/cloudwatch-pricing';
const CLOUDWATCH_ALL =
  'https://www.factualminds.com/blog/amazon-cloudwatch-pricing-metrics-logs-alarms-dashboards/';
const S3_VECTORS = 'https://www.exploreagentic.ai/insights/s3-vectors-enterprise-rag/';
const S3_VECTORS_QUERIES =
  'https://aws.amazon.com/s3/pricing/ (S3 Vectors), as copied in public repositories';

export const PRICES = {
  lambdaSecond: price(0.0000166667, 'GB-second, x86', LAMBDA, '2024'),
  lambdaSecondArm: price(0.0000133334, 'GB-second, arm64', LAMBDA, '2024'),
  lambdaRequest: price(
    0.2e-6,
    'request',
    'https://docs.aws.amazon.com/whitepapers/latest/how-aws-pricing-works/lambda.html',
    'undated',
  ),
  httpApiRequest: price(
    1e-6,
    'request of up to 512 KB',
    'https://appropri8-astro.pages.dev/tutorials/2025/12/02/deploying-simple-api-aws/page/7',
    '2025-12',
  ),
  s3Storage: price(0.023, 'GB-month, Standard', S3_REQUESTS, 'undated; the same in 2026-06'),
  s3Write: price(0.005e-3, 'PUT, COPY, POST or LIST', S3_REQUESTS, 'undated'),
  s3Read: price(0.0004e-3, 'GET', S3_REQUESTS, 'undated'),
  transferOut: price(
    0.09,
    'GB to the internet',
    'https://finopsforge.com/reduce-aws-data-transfer-costs',
    'undated',
  ),
  sqsRequest: price(0.4e-6, 'request', SQS, '2026-03'),
  schedulerRun: price(1e-6, 'run', 'https://cloudburn.io/blog/amazon-eventbridge-pricing', '2026-03'),
  alarm: price(0.1, 'alarm metric and month', CLOUDWATCH_ALL, '2026-06'),
  metric: price(0.3, 'custom metric and month', CLOUDWATCH, '2026-02'),
  dashboard: price(3, 'dashboard and month', CLOUDWATCH_ALL, '2026-06'),
  logs: price(0.5, 'GB of logs', CLOUDWATCH_ALL, '2026-06'),
  trace: price(5e-6, 'trace', 'https://aws.amazon.com/xray/pricing/', 'undated'),
  key: price(1, 'key of your own and month', 'https://aws.amazon.com/kms/pricing/', 'undated'),
  interfaceEndpointHour: price(
    0.01,
    'hour of an interface endpoint',
    'https://finopsforge.com/reduce-aws-data-transfer-costs',
    'undated',
  ),
  vectorsStorage: price(0.06, 'GB-month', S3_VECTORS, '2026'),
  vectorsWrite: price(0.2, 'GB written', S3_VECTORS, '2026'),
  vectorsQuery: price(2.5e-6, 'query', S3_VECTORS_QUERIES, '2026-06'),
  vectorsFirst: price(0.004, 'TB looked at, in the first 100,000 vectors', S3_VECTORS_QUERIES, '2026-06'),
  vectorsMore: price(0.002, 'TB looked at, beyond them', S3_VECTORS_QUERIES, '2026-06'),
  stateTransition: price(25e-6, 'step', 'https://aws.amazon.com/step-functions/pricing/', 'undated'),
  ocuHour: price(0.24, 'OCU-hour', 'https://awsnegotiations.com/opensearch-serverless-cost', '2026-02'),
  instanceHour: price(
    0.0816,
    'hour of m7g.large (2 vCPU, 8 GiB)',
    'https://www.factualminds.com/blog/amazon-ec2-on-demand-pricing-instance-families-2026/',
    '2026-06',
  ),
} as const;

/** What AWS gives each account every month without end, where it uses nothing else. */
export const ALLOWANCES: Partial<Readonly<Record<keyof typeof PRICES, number>>> = {
  lambdaRequest: 1_000_000,
  // x64 and arm64 share it; Likeness uses one of them.
  lambdaSecond: 400_000,
  lambdaSecondArm: 400_000,
  sqsRequest: 1_000_000,
  schedulerRun: 14_000_000,
  stateTransition: 4_000,
  alarm: 10,
  metric: 10,
  dashboard: 3,
  logs: 5,
  trace: 100_000,
  transferOut: 100,
};
