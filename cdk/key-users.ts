/** Which services of AWS use a key that encrypts all that is made: its policy must let them. */

/** What decides on that, as the configuration and the properties have it. */
interface Uses {
  readonly events?: 's3' | 'eventbridge' | 'none' | undefined;
  readonly engine?: 'memory' | 's3-vectors' | undefined;
  readonly models?: Readonly<Record<string, unknown>> | undefined;
  readonly alarms?: unknown;
}

/** What each of them does with it. */
export const KEY_ACTIONS = ['kms:Decrypt', 'kms:Encrypt', 'kms:GenerateDataKey*', 'kms:DescribeKey'] as const;

/**
 * The service principals.
 *
 * @param where.urlSuffix of the partition: `amazonaws.com`, or China's
 */
export function keyUsers(
  { events = 's3', engine, models = {}, alarms }: Uses,
  { region, urlSuffix }: { readonly region: string; readonly urlSuffix: string },
): string[] {
  const isFannedOut = events === 's3' && Object.keys(models).length > 1;
  return [
    `logs.${region}.${urlSuffix}`,
    // It sends events to an encrypted queue or topic.
    's3.amazonaws.com',
    ...(events === 'eventbridge' ? ['events.amazonaws.com'] : []),
    ...(isFannedOut ? ['sns.amazonaws.com'] : []),
    ...(alarms !== undefined ? ['cloudwatch.amazonaws.com'] : []),
    ...(engine === 's3-vectors' ? ['indexing.s3vectors.amazonaws.com'] : []),
  ];
}
