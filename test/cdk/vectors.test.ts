/** What the engine `s3-vectors` adds to the template. */

import { Match, type Template } from 'aws-cdk-lib/assertions';
import { expect, test, vi } from 'vitest';
import { synthesise } from './synthesise.ts';

vi.setConfig({ testTimeout: 240_000 });

/** The names of variables that the functions are given. */
const variablesOf = (template: Template): string[] =>
  Object.values(template.findResources('AWS::Lambda::Function')).flatMap(({ Properties }) =>
    Object.keys(Properties.Environment?.Variables ?? {}),
  );

test('memory is the engine unless another is asked for', () => {
  const { serving } = synthesise();
  serving!.resourceCountIs('AWS::S3Vectors::Index', 0);
  expect(variablesOf(serving!)).not.toContain('LIKENESS_VECTOR_INDEX');
});

test('s3-vectors makes an index for our vectors, which compact may fill and search may ask', () => {
  const { serving } = synthesise({ engine: 's3-vectors' });
  const template = serving!;
  template.hasResourceProperties('AWS::S3Vectors::Index', {
    DataType: 'float32',
    Dimension: 2_048,
    DistanceMetric: 'cosine',
    MetadataConfiguration: { NonFilterableMetadataKeys: ['line'] },
    // A name of its own, so that one that is made anew is known to be another.
    IndexName: Match.absent(),
  });
  expect(variablesOf(template).filter((name) => name === 'LIKENESS_VECTOR_INDEX')).toHaveLength(2);
  const policies = Object.values(template.findResources('AWS::IAM::Policy'));
  const actions = policies
    .flatMap(({ Properties }) => Properties.PolicyDocument.Statement as { Action: string | string[] }[])
    .map(({ Action }) => [Action].flat().sort())
    .filter((all) => all.some((action) => action.startsWith('s3vectors:')))
    .sort((a, b) => a.length - b.length);
  expect(actions).toEqual([
    ['s3vectors:GetVectors', 's3vectors:QueryVectors'],
    ['s3vectors:DeleteVectors', 's3vectors:GetVectors', 's3vectors:PutVectors', 's3vectors:QueryVectors'],
  ]);
});
