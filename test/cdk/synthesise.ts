/** Makes the stacks as the app does, from stub packages. */

import { readFileSync } from 'node:fs';
import { App, Stack } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import type { ImageSearchProps } from '../../cdk/image-search-props.ts';
import { LikenessStack, type LikenessStackProps } from '../../cdk/likeness-stack.ts';
import { stubAssets } from './stub-assets.ts';

const { context } = JSON.parse(readFileSync(new URL('../../cdk.json', import.meta.url), 'utf8')) as {
  context: Record<string, unknown>;
};

const assets = stubAssets();

export interface Synthesised {
  readonly app: App;
  readonly stack: LikenessStack;
  /** The stack that holds the data. */
  readonly data: Template;
  /** The stack inside it; absent when nothing is served. */
  readonly serving: Template | undefined;
}

/** @param more context besides that of cdk.json, as `-c` gives it */
export function synthesise(
  search: ImageSearchProps = {},
  stack: LikenessStackProps = {},
  more: Record<string, unknown> = {},
): Synthesised {
  // Where each construct was made is of no interest here, and costs most of the time.
  const app = new App({
    context: { ...context, ...more },
    stackTraces: false,
    treeMetadata: false,
    analyticsReporting: false,
  });
  const likeness = new LikenessStack(app, 'Likeness', {
    ...stack,
    search: { ...(!search.models && { assets }), ...search },
  });
  return {
    app,
    stack: likeness,
    data: Template.fromStack(likeness),
    serving: likeness.search && Template.fromStack(Stack.of(likeness.search)),
  };
}
