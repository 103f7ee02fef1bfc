/** `likeness compact`: folds the log into the index now. */

import type { Command } from 'commander';
import { consoleLogger } from '../../local/console-logger.ts';
import { jsonText } from '../../local/printable.ts';
import { systemClock } from '../../vectorlog/clock.ts';
import { addTargetFlags, openTarget, TARGET_HELP, type TargetFlags } from '../target.ts';
import { count, type Terminal } from '../terminal.ts';

export function compactCommand(program: Command, terminal: Terminal): void {
  addTargetFlags(program.command('compact'))
    .summary('fold the log into the index now')
    .description('Folds the log into the FAISS file, as happens every so often by itself.')
    .addHelpText(
      'after',
      `${TARGET_HELP}

Examples:
  likeness compact
  likeness compact ~/Pictures
  likeness compact --images-bucket my-pictures --index-bucket my-index`,
    )
    .action(async (folder: string | undefined, _options, command: Command) => {
      const flags = command.optsWithGlobals<TargetFlags & { json?: boolean }>();
      const { index, origin } = await openTarget(folder, flags, { writes: true });
      const { createCompact } = await import('../../functions/compact/handler.ts');
      const logger = consoleLogger(terminal.err);
      const report = await createCompact({ index, ...origin, clock: systemClock, logger })();
      if (flags.json) return terminal.out(jsonText(report));
      const what = { idle: 'Nothing to fold', committed: 'Committed', lost: 'Another compaction was first' };
      terminal.out(
        `${what[report.outcome]}: generation ${report.generation}, ${count(report.live, 'picture')}, ` +
          `${count(report.folded, 'append')} folded.`,
      );
    });
}
