/** The dashboard and the alarms; docs/operations.md says what each alarm means and what to do. */

import { Duration } from 'aws-cdk-lib';
import {
  Alarm,
  type AlarmProps,
  ComparisonOperator,
  Dashboard,
  GraphWidget,
  type IMetric,
  type IWidget,
  MathExpression,
  Metric,
  TreatMissingData,
} from 'aws-cdk-lib/aws-cloudwatch';
import { SnsAction } from 'aws-cdk-lib/aws-cloudwatch-actions';
import type { ITopic } from 'aws-cdk-lib/aws-sns';
import { Construct } from 'constructs';
import { METRICS, METRICS_NAMESPACE } from '../functions/metric-names.ts';
import type { SearchApi } from './api.ts';
import type { Compaction } from './compaction.ts';
import type { Ingestion } from './ingestion.ts';
import type { LikenessFunction } from './likeness-function.ts';

export interface MonitoringProps {
  readonly ingestion: Ingestion;
  readonly compaction: Compaction;
  readonly search: SearchApi;
  readonly alarmTopic: ITopic | undefined;
}

/** What an alarm asks: is the metric above the threshold? */
interface Question {
  readonly metric: IMetric;
  readonly threshold: number;
  readonly description: string;
  /** Periods in a row; 1 unless a single one may be chance. */
  readonly periods?: number;
}

const FIVE_MINUTES = Duration.minutes(5);
/** Share of its timeout that the slowest hundredth of a function's runs may take. */
const TIMEOUT_SHARE = 0.8;

export class Monitoring extends Construct {
  readonly dashboard: Dashboard;
  readonly alarms: Alarm[] = [];
  private readonly topic: ITopic | undefined;

  constructor(scope: Construct, id: string, { ingestion, compaction, search, alarmTopic }: MonitoringProps) {
    super(scope, id);
    this.topic = alarmTopic;
    this.watchFunction('OnUpload', ingestion.function);
    this.watchFunction('Compact', compaction.function);
    this.watchFunction('Search', search.function);

    const deadLetters = ingestion.deadLetters.metricApproximateNumberOfMessagesVisible({
      period: FIVE_MINUTES,
      statistic: 'Maximum',
    });
    const oldestEvent = ingestion.queue.metricApproximateAgeOfOldestMessage({
      period: FIVE_MINUTES,
      statistic: 'Maximum',
    });
    const lag = compactionLag(compaction);
    const serverErrors = search.api.metricServerError({ period: FIVE_MINUTES, statistic: 'Sum' });
    this.alarm('DeadLetters', {
      metric: deadLetters,
      threshold: 0,
      description: 'Uploads that five tries could not index wait in the dead-letter queue.',
    });
    this.alarm('OldestEvent', {
      metric: oldestEvent,
      threshold: Duration.minutes(15).toSeconds(),
      description: 'Uploads arrive faster than they are indexed, or on-upload fails.',
    });
    this.alarm('CompactionLag', {
      metric: lag,
      threshold: Duration.minutes(15).toSeconds(),
      description: 'Appends wait for compaction: searches read a long tail and get slower.',
    });
    this.alarm('ServerErrors', {
      metric: serverErrors,
      threshold: 0,
      periods: 2,
      description: 'The API answers some requests with a 5xx.',
    });

    this.dashboard = new Dashboard(this, 'Dashboard', {
      defaultInterval: Duration.hours(6),
      widgets: dashboardRows(
        { ingestion, compaction, search },
        { deadLetters, oldestEvent, lag, serverErrors },
      ),
    });
  }

  private watchFunction(name: string, fn: LikenessFunction): void {
    const timeoutMs = fn.timeout!.toMilliseconds();
    this.alarm(`${name}Errors`, {
      metric: fn.metricErrors({ period: FIVE_MINUTES }),
      threshold: 0,
      description: `${name} failed: its log says why.`,
    });
    this.alarm(`${name}Throttles`, {
      metric: fn.metricThrottles({ period: FIVE_MINUTES }),
      threshold: 0,
      periods: 2,
      description: `${name} was held back: the account runs as many functions at once as it may.`,
    });
    this.alarm(`${name}Duration`, {
      metric: fn.metricDuration({ period: FIVE_MINUTES, statistic: 'p99' }),
      threshold: TIMEOUT_SHARE * timeoutMs,
      description: `The slowest runs of ${name} come near its timeout of ${timeoutMs / 1000} s.`,
    });
  }

  private alarm(id: string, { metric, threshold, description, periods = 1 }: Question): void {
    const alarm = new Alarm(this, id, {
      metric,
      threshold,
      alarmDescription: `Likeness: ${description} See "${id}" in docs/operations.md.`,
      comparisonOperator: ComparisonOperator.GREATER_THAN_THRESHOLD,
      evaluationPeriods: periods,
      treatMissingData: TreatMissingData.NOT_BREACHING,
    } satisfies AlarmProps);
    if (this.topic) alarm.addAlarmAction(new SnsAction(this.topic));
    this.alarms.push(alarm);
  }
}

/**
 * Seconds that appends wait: as compact measured it when it ran, or, when it does not run at all, as long as the
 * message waits that would wake it.
 */
function compactionLag(compaction: Compaction): MathExpression {
  return new MathExpression({
    label: 'Compaction lag',
    expression: 'MAX([FILL(measured, 0), FILL(unwoken, 0)])',
    period: FIVE_MINUTES,
    usingMetrics: {
      measured: metricOf('Compact', METRICS.compactionLag, 'Maximum'),
      unwoken: compaction.appends.metricApproximateAgeOfOldestMessage({
        period: FIVE_MINUTES,
        statistic: 'Maximum',
      }),
    },
  });
}

/** A metric that a function counts itself. */
function metricOf(service: string, metricName: string, statistic: string): Metric {
  return new Metric({
    namespace: METRICS_NAMESPACE,
    metricName,
    dimensionsMap: { service },
    statistic,
    period: FIVE_MINUTES,
  });
}

function dashboardRows(
  { ingestion, compaction, search }: Pick<MonitoringProps, 'ingestion' | 'compaction' | 'search'>,
  metrics: Record<'deadLetters' | 'oldestEvent' | 'lag' | 'serverErrors', IMetric>,
): IWidget[][] {
  const functions = [ingestion.function, compaction.function, search.function];
  const graph = (title: string, left: IMetric[], right: IMetric[] = []) =>
    new GraphWidget({ title, left, right, width: 8 });
  return [
    [
      graph(
        'Searches',
        [search.api.metricCount({ label: 'requests' })],
        [search.api.metricLatency({ statistic: 'p50' }), search.api.metricLatency({ statistic: 'p99' })],
      ),
      graph('API errors', [search.api.metricClientError({ label: '4xx' }), metrics.serverErrors]),
      graph('Index', [metricOf('Compact', METRICS.pictures, 'Maximum')], [metrics.lag]),
    ],
    [
      graph('Uploads', [
        metricOf('OnUpload', METRICS.embedded, 'Sum'),
        metricOf('OnUpload', METRICS.rejected, 'Sum'),
      ]),
      graph('Oldest event', [metrics.oldestEvent]),
      graph('Dead letters', [metrics.deadLetters]),
    ],
    [
      graph(
        'Errors',
        functions.map((fn) => fn.metricErrors({ label: fn.node.id })),
      ),
      graph(
        'Duration, p99',
        functions.map((fn) => fn.metricDuration({ statistic: 'p99', label: fn.node.id })),
      ),
      graph(
        'Throttles',
        functions.map((fn) => fn.metricThrottles({ label: fn.node.id })),
      ),
    ],
  ];
}
