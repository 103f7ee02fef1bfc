/** The rules of cdk-nag, held against every shape that the stacks can have. */

import { Duration, Validations } from 'aws-cdk-lib';
import { AwsSolutionsChecks, ServerlessChecks } from 'cdk-nag';
import { expect, test, vi } from 'vitest';
import type { ImageSearchProps } from '../../cdk/image-search-props.ts';
import { ensureConsole } from './ensure-console.ts';
import { stubAssets } from './stub-assets.ts';
import { synthesise } from './synthesise.ts';

// Reading the rules and the whole of the CDK for the first time takes long on a busy machine.
vi.setConfig({ testTimeout: 240_000 });

const SHAPES: Record<string, ImageSearchProps> = {
  'as it is': {},
  'with all that can be asked for': {
    alarms: ['me@example.com'],
    dashboard: true,
    tracing: true,
    keepWarm: Duration.minutes(5),
    events: 'eventbridge',
    engine: 's3-vectors',
    backfill: true,
  },
  'without a queue': { intake: 'direct' },
  'with two models': {
    models: { main: { assets: stubAssets() }, gem: { assets: stubAssets({ modelId: 'another-01234567' }) } },
    active: 'main',
    engine: 's3-vectors',
  },
  'with tokens': { auth: { jwt: { issuer: 'https://login.example.com', audience: ['photos'] } } },
  'with users of its own': { auth: { users: ['me@example.com'] }, console: true },
  'open, with the console': { auth: 'none', console: true, corsOrigins: ['https://photos.example.com'] },
};

test.each(Object.entries(SHAPES))('AwsSolutions and Serverless find nothing: %s', (_, search) => {
  ensureConsole();
  const { app } = synthesise(search);
  Validations.of(app).addPlugins(new AwsSolutionsChecks(app), new ServerlessChecks(app));

  expect(() => app.synth({ force: true })).not.toThrow();
});

test('a wildcard that nobody acknowledged is found', async () => {
  const { PolicyStatement } = await import('aws-cdk-lib/aws-iam');
  const { app, stack } = synthesise();
  stack.search!.ingestion.function.addToRolePolicy(
    new PolicyStatement({ actions: ['s3:*'], resources: ['*'] }),
  );
  Validations.of(app).addPlugins(new AwsSolutionsChecks(app));

  expect(() => app.synth({ force: true })).toThrow(/IAM5\[Action::s3:\*\]/);
});
