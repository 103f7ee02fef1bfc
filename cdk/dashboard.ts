/** The dashboard: searches, index, uploads, and how the functions are. */

import { Duration } from 'aws-cdk-lib';
import { Dashboard, GraphWidget, type IMetric, type IWidget } from 'aws-cdk-lib/aws-cloudwatch';
import type { Construct } from 'constructs';
import { FIVE_MINUTES, type Observed, observedMetrics } from './metrics.ts';

export const createDashboard = (scope: Construct, id: string, observed: Observed): Dashboard =>
  new Dashboard(scope, id, { defaultInterval: Duration.hours(6), widgets: rows(observed) });

function rows(observed: Observed): IWidget[][] {
  const { ingestion, compaction, search } = observed;
  const functions = [ingestion.function, compaction.function, search.function, search.front];
  const metrics = observedMetrics(observed);
  const graph = (title: string, left: IMetric[], right: IMetric[] = []) =>
    new GraphWidget({ title, left, right, width: 8 });
  return [
    [
      graph(
        'Searches',
        [search.api.metricCount({ label: 'requests' })],
        [search.api.metricLatency({ statistic: 'p50' }), search.api.metricLatency({ statistic: 'p99' })],
      ),
      graph('API errors', [
        search.api.metricClientError({ label: '4xx' }),
        search.api.metricServerError({ period: FIVE_MINUTES, statistic: 'Sum' }),
      ]),
      graph('Index', [metrics.pictures], [metrics.lag]),
    ],
    [
      graph('Uploads', [metrics.embedded, metrics.rejected]),
      ...(metrics.oldestEvent ? [graph('Oldest event', [metrics.oldestEvent])] : []),
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
