/** The app that `cdk deploy` runs: Likeness in the account and region of your AWS credentials. */

import { App, Validations } from 'aws-cdk-lib';
import { AwsSolutionsChecks, ServerlessChecks } from 'cdk-nag';
import { LikenessError } from '../vectorlog/errors.ts';
import { flagsFrom, readConfiguration, stackPropsFrom } from './configuration.ts';
import { LikenessStack } from './likeness-stack.ts';

const app = new App();
try {
  const context = app.node.getAllContext() as Record<string, unknown>;
  new LikenessStack(app, 'Likeness', stackPropsFrom(readConfiguration(flagsFrom(context))));
} catch (error) {
  // Its message says what to do; where it was thrown helps nobody who deploys.
  if (!(error instanceof LikenessError)) throw error;
  console.error(`\n${error.name}: ${error.message}`);
  process.exit(1);
}
Validations.of(app).addPlugins(new AwsSolutionsChecks(app), new ServerlessChecks(app));
app.synth();
