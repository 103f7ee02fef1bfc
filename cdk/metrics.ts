/** What the alarms ask and the dashboard shows: figures that AWS keeps, and figures that the functions count. */

import { Duration } from 'aws-cdk-lib';
import { type IMetric, MathExpression, Metric } from 'aws-cdk-lib/aws-cloudwatch';
import { METRICS } from '../functions/metric-names.ts';
import type { SearchApi } from './api.ts';
import type { Compaction } from './compaction.ts';
import type { Ingestion } from './ingestion.ts';
import { type LikenessFunction, metricsNamespace } from './likeness-function.ts';

/** What is looked at. */
export interface Observed {
  readonly system: string;
  readonly ingestion: Ingestion;
  readonly compaction: Compaction;
  readonly search: SearchApi;
}

export const FIVE_MINUTES = Duration.minutes(5);

export interface ObservedMetrics {
  readonly deadLetters: IMetric;
  /** Absent where there is no queue. */
  readonly oldestEvent: IMetric | undefined;
  /** Seconds that appends wait, as compact measured it when it did something. */
  readonly lag: IMetric;
  /** Runs of the API's functions that ended without an answer. */
  readonly apiErrors: IMetric;
  readonly pictures: IMetric;
  readonly embedded: IMetric;
  readonly rejected: IMetric;
}

export function observedMetrics({ system, ingestion, search }: Observed): ObservedMetrics {
  const maximum = { period: FIVE_MINUTES, statistic: 'Maximum' };
  const errors = (fn: LikenessFunction) => fn.metricErrors({ period: FIVE_MINUTES });
  const counted = (service: string, metricName: string, statistic: string) =>
    new Metric({
      namespace: metricsNamespace(system),
      metricName,
      dimensionsMap: { service },
      statistic,
      period: FIVE_MINUTES,
    });
  return {
    deadLetters: ingestion.deadLetters.metricApproximateNumberOfMessagesVisible(maximum),
    oldestEvent: ingestion.queue?.metricApproximateAgeOfOldestMessage(maximum),
    lag: counted('Compact', METRICS.compactionLag, 'Maximum'),
    apiErrors: new MathExpression({
      expression: 'search + front',
      usingMetrics: { search: errors(search.function), front: errors(search.front) },
      period: FIVE_MINUTES,
    }),
    pictures: counted('Compact', METRICS.pictures, 'Maximum'),
    embedded: counted('OnUpload', METRICS.embedded, 'Sum'),
    rejected: counted('OnUpload', METRICS.rejected, 'Sum'),
  };
}
