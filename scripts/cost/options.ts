/** Ways to deploy whose idle cost the page tells. */

import { Duration } from 'aws-cdk-lib';
import type { ImageSearchProps } from '../../cdk/image-search-props.ts';

const OPTIONS = {
  defaults: () => ({}),
  direct: () => ({ intake: 'direct' }),
  alarms: () => ({ alarms: ['me@example.com'] }),
  dashboard: () => ({ dashboard: true }),
  tracing: () => ({ tracing: true }),
  backfill: () => ({ backfill: true }),
  keepWarm: () => ({ keepWarm: Duration.minutes(5) }),
} satisfies Record<string, () => ImageSearchProps>;

export type OptionName = keyof typeof OPTIONS;

export const withOption = (name: OptionName): ImageSearchProps => OPTIONS[name]();
