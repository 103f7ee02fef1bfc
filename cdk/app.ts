/** The app that `cdk deploy` runs: Likeness in the account and region of your AWS credentials. */

import { App, Validations } from 'aws-cdk-lib';
import { AwsSolutionsChecks, ServerlessChecks } from 'cdk-nag';
import { LikenessError } from '../vectorlog/errors.ts';
import { stackPropsFrom } from './context.ts';
import { LikenessStack } from './likeness-stack.ts';

const app = new App();
try {
  new LikenessStack(app, 'Likeness', stackPropsFrom(app.node));
} catch (error) {
  // Its message says what to do; where it was thrown helps nobody who deploys.
  if (!(error instanceof LikenessError)) throw error;
  console.error(`\n${error.name}: ${error.message}`);
  process.exit(1);
}
Validations.of(app).addPlugins(new AwsSolutionsChecks(app), new ServerlessChecks(app));
app.synth();
