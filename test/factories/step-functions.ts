/** A stand-in for Step Functions over HTTP, as far as it is asked: one state machine and its runs. */

import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

export const STATE_MACHINE = 'arn:aws:states:us-east-1:111122223333:stateMachine:Backfill';

export interface FakeRun {
  readonly executionArn: string;
  readonly input: unknown;
  status: string;
  output?: unknown;
  counts?: Readonly<Record<string, number>>;
}

export async function fakeStepFunctions() {
  /** The last one first. */
  const runs: FakeRun[] = [];
  const redriven: string[] = [];
  let isAway = false;
  const at = 1_780_000_000;
  const answers: Record<string, (input: Record<string, string>) => unknown> = {
    StartExecution: ({ input }) => {
      const executionArn = `${STATE_MACHINE.replace('stateMachine', 'execution')}:run-${runs.length}`;
      runs.unshift({ executionArn, input: JSON.parse(input!), status: 'RUNNING' });
      return { executionArn, startDate: at };
    },
    ListExecutions: () => ({
      executions: runs
        .slice(0, 1)
        .map(({ executionArn, status }) => ({ executionArn, status, startDate: at, name: 'run' })),
    }),
    RedriveExecution: ({ executionArn }) => {
      redriven.push(executionArn!);
      return { redriveDate: at };
    },
    DescribeExecution: ({ executionArn }) => {
      const { status, output } = runs.find((run) => run.executionArn === executionArn)!;
      return {
        executionArn,
        status,
        startDate: at,
        ...(output !== undefined && { output: JSON.stringify(output) }),
      };
    },
    ListMapRuns: ({ executionArn }) => ({
      mapRuns: runs[0]?.counts ? [{ executionArn, mapRunArn: `${executionArn}:map`, startDate: at }] : [],
    }),
    DescribeMapRun: () => ({ itemCounts: runs[0]!.counts }),
  };
  const server = createServer(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const operation = String(request.headers['x-amz-target']).split('.')[1]!;
    response.statusCode = isAway ? 400 : 200;
    response.setHeader('content-type', 'application/x-amz-json-1.0');
    if (isAway) return void response.end(JSON.stringify({ __type: 'AccessDeniedException', message: 'no' }));
    response.end(JSON.stringify(answers[operation]!(JSON.parse(Buffer.concat(chunks).toString()))));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    runs,
    redriven,
    goAway: () => {
      isAway = true;
    },
    endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    stop: () => {
      server.closeAllConnections();
      server.close();
    },
  };
}
