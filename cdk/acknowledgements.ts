/** Findings of cdk-nag that are as they should be, each with its reason; what is not named here stops the synthesis. */

import { Stack, Validations } from 'aws-cdk-lib';
import { CfnPolicy } from 'aws-cdk-lib/aws-iam';
import type { IConstruct } from 'constructs';

/** Acknowledges several rules on one construct for one reason. */
export function acknowledge(construct: IConstruct, reason: string, ...rules: readonly string[]): void {
  for (const id of rules) Validations.of(construct).acknowledge({ id, reason });
}

/** A kind of statement that may have wildcards. */
export interface Wildcard {
  /** What all its actions look like. */
  readonly actions: RegExp;
  /** Whether its resource is one of the kind; the name has references in angle brackets. */
  readonly resource: (name: string) => boolean;
  readonly reason: string;
}

/** The wildcards that Likeness needs. */
const NEEDED: readonly Wildcard[] = [
  {
    actions: /^s3:(Get|Put|Delete)Object$|^s3:DeleteObjectVersion$|^s3:AbortMultipartUpload$/,
    resource: (name) => /\/([^/*]+\/(log|manifest|index|rejected|far)\/)?\*$/.test(name),
    reason:
      'The keys of objects are not known before; the wildcard ends at the bucket, or at the prefix in it.',
  },
  {
    actions: /^xray:/,
    resource: (name) => name === '*',
    reason: 'X-Ray has no permissions for single resources.',
  },
  {
    actions: /^ec2:/,
    resource: (name) => name === '*',
    reason: 'Network interfaces of functions in a VPC have no names before Lambda makes them.',
  },
  {
    actions: /^kms:/,
    resource: () => true,
    reason: 'The actions of one key that encrypting and decrypting need, as the CDK grants them.',
  },
  {
    actions: /^lambda:InvokeFunction$/,
    resource: (name) => name.endsWith('>:*'),
    reason:
      'The CDK lets the schedule, and the state machine of backfills, invoke all versions of this one function.',
  },
  {
    actions: /^states:/,
    resource: (name) => /:(execution|mapRun):/.test(name) && name.endsWith('*'),
    reason: 'Executions have no names before they are started; the wildcard ends at this one state machine.',
  },
];

interface Statement {
  readonly Action: string | readonly string[];
  readonly Resource: unknown;
}

/**
 * Acknowledges, in the policies below `scope`, the wildcards of these kinds and no others.
 *
 * An acknowledgement names the resource as the template does, and references between stacks get their names only when
 * the whole app is known. So this waits until the tree is validated, which is just before the templates are written.
 */
export function acknowledgeWildcards(scope: IConstruct, kinds: readonly Wildcard[] = NEEDED): void {
  scope.node.addValidation({
    validate: () => {
      for (const policy of scope.node.findAll().filter((one) => one instanceof CfnPolicy)) {
        const { Statement } = Stack.of(policy).resolve(policy.policyDocument) as { Statement: Statement[] };
        for (const statement of Statement) acknowledgeStatement(policy, statement, kinds);
      }
      return [];
    },
  });
}

function acknowledgeStatement(policy: CfnPolicy, statement: Statement, kinds: readonly Wildcard[]): void {
  const actions = [statement.Action].flat();
  for (const resource of [statement.Resource].flat().map(nameOf)) {
    const kind = kinds.find(
      (one) => one.resource(resource) && actions.every((action) => one.actions.test(action)),
    );
    if (!kind) continue;
    const findings = [`Resource::${resource}`, ...actions.map((action) => `Action::${action}`)];
    const wildcards = findings.filter((finding) => finding.includes('*'));
    acknowledge(policy, kind.reason, ...wildcards.map((finding) => `AwsSolutions-IAM5[${finding}]`));
  }
}

/** A resource of a policy as cdk-nag writes it: references in angle brackets. */
function nameOf(resource: unknown): string {
  if (typeof resource === 'string') return resource;
  const { Ref: ref, 'Fn::GetAtt': attribute, 'Fn::Join': join, 'Fn::Sub': sub } = resource as Intrinsic;
  if (ref) return `<${ref}>`;
  if (attribute) return `<${attribute.join('.')}>`;
  if (sub) return sub.replace(/\$\{([^{}]*)\}/g, '<$1>');
  if (join) return join[1].map(nameOf).join(join[0]);
  return JSON.stringify(resource);
}

interface Intrinsic {
  readonly Ref?: string;
  readonly 'Fn::Sub'?: string;
  readonly 'Fn::GetAtt'?: readonly [string, string];
  readonly 'Fn::Join'?: readonly [string, readonly unknown[]];
}
