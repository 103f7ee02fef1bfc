/** How far the last backfill in the cloud is, as Step Functions tells it. */

import {
  DescribeMapRunCommand,
  type ExecutionStatus,
  ListExecutionsCommand,
  ListMapRunsCommand,
  SFNClient,
} from '@aws-sdk/client-sfn';
import type { z } from '@hono/zod-openapi';
import type { Logger } from '../../vectorlog/logger.ts';
import type { Stats } from './schemas.ts';

export type LastBackfill = NonNullable<z.infer<typeof Stats>['backfill']>;

const STATES: Readonly<Record<ExecutionStatus, LastBackfill['state']>> = {
  RUNNING: 'running',
  PENDING_REDRIVE: 'running',
  SUCCEEDED: 'succeeded',
  FAILED: 'failed',
  TIMED_OUT: 'failed',
  ABORTED: 'stopped',
};

/** Nobody waits longer for figures that are good to have. */
const TIMEOUTS = { connectionTimeout: 1_000, requestTimeout: 2_000, throwOnRequestTimeout: true };

/**
 * Makes what looks at the last run of a state machine. It never rejects: `undefined` where there was no run yet, or
 * Step Functions cannot be asked.
 */
export function lastBackfill(
  stateMachineArn: string,
  logger: Logger,
  client = new SFNClient({ maxAttempts: 2, requestHandler: TIMEOUTS }),
): () => Promise<LastBackfill | undefined> {
  return async () => {
    try {
      const { executions = [] } = await client.send(
        new ListExecutionsCommand({ stateMachineArn, maxResults: 1 }),
      );
      const last = executions[0];
      if (!last) return undefined;
      const { mapRuns = [] } = await client.send(
        new ListMapRunsCommand({ executionArn: last.executionArn! }),
      );
      const mapRunArn = mapRuns[0]?.mapRunArn;
      const counts = mapRunArn
        ? (await client.send(new DescribeMapRunCommand({ mapRunArn }))).itemCounts
        : undefined;
      const { succeeded = 0, failed = 0, timedOut = 0, aborted = 0, total = 0 } = counts ?? {};
      return {
        state: STATES[last.status!],
        startedAt: last.startDate!.toISOString(),
        ...(last.stopDate && { endedAt: last.stopDate.toISOString() }),
        compared: succeeded,
        failed: failed + timedOut + aborted,
        listed: total,
      };
    } catch (error) {
      logger.warn('Step Functions did not tell how far the backfill is', { error });
      return undefined;
    }
  };
}
