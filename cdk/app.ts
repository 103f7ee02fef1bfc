/** The app that `cdk deploy` runs: Likeness in the account and region of your AWS credentials. */

import { App, Validations } from 'aws-cdk-lib';
import { AwsSolutionsChecks, ServerlessChecks } from 'cdk-nag';
import { stackPropsFrom } from './context.ts';
import { LikenessStack } from './likeness-stack.ts';

const app = new App();
new LikenessStack(app, 'Likeness', stackPropsFrom(app.node));
Validations.of(app).addPlugins(new AwsSolutionsChecks(app), new ServerlessChecks(app));
app.synth();
