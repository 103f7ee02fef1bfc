/** Logs, metrics and traces of the functions, by AWS Powertools. */

import { Logger as PowertoolsLogger } from '@aws-lambda-powertools/logger';
import { Metrics, MetricUnit } from '@aws-lambda-powertools/metrics';
import { Tracer } from '@aws-lambda-powertools/tracer';
import type { Context } from 'aws-lambda';
import type { Logger } from '../vectorlog/logger.ts';
import type { METRICS } from './metric-names.ts';

const powertools = new PowertoolsLogger();

const metrics = new Metrics();
const tracer = new Tracer();

/** One JSON object a line, with the request's id. */
export const logger: Logger = {
  info: (message, fields) => powertools.info(message, { ...fields }),
  warn: (message, fields) => powertools.warn(message, { ...fields }),
  error: (message, fields) => powertools.error(message, { ...fields }),
};

type Metric = (typeof METRICS)[keyof typeof METRICS];

/** Adds to a count of this run. */
export const count = (metric: Metric, value: number): void => {
  metrics.addMetric(metric, MetricUnit.Count, value);
};

/** Notes a time of this run, in seconds. */
export const seconds = (metric: Metric, value: number): void => {
  metrics.addMetric(metric, MetricUnit.Seconds, value);
};

/** Has every call of an AWS client appear in the trace. */
export const traced = tracer.captureAWSv3Client.bind(tracer);

/**
 * Wraps a handler: the request's id is in its log lines, its metrics are written when it ends, an error is in the log
 * and in the trace before Lambda sees it.
 *
 * @example
 * export const handler = observed(createOnUpload(deps));
 */
export function observed<Event, Result>(
  handler: (event: Event, context: Context) => Promise<Result>,
): (event: Event, context: Context) => Promise<Result> {
  return async (event, context) => {
    powertools.addContext(context);
    const end = openSubsegment();
    try {
      return await handler(event, context);
    } catch (error) {
      logger.error('the run failed', { error });
      if (tracer.isTracingEnabled()) tracer.addErrorAsMetadata(error as Error);
      throw error;
    } finally {
      end();
      if (metrics.hasStoredMetrics()) metrics.publishStoredMetrics();
      powertools.resetKeys();
    }
  };
}

/** Lambda's own segment is closed to us; what we add to a trace goes into one below it. */
function openSubsegment(): () => void {
  const parent = tracer.getSegment();
  if (!tracer.isTracingEnabled() || !parent) return () => {};
  const own = parent.addNewSubsegment(`## ${process.env._HANDLER}`);
  tracer.setSegment(own);
  return () => {
    own.close();
    tracer.setSegment(parent);
  };
}
