/** `npm run deploy` and `npm run destroy` against a scripted account, through the real clients of AWS. */

import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { runCdk } from '../../../scripts/cdk-cli.ts';
import { deploy, takeDown } from '../../../scripts/deploy/deploy.ts';
import { DeploymentFailed, DeploymentRefused } from '../../../scripts/deploy/errors.ts';
import { type FakeAccount, startFakeAws } from './fake-aws.ts';

const PHOTOS = { 'my-photos': { keys: ['a.jpg', 'b/c.PNG', 'b/', 'notes.pdf'] } };

let account: FakeAccount;
let aws: Awaited<ReturnType<typeof startFakeAws>>;
let folder: string;
/** What the CDK was asked for. */
let runs: string[][];
let said: string[];
/** What `cdk synth` writes, and whether `cdk deploy` succeeds. */
let next: Record<string, unknown>;
let succeeds: boolean;

const template = (values: Record<string, unknown>) => ({
  Outputs: Object.fromEntries(Object.entries(values).map(([name, Value]) => [name, { Value }])),
});

beforeEach(async () => {
  account = { buckets: { ...PHOTOS }, keys: {}, stacks: {}, unreserved: 10 };
  aws = await startFakeAws(account);
  folder = mkdtempSync(join(tmpdir(), 'likeness-deploy-'));
  [runs, said, succeeds] = [[], [], true];
  next = { ImagesBucket: 'my-photos', IndexBucket: { Ref: 'Index' }, Model: 'a', Models: 'a', Auth: 'iam' };
});

afterEach(() => {
  aws.stop();
  rmSync(folder, { recursive: true });
});

const tools = () => ({
  ...aws.clients,
  out: folder,
  say: (sentence: string) => void said.push(sentence),
  cdk: (...args: readonly string[]) => {
    runs.push([...args]);
    if (args[0] === 'synth') {
      mkdirSync(folder, { recursive: true });
      writeFileSync(join(folder, 'Likeness.template.json'), JSON.stringify(template(next)));
    } else if (succeeds) {
      const outputs = { Backfill: 'npx likeness-search backfill --images-bucket my-photos' };
      account.stacks.Likeness = { status: 'CREATE_COMPLETE', template: template(next), outputs };
    } else if (!account.stacks.Likeness)
      account.stacks.Likeness = { status: 'ROLLBACK_COMPLETE', template: template(next) };
    return args[0] === 'synth' || succeeds;
  },
});

const deployed = (...args: string[]) => deploy(['-c', 'images=my-photos', ...args], tools());

test('a first deployment protects the stack, counts the pictures and prints the line that has them indexed', async () => {
  await deployed('--profile', 'me');

  expect(runs.map(([command]) => command)).toEqual(['synth', 'deploy']);
  expect(runs[0]).toEqual(expect.arrayContaining(['images=my-photos', 'oneCompaction=false']));
  expect(runs[1]).toEqual(['deploy', '--app', folder, '--profile', 'me']);
  expect(account.stacks.Likeness!.isProtected).toBe(true);
  expect(said.join('\n')).toContain('The bucket my-photos has 2 pictures already');
  expect(said.at(-1)).toContain('npx likeness-search backfill --images-bucket my-photos');
});

test('a later one says nothing of pictures that were there before', async () => {
  await deployed();
  said = [];
  await deployed();
  expect(said).toEqual([]);
});

test.each([
  [
    'another bucket',
    'images',
    { ImagesBucket: 'more-photos' },
    ['-c', 'images=more-photos'],
    'more-photos has 1 picture already',
  ],
  ['another model', 'model', { Model: 'b', Models: 'b' }, [], 'my-photos has 2 pictures'],
  ['a model that joins', 'nothing', { Models: 'a b' }, [], 'my-photos has 2 pictures'],
])(
  '%s has pictures that no event tells of either, and is said to have them',
  async (_, what, other, args, sentence) => {
    account.buckets['more-photos'] = { keys: ['one.jpg'] };
    await deployed();
    said = [];
    next = { ...next, ...other };
    await deployed(`--yes-change=${what}`, ...args);
    expect(said.join('\n')).toContain(sentence);
    expect(said.at(-1)).toContain('npx likeness-search backfill');
    said = [];
    await deployed(...args);
    expect(said).toEqual([]);
  },
);

test('drift is refused before anything is deployed, and goes through when it is meant', async () => {
  await deployed();
  runs = [];
  next = { ...next, ImagesBucket: { Ref: 'Images2D38C313' }, Auth: 'none' };

  const forgotten = deploy([], tools());

  await expect(forgotten).rejects.toThrow(DeploymentRefused);
  await expect(forgotten).rejects.toThrow(/images would change from my-photos to one that the stack makes/);
  await expect(forgotten).rejects.toThrow(/--yes-change=images,auth/);
  await expect(deploy(['--yes-change=images'], tools()), 'half a consent').rejects.toThrow(
    /auth would change/,
  );
  expect(runs.map(([command]) => command)).not.toContain('deploy');
  await deploy(['--yes-change=images,auth'], tools());
  expect(runs.at(-1)![0]).toBe('deploy');
});

