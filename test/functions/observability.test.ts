/** What a run of a function leaves in its log: lines with the request's id, metrics once, and its error. */

import type { Context } from 'aws-lambda';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';

const context = {
  functionName: 'search',
  functionVersion: '1',
  memoryLimitInMB: '128',
  invokedFunctionArn: 'arn:aws:lambda:eu-central-1:111122223333:function:search',
  awsRequestId: 'the-request',
} as Context;

let lines: string[] = [];

/** Powertools reads its settings, and takes the console, when it is loaded. */
async function loaded() {
  vi.resetModules();
  const write = (chunk: unknown) => lines.push(...String(chunk).trim().split('\n')) > 0;
  vi.spyOn(process.stdout, 'write').mockImplementation(write);
  vi.spyOn(process.stderr, 'write').mockImplementation(write);
  for (const method of ['log', 'info', 'warn', 'error'] as const)
    vi.spyOn(console, method).mockImplementation((line) => void write(line));
  return import('../../functions/observability.ts');
}

const logged = () => lines.map((line) => JSON.parse(line) as Record<string, unknown>);

beforeEach(() => {
  lines = [];
  vi.stubEnv('POWERTOOLS_SERVICE_NAME', 'likeness');
  vi.stubEnv('POWERTOOLS_METRICS_NAMESPACE', 'Likeness');
  vi.stubEnv('POWERTOOLS_TRACE_ENABLED', 'false');
});
afterEach(() => {
  vi.restoreAllMocks();
  vi.unstubAllEnvs();
});

test('the request is in every line, and the metrics of a run are written once, when it ends', async () => {
  const { observed, logger, count, seconds } = await loaded();
  const { METRICS } = await import('../../functions/metric-names.ts');
  const [counted, timed] = Object.values(METRICS);
  const handle = observed(async (event: number) => {
    logger.info('working', { event });
    count(counted!, 2);
    count(counted!, 3);
    seconds(timed!, 0.5);
    return event + 1;
  });

  expect(await handle(1, context)).toBe(2);

  const [line, metrics, ...others] = logged();
  expect(line).toMatchObject({ message: 'working', event: 1, function_request_id: 'the-request' });
  expect(metrics).toMatchObject({ [counted!]: [2, 3], [timed!]: 0.5 });
  expect(others).toEqual([]);
});

test('a run without metrics writes none', async () => {
  const { observed } = await loaded();
  await observed(async () => 'done')({}, context);
  expect(lines).toEqual([]);
});

test('an error is in the log before Lambda sees it, and the metrics of the run are written all the same', async () => {
  const { observed, count } = await loaded();
  const { METRICS } = await import('../../functions/metric-names.ts');
  const [counted] = Object.values(METRICS);
  const handle = observed(async () => {
    count(counted!, 1);
    throw new Error('broken');
  });

  await expect(handle({}, context)).rejects.toThrow('broken');

  const [line, metrics] = logged();
  expect(line).toMatchObject({ level: 'ERROR', message: 'the run failed', error: { message: 'broken' } });
  expect(metrics).toMatchObject({ [counted!]: 1 });
});
