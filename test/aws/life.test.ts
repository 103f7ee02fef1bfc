/** What `npm run test:aws` does to an account as a whole, over one that is scripted. */

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { type FakeAccount, startFakeAws } from '../scripts/deploy/fake-aws.ts';
import { deployed, destroyed, type Place, refusesForgottenBucket } from './life.ts';
import { StepFailed } from './steps.ts';

let account: FakeAccount;
let aws: Awaited<ReturnType<typeof startFakeAws>>;
let out: string;
/** Commands of the CDK that ran. */
let runs: (readonly string[])[];
/** Whether the templates say where the pictures are, as they do but for a fault of ours. */
let tells: boolean;

beforeEach(async () => {
  account = {
    buckets: { 'test-images': { keys: ['before/1.jpg'], versions: { 'before/1.jpg': ['1'] } } },
    keys: {},
    stacks: {},
    unreserved: 10,
  };
  aws = await startFakeAws(account);
  out = mkdtempSync(join(tmpdir(), 'likeness-life-'));
  [runs, tells] = [[], true];
});

afterEach(() => {
  aws.stop();
  rmSync(out, { recursive: true });
});

/** Stands for the CDK: its templates say what the flags say, and what it deploys is there. */
function cdk(...args: readonly string[]): boolean {
  runs.push(args);
  const file = join(out, 'Likeness.template.json');
  if (args[0] === 'synth') {
    const images = args.find((arg) => arg.startsWith('images='))?.slice('images='.length);
    const Value = images ?? (tells ? { Ref: 'Images' } : 'test-images');
    writeFileSync(file, JSON.stringify({ Outputs: { ImagesBucket: { Value } } }));
    return true;
  }
  const outputs = { ApiUrl: 'https://api.test', IndexBucket: 'test-index' };
  const template = { Outputs: { ImagesBucket: { Value: 'test-images' } } };
  account.buckets['test-index'] ??= { versions: { 'log/1': ['2'] } };
  account.stacks.Test = { ...account.stacks.Test, status: 'CREATE_COMPLETE', template, outputs };
  return true;
}

const place = (): Place => ({
  tools: { ...aws.clients, out, say: () => {}, cdk },
  name: 'Test',
  bucket: 'test-images',
});

test('it is deployed, refuses to forget its bucket, and goes with all that it made', async () => {
  expect(await deployed(place())).toBe('https://api.test');
  expect(account.stacks.Test).toMatchObject({ isProtected: true });
  const deployments = () => runs.filter(([command]) => command === 'deploy').length;
  expect(deployments()).toBe(1);

  expect(await refusesForgottenBucket(place())).toMatch(
    /^images would change from test-images to one that the stack makes/,
  );
  expect(deployments()).toBe(1);

  expect(await destroyed(place())).toBe('the stack, test-images, test-index');
  const takenDown = runs.filter(([command]) => command === 'synth').at(-1);
  expect(takenDown).toContain('serving=false');
  expect(account.stacks).toEqual({});
  expect(account.buckets).toEqual({});
});

test('a forgotten bucket that is not refused is a fault', async () => {
  await deployed(place());
  tells = false;
  await expect(refusesForgottenBucket(place())).rejects.toThrow(StepFailed);
});
