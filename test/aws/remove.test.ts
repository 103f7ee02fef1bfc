/** Taking away what `npm run test:aws` made, over an account that is scripted. */

import { afterEach, expect, test } from 'vitest';
import { type FakeAccount, startFakeAws } from '../scripts/deploy/fake-aws.ts';
import { removeAll } from './remove.ts';

let stop: () => void = () => {};
afterEach(() => stop());

const account = (): FakeAccount => ({
  buckets: {
    pictures: { versions: { 'a.jpg': ['1', '2'], 'b.jpg': ['marker-3', '4'] } },
    index: { versions: { 'log/1': ['5'] } },
    'of somebody else': { versions: { 'c.jpg': ['6'] } },
  },
  keys: {},
  stacks: {
    Test: { status: 'CREATE_COMPLETE', template: {}, outputs: { IndexBucket: 'index' }, isProtected: true },
    Another: { status: 'CREATE_COMPLETE', template: {} },
  },
  unreserved: 10,
});

test('the stack goes though it is protected, and its buckets with every version and marker in them; nothing else', async () => {
  const here = account();
  const { clients, stop: end } = await startFakeAws(here);
  stop = end;
  const said = await removeAll({ ...clients, stack: 'Test', bucket: 'pictures' });
  expect(said).toBe('the stack, pictures, index');
  expect(Object.keys(here.stacks)).toEqual(['Another']);
  expect(Object.keys(here.buckets)).toEqual(['of somebody else']);
  expect(here.buckets['of somebody else']!.versions).toEqual({ 'c.jpg': ['6'] });
});

test('a stack without an output of its index bucket leaves that bucket to its owner', async () => {
  const here = account();
  const { clients, stop: end } = await startFakeAws(here);
  stop = end;
  await removeAll({ ...clients, stack: 'Another', bucket: 'pictures' });
  expect(Object.keys(here.buckets)).toEqual(['index', 'of somebody else']);
});
