/** EventBridge Scheduler, as the roles of schedules name it. */

import type { Stack } from 'aws-cdk-lib';
import { type IPrincipal, ServicePrincipal } from 'aws-cdk-lib/aws-iam';

/** Only when it works for this account: another's schedule cannot borrow the role. */
export const schedulerOf = (stack: Stack): IPrincipal =>
  new ServicePrincipal('scheduler.amazonaws.com', {
    conditions: { StringEquals: { 'aws:SourceAccount': stack.account } },
  });
