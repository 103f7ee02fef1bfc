/** A deployment stops before a forgotten setting swaps the bucket, the model or the access of a living system. */

import { expect, test } from 'vitest';
import { changesOf } from '../../../scripts/deploy/changes.ts';
import { flagsOf } from '../../../scripts/deploy/flags.ts';

const template = (values: Record<string, unknown>) => ({
  Outputs: Object.fromEntries(Object.entries(values).map(([name, Value]) => [name, { Value }])),
});
const made = { Ref: 'Images2D38C313' };

test('a forgotten images= is a new bucket, and is said', () => {
  const changes = changesOf(template({ ImagesBucket: 'my-photos' }), template({ ImagesBucket: made }));
  expect(changes).toMatchObject([{ what: 'images', from: 'my-photos', to: 'one that the stack makes' }]);
});

test('another model and other callers are said too', () => {
  const changes = changesOf(template({ Model: 'a', Auth: 'iam' }), template({ Model: 'b', Auth: 'none' }));
  expect(changes.map(({ what }) => what)).toEqual(['model', 'auth']);
});

test('other tokens of the same issuer are other callers, and so are those that may do more', () => {
  const tokens = (scopes: object, audience = ['photos']) =>
    template({ Auth: 'jwt https://login.example.com', Tokens: JSON.stringify({ audience, scopes }) });
  const careful = tokens({ delete: ['photos/admin'] });
  for (const next of [tokens({}), tokens({ delete: ['photos/admin'] }, ['everybody'])])
    expect(changesOf(careful, next)).toMatchObject([{ what: 'auth' }]);
  expect(changesOf(careful, careful)).toEqual([]);
});

test('a model that embeds no longer is said, and one that joins is not', () => {
  const both = template({ Model: 'a', Models: 'a b' });
  const one = template({ Model: 'a', Models: 'a' });
  expect(changesOf(both, one)).toMatchObject([{ what: 'model', from: 'a b', to: 'a' }]);
  expect(changesOf(one, both)).toEqual([]);
  expect(changesOf(both, template({ Model: 'b', Models: 'b' }))).toHaveLength(1);
});

test('the same again is no change, nor is a first deployment, nor what an older stack does not say', () => {
  const next = template({ ImagesBucket: made, Model: 'a', Auth: 'iam' });
  expect(changesOf(next, next)).toEqual([]);
  expect(changesOf({}, next)).toEqual([]);
  expect(changesOf(template({ ImagesBucket: made }), next)).toEqual([]);
});

test('the command line tells settings, consent and words for the CDK apart', () => {
  const args = ['-c', 'images=a=b', '--yes-change=images,model', '--profile', 'me'];
  const { flags, yes, others } = flagsOf(args);
  expect(flags).toEqual({ images: 'a=b' });
  expect([...yes]).toEqual(['images', 'model']);
  expect(others).toEqual(['--profile', 'me']);
  expect(() => flagsOf(['-c', 'images'])).toThrow(/name=value/);
});
