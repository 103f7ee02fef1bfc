/** `likeness verify`: re-reads the whole index and checks every promise. */

import { setTimeout } from 'node:timers/promises';
import type { Command } from 'commander';
import { jsonText, printable } from '../../local/printable.ts';
import type { VerifyReport } from '../../pictures/maintenance/verify.ts';
import { CommandFailed, UsageError } from '../errors.ts';
import { startProgress } from '../progress.ts';
import { addTargetFlags, endingsOf, openTarget, TARGET_HELP, type TargetFlags } from '../target.ts';
import { count, styled, type Terminal } from '../terminal.ts';

/** Problems of one code that people get to see; --json lists more. */
const SHOWN = 10;

export function verifyCommand(program: Command, terminal: Terminal): void {
  addTargetFlags(program.command('verify'))
    .summary('check the whole index')
    .description(
      'Re-reads manifests, index files and log, checks that they keep their promises, and compares every picture ' +
        'with the index. Changes nothing. Errors are broken promises; warnings mend themselves, or backfill does.',
    )
    .option('--prefix <prefix>', 'compare only keys that begin with this')
    .option('--endings <list>', 'compare only keys with these endings, with commas between, or all')
    .option('--cloud <arn>', 'run it on AWS, in the state machine of a stack with backfill: true')
    .addHelpText(
      'after',
      `${TARGET_HELP}

Examples:
  likeness verify
  likeness verify ~/Pictures --json
  likeness verify --images-bucket my-pictures --index-bucket my-index`,
    )
    .action(async (folder: string | undefined, _options, command: Command) => {
      const flags = command.optsWithGlobals<Flags>();
      if (flags.cloud && (flags.prefix ?? flags.endings) !== undefined)
        throw new UsageError('with --cloud, what is indexed is for the stack to say');
      const report = flags.cloud ? await verifyInCloud(flags.cloud) : await verifyHere(folder, flags);
      if (flags.json) terminal.out(jsonText(report));
      else show(terminal, report);
      if (!report.ok) throw new CommandFailed('the index is damaged; docs/recovery.md says what to do');
    });
}

interface Flags extends TargetFlags {
  readonly json?: boolean;
  readonly cloud?: string;
  readonly prefix?: string;
  readonly endings?: string;
}

async function verifyHere(folder: string | undefined, flags: Flags): Promise<VerifyReport> {
  const target = await openTarget(folder, flags, { writes: false });
  const { verify } = await import('../../pictures/maintenance/verify.ts');
  const bar = startProgress({ title: 'Verifying', total: 0 });
  try {
    return await verify(
      { ...target, fingerprints: target.local },
      {
        filter: {
          ...(flags.prefix && { prefix: flags.prefix }),
          endings: endingsOf(flags.endings, target),
        },
        onProgress: ({ done, total = done }) => bar.update(done, total),
      },
    );
  } finally {
    bar.stop();
  }
}

async function verifyInCloud(arn: string): Promise<VerifyReport> {
  const { Cloud } = await import('../cloud.ts');
  const cloud = new Cloud(arn);
  return cloud.result<VerifyReport>(await cloud.start({ job: 'verify' }), setTimeout);
}

function show(
  terminal: Terminal,
  { ok, generation, live, appends, compared, problems, counts }: VerifyReport,
): void {
  const shown = new Map<string, number>();
  for (const { severity, code, subject, detail } of problems) {
    const before = shown.get(code) ?? 0;
    shown.set(code, before + 1);
    if (before >= SHOWN) continue;
    terminal.out(
      `${styled(terminal, severity === 'error' ? 'red' : 'yellow', severity)} ${code} ${printable(`${subject}: ${detail}`)}`,
    );
  }
  for (const [code, n] of Object.entries(counts)) {
    if (n > SHOWN) terminal.out(`${code}: ${n - SHOWN} more`);
  }
  const scope = `generation ${generation}, ${count(live, 'picture')}, ${count(appends, 'append')} in the log`;
  terminal.out(`${ok ? 'Sound' : 'Damaged'}: ${scope}, ${count(compared, 'key')} compared.`);
}
