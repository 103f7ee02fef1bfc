/** What stands in the account under the name of a stack. */

import {
  type CloudFormationClient,
  DescribeStacksCommand,
  GetTemplateCommand,
} from '@aws-sdk/client-cloudformation';
import type { Template } from './changes.ts';

export interface Deployed {
  readonly template: Template;
  /** Values of outputs, by their names. */
  readonly outputs: Readonly<Record<string, string>>;
}

/** Stacks that never stood: a first deployment failed, or was only looked at. The next one takes their place. */
const NEVER_STOOD = new Set([
  'ROLLBACK_COMPLETE',
  'ROLLBACK_FAILED',
  'ROLLBACK_IN_PROGRESS',
  'REVIEW_IN_PROGRESS',
]);

/** `undefined` where there is no such stack, or its first deployment failed. */
export async function deployedStack(
  client: CloudFormationClient,
  StackName: string,
): Promise<Deployed | undefined> {
  try {
    const { Stacks = [] } = await client.send(new DescribeStacksCommand({ StackName }));
    const [stack] = Stacks;
    if (!stack || NEVER_STOOD.has(stack.StackStatus ?? '')) return undefined;
    const { TemplateBody = '{}' } = await client.send(new GetTemplateCommand({ StackName }));
    const outputs = (stack.Outputs ?? []).map(({ OutputKey = '', OutputValue = '' }) => [
      OutputKey,
      OutputValue,
    ]);
    return { template: JSON.parse(TemplateBody) as Template, outputs: Object.fromEntries(outputs) };
  } catch (error) {
    const isAbsence =
      error instanceof Error && error.name === 'ValidationError' && error.message.includes('does not exist');
    if (isAbsence) return undefined;
    throw error;
  }
}
