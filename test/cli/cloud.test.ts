/** The commands that start jobs in the cloud, and what the API says of the last one: the real SDK against a stand-in. */

import { SFNClient } from '@aws-sdk/client-sfn';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { run } from '../../cli/program.ts';
import { lastBackfill } from '../../functions/search/last-backfill.ts';
import { silentLogger } from '../../vectorlog/logger.ts';
import { fakeStepFunctions, STATE_MACHINE } from '../factories/step-functions.ts';

let aws: Awaited<ReturnType<typeof fakeStepFunctions>>;

beforeEach(async () => {
  aws = await fakeStepFunctions();
  vi.stubEnv('AWS_ENDPOINT_URL_SFN', aws.endpoint);
  vi.stubEnv('AWS_ACCESS_KEY_ID', 'test');
  vi.stubEnv('AWS_SECRET_ACCESS_KEY', 'test');
});
afterEach(() => {
  aws.stop();
  vi.unstubAllEnvs();
});

async function likeness(...args: string[]) {
  const out: string[] = [];
  const err: string[] = [];
  const terminal = { out: (line: string) => void out.push(line), err: (line: string) => void err.push(line) };
  const code = await run(args, { ...terminal, interactive: false });
  return { code, out: out.join('\n'), err: err.join('\n') };
}

test('backfill --cloud starts one run, and no second one beside it', async () => {
  const first = await likeness('backfill', '--cloud', STATE_MACHINE, '--prefix', 'album/');
  expect(first.code).toBe(0);
  expect(first.out).toContain('likeness status');
  expect(aws.runs[0]!.input).toEqual({ job: 'backfill', prefix: 'album/' });
  const second = await likeness('backfill', '--cloud', STATE_MACHINE);
  expect([second.code, second.err]).toEqual([1, expect.stringContaining('under way')]);
  expect(aws.runs).toHaveLength(1);
});

test('a run that failed is redriven, one that did not is not', async () => {
  await likeness('backfill', '--cloud', STATE_MACHINE);
  expect((await likeness('backfill', '--cloud', STATE_MACHINE, '--redrive')).code).toBe(1);
  aws.runs[0]!.status = 'FAILED';
  expect((await likeness('backfill', '--cloud', STATE_MACHINE, '--redrive')).code).toBe(0);
  expect(aws.redriven).toEqual([aws.runs[0]!.executionArn]);
});

test('rebuild --cloud wants --yes, for it empties the index', async () => {
  expect((await likeness('rebuild', '--cloud', STATE_MACHINE)).code).toBe(2);
  expect(aws.runs).toEqual([]);
  expect((await likeness('rebuild', '--cloud', STATE_MACHINE, '--yes')).code).toBe(0);
  expect(aws.runs[0]!.input).toEqual({ job: 'rebuild' });
});

test('verify --cloud waits for the report and shows it', async () => {
  const running = likeness('verify', '--cloud', STATE_MACHINE);
  await vi.waitFor(() => expect(aws.runs).toHaveLength(1));
  const counts = { appends: 1, compared: 5, generation: 3, rows: 5, live: 5 };
  Object.assign(aws.runs[0]!, {
    status: 'SUCCEEDED',
    output: { ok: true, problems: [], counts: {}, ...counts },
  });
  const { code, out } = await running;
  expect([code, out]).toEqual([0, expect.stringContaining('Sound: generation 3')]);
}, 20_000);

test('what is no state machine, and choices that are the stack’s, are refused', async () => {
  expect((await likeness('backfill', '--cloud', 'Backfill')).code).toBe(2);
  expect((await likeness('backfill', '--cloud', STATE_MACHINE, '--endings', '.jpg')).code).toBe(2);
});

test('the API says how far the last run is, and nothing where there is none or nobody answers', async () => {
  const client = new SFNClient({ region: 'us-east-1', endpoint: aws.endpoint, maxAttempts: 1 });
  const look = lastBackfill(STATE_MACHINE, silentLogger, client);
  expect(await look()).toBeUndefined();
  await likeness('backfill', '--cloud', STATE_MACHINE);
  expect(await look()).toMatchObject({ state: 'running', compared: 0, listed: 0 });
  Object.assign(aws.runs[0]!, {
    status: 'FAILED',
    counts: {
      pending: 0,
      running: 0,
      succeeded: 9_000,
      failed: 400,
      timedOut: 0,
      aborted: 100,
      total: 9_500,
    },
  });
  expect(await look()).toMatchObject({ state: 'failed', compared: 9_000, failed: 500, listed: 9_500 });
  aws.goAway();
  expect(await look()).toBeUndefined();
});