test('a first deployment that failed is repeated, with other settings too, and was not protected', async () => {
  succeeds = false;
  await expect(deployed()).rejects.toThrow(DeploymentFailed);
  expect(account.stacks.Likeness).toMatchObject({ status: 'ROLLBACK_COMPLETE' });
  expect(account.stacks.Likeness!.isProtected).toBeUndefined();

  succeeds = true;
  next = { ...next, Auth: 'none', Model: 'b', Models: 'b' };
  await deployed('-c', 'auth=none');
  expect(account.stacks.Likeness).toMatchObject({ status: 'CREATE_COMPLETE', isProtected: true });
  expect(said.join('\n')).toContain('2 pictures already');
});

test('an execution is set aside for compaction where the account has enough, and where that is said', async () => {
  account.unreserved = 1_000;
  await deployed();
  await deployed('-c', 'oneCompaction=false');
  account.unreserved = 10;
  await deployed('-c', 'oneCompaction=true');
  const asked = runs.filter(([command]) => command === 'synth').map((args) => args.at(-1));
  expect(asked).toEqual(['oneCompaction=true', 'oneCompaction=false', 'oneCompaction=true']);
});

const ROOT = { Effect: 'Allow', Principal: { AWS: 'arn:aws:iam::123456789012:root' }, Action: 'kms:*' };
const ELSEWHERE = { ...ROOT, Principal: { AWS: 'arn:aws:iam::999999999999:root' } };
const USED = {
  Effect: 'Allow',
  Principal: { Service: ['logs.eu-central-1.amazonaws.com', 's3.amazonaws.com'] },
  Action: 'kms:*',
};
const KEY = 'arn:aws:kms:eu-central-1:123456789012:key/k1';
const thumbnailer = { id: 'thumbnails', event: 's3:ObjectCreated:*' };

test.each<[string, string[], Partial<FakeAccount>, RegExp]>([
  [
    'of another region',
    [],
    { buckets: { 'my-photos': { region: 'us-east-1' } } },
    /in us-east-1, and the stack would be in eu-central-1/,
  ],
  [
    'of another account',
    [],
    { buckets: { 'my-photos': { owner: '999999999999' } } },
    /belongs to another account than 123456789012/,
  ],
  ['that is a directory bucket', ['-c', 'images=fast--euc1-az1--x-s3'], {}, /directory bucket/],
  ['that does not exist', ['-c', 'images=my-fotos'], {}, /there is no bucket my-fotos/],
  ['for the index that does not exist', ['-c', 'index=my-index'], {}, /there is no bucket my-index/],
  [
    'for the index in a store that ignores If-None-Match',
    ['-c', 'index=my-index'],
    { buckets: { ...PHOTOS, 'my-index': {} } },
    /my-index cannot hold an index: the store let 8 of 8 writers create one object/,
  ],
  [
    'that logs into itself where logs would be pictures',
    ['-c', 'endings=all'],
    { buckets: { 'my-photos': { logs: { to: 'my-photos', prefix: 'logs/' } } } },
    /access logs into itself \(logs\/\), and log files would be taken for pictures/,
  ],
  [
    'whose index logs into it',
    ['-c', 'endings=all', '-c', 'index=my-index'],
    { buckets: { ...PHOTOS, 'my-index': { logs: { to: 'my-photos', prefix: '' } } } },
    /my-index writes its access logs into the bucket of the pictures, my-photos/,
  ],
  [
    'with a key that nobody named',
    [],
    { buckets: { 'my-photos': { key: 'k1' } }, keys: { k1: { policy: { Statement: [ROOT] } } } },
    /set "imagesKey" to "arn:aws:kms:eu-central-1:123456789012:key\/k1"/,
  ],
  [
    'with another key than the one that is named',
    ['-c', `imagesKey=${KEY.replace('k1', 'k2')}`],
    {
      buckets: { 'my-photos': { key: KEY } },
      keys: { k1: { policy: { Statement: [ROOT] } }, k2: { policy: { Statement: [ROOT] } } },
    },
    /set "imagesKey" to "arn:aws:kms:eu-central-1:123456789012:key\/k1", in place of .*k2/,
  ],
  [
    'whose key is named by an alias, to which nobody can be granted anything',
    ['-c', `imagesKey=${KEY.replace('key/', 'alias/')}`],
    { keys: { k1: { policy: { Statement: [ROOT] } } } },
    /alias\/k1 is no key but another name of one: set "imagesKey" to "arn:aws:kms:.*:key\/k1"/,
  ],
  [
    'with a key whose policy lacks us',
    ['-c', `imagesKey=${KEY}`],
    { buckets: { 'my-photos': { key: KEY } }, keys: { k1: { policy: { Statement: [ELSEWHERE] } } } },
    /lets no role of account 123456789012 use it/,
  ],
  [
    'with a key that is to be deleted',
    ['-c', `imagesKey=${KEY}`],
    { buckets: { 'my-photos': { key: KEY } }, keys: { k1: { policy: {}, state: 'PendingDeletion' } } },
    /PendingDeletion, not enabled/,
  ],
  ['with a key that does not exist', ['-c', `imagesKey=${KEY}`], {}, /there is no key/],
  [
    'with a key for all that the services may not use',
    ['-c', `key=${KEY}`],
    { keys: { k1: { policy: { Statement: [ROOT] } } } },
    /does not let logs\.eu-central-1\.amazonaws\.com, s3\.amazonaws\.com use it/,
  ],
  [
    'with a key for all that EventBridge and S3 Vectors may not use',
    ['-c', `key=${KEY}`, '-c', 'events=eventbridge', '-c', 'engine=s3-vectors'],
    { keys: { k1: { policy: { Statement: [ROOT, USED] } } } },
    /does not let events\.amazonaws\.com, indexing\.s3vectors\.amazonaws\.com use it/,
  ],
  [
    'that tells others of the same events',
    [],
    { buckets: { 'my-photos': { notifications: [thumbnailer] } } },
    /tells others of the same events already: thumbnails \(s3:ObjectCreated:\*\).*"eventbridge"/,
  ],
])(
  'a bucket %s is refused in a sentence, before CloudFormation is asked',
  async (_, args, there, message) => {
    Object.assign(account, there);
    await expect(deployed(...args)).rejects.toThrow(message);
    await expect(deployed(...args)).rejects.toThrow(DeploymentRefused);
    expect(runs).toEqual([]);
  },
);

