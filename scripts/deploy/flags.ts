/** The command line of `npm run deploy`. */

import { ConfigurationInvalid } from '../../cdk/configuration-invalid.ts';

export interface DeployFlags {
  /** What `-c name=value` says. */
  readonly flags: Readonly<Record<string, string>>;
  /** Changes that are meant. */
  readonly yes: ReadonlySet<string>;
  /** For the CDK. */
  readonly others: readonly string[];
}

/** @throws ConfigurationInvalid for a `-c` without a value */
export function flagsOf(args: readonly string[]): DeployFlags {
  const flags: Record<string, string> = {};
  const others: string[] = [];
  let yes = new Set<string>();
  for (let i = 0; i < args.length; i++) {
    const arg = args[i]!;
    if (arg === '-c' || arg === '--context') {
      const [name = '', value] = (args[++i] ?? '').split(/=(.*)/s);
      if (value === undefined) throw new ConfigurationInvalid(`-c ${name}: write -c name=value`);
      flags[name] = value;
    } else if (arg.startsWith('--yes-change=')) yes = new Set(arg.slice('--yes-change='.length).split(','));
    else others.push(arg);
  }
  return { flags, yes, others };
}
