/** Addresses of AWS's console, which differ by partition: China and GovCloud have their own. */

import { CfnMapping, type Stack } from 'aws-cdk-lib';

const HOSTS = {
  aws: { console: 'console.aws.amazon.com' },
  'aws-cn': { console: 'console.amazonaws.cn' },
  'aws-us-gov': { console: 'console.amazonaws-us-gov.com' },
};

/** The page of a service, in the stack's region. */
export function consoleLink(stack: Stack, service: string): string {
  const hosts = new CfnMapping(stack, 'Consoles', { mapping: HOSTS });
  const host = hosts.findInMap(stack.partition, 'console');
  return `https://${host}/${service}/home?region=${stack.region}`;
}