test('another index bucket is tried out at a later deployment too, and the same one is not again', async () => {
  account.buckets['my-index'] = {};
  next = { ...next, IndexBucket: 'my-index' };
  account.stacks.Likeness = { status: 'CREATE_COMPLETE', template: template(next) };
  await deployed('-c', 'index=my-index');
  account.buckets['other-index'] = {};
  await expect(deployed('-c', 'index=other-index', '--yes-change=index')).rejects.toThrow(
    /other-index cannot hold an index/,
  );
});

test('what only looks like trouble goes through', async () => {
  const ours = {
    id: 'arn:aws:cloudformation:eu-central-1:1:stack/Likeness-Serving-1/x-1',
    event: 's3:ObjectCreated:*',
  };
  account.buckets['my-photos'] = {
    key: 'k1',
    logs: { to: 'my-photos', prefix: 'logs/' },
    notifications: [ours, { ...thumbnailer, prefix: 'other/' }],
  };
  account.keys.k1 = { policy: { Statement: [ROOT] } };
  await deployed('-c', `imagesKey=${KEY}`, '-c', 'prefix=public/');
  expect(runs.at(-1)![0]).toBe('deploy');
  expect(said[0]).toMatch(/access logs into itself/);
});

test.each<[string[], boolean]>([
  [['kms:*'], true],
  [['*'], true],
  [['kms:De*t', 'KMS:Generate*Key*'], true],
  [['kms:Decrypt', 'kms:GenerateDataKey'], true],
  [['kms:*Data*'], false],
  // The star's text would have to overlap.
  [['kms:Decrypt*ypt', 'kms:GenerateDataKey'], false],
  [['kms:Encrypt*', 'kms:GenerateDataKey*'], false],
])('a policy that allows %j lets the account use the key: %s', async (Action, lets) => {
  const policy = { Statement: [{ ...ROOT, Action }] };
  Object.assign(account, { buckets: { 'my-photos': { key: KEY } }, keys: { k1: { policy } } });
  const outcome = await deployed('-c', `imagesKey=${KEY}`).then(
    () => runs.at(-1)![0],
    (error: Error) => error.message,
  );
  expect(outcome).toMatch(lets ? /^deploy$/ : /lets no role of account/);
});

test('a removal keeps buckets as they are: forgotten settings are refused here too', async () => {
  await deployed();
  runs = [];
  next = { ImagesBucket: { Ref: 'Images2D38C313' }, IndexBucket: { Ref: 'Index' } };
  await expect(takeDown([], tools())).rejects.toThrow(/images would change/);
  expect(runs.map(([command]) => command)).not.toContain('deploy');

  next = { ImagesBucket: 'my-photos', IndexBucket: { Ref: 'Index' } };
  await takeDown(['-c', 'images=my-photos'], tools());
  expect(runs.at(-2)).toEqual(expect.arrayContaining(['synth', 'serving=false']));
  expect(runs.at(-1)![0]).toBe('deploy');
  await expect(takeDown(['-c', 'name=Other'], tools())).rejects.toThrow(/no stack Other/);
});

test("the CDK's command line is started without a shell, which on Windows would be needed for npx", () => {
  expect(runCdk('--version')).toBe(true);
  // A shell would read the brackets.
  expect(runCdk('acknowledge', 'rate(5 minutes) && exit 0')).toBe(false);
});
