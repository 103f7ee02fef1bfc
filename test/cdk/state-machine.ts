/** The definition of the state machine in a template. */

import type { Template } from 'aws-cdk-lib/assertions';
import { resolveIntrinsics } from '../assets/template/intrinsics.ts';
import type { Definition } from '../factories/state-machine.ts';

/** As Step Functions gets it, with names in place of references. */
export function definitionOf(template: Template): Definition {
  const [machine] = Object.values(template.findResources('AWS::StepFunctions::StateMachine'));
  const text = resolveIntrinsics(machine!.Properties.DefinitionString, (name) =>
    name === 'AWS::Partition'
      ? 'aws'
      : name.endsWith('Arn')
        ? 'arn:aws:lambda:us-east-1:111122223333:function:f'
        : 'images',
  );
  return JSON.parse(String(text)) as Definition;
}
