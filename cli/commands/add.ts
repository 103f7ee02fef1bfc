/** `likeness add`: uploads pictures, and returns when all are searchable. */

import type { Command } from 'commander';
import { jsonText, printable } from '../../local/printable.ts';
import { type AddOutcome, addPictures } from '../add-pictures.ts';
import { connect, requestsAtOnce, type ServerFlags } from '../connection.ts';
import { CommandFailed } from '../errors.ts';
import { findPictures } from '../files.ts';
import { startProgress } from '../progress.ts';
import { count, styled, type Terminal } from '../terminal.ts';

interface AddFlags extends ServerFlags {
  readonly prefix: string;
  readonly wait: boolean;
  readonly force?: boolean;
}

/** Nothing moves for so long only when something is broken: the slowest batch takes a fraction of it. */
const PATIENCE_MS = 5 * 60_000;

export function addCommand(program: Command, terminal: Terminal): void {
  program
    .command('add')
    .summary('upload pictures and wait until they are searchable')
    .description(
      'Uploads pictures, and returns when all of them are searchable. What the library has already is not uploaded ' +
        'again, so an interrupted run is continued by running it again.',
    )
    .argument('<paths...>', 'files and folders')
    .option('--prefix <prefix>', 'put this before every key', '')
    .option('--no-wait', 'return when all are uploaded')
    .option('--force', 'upload also what is there already')
    .addHelpText(
      'after',
      `
Examples:
  likeness add beach.jpg city.png
  likeness add ~/Pictures/holiday --prefix 2024/
  likeness add scans --no-wait --json`,
    )
    .action(async (paths: string[], _options, command: Command) => {
      const flags = command.optsWithGlobals<AddFlags>();
      const files = await findPictures(paths, flags.prefix);
      if (files.length === 0) throw new CommandFailed('there are no pictures in what you named');
      const client = await connect(flags);
      const bar = startProgress({ title: 'Adding', total: files.length });
      const startedAt = Date.now();
      let outcome: AddOutcome;
      try {
        outcome = await addPictures(files, {
          client,
          wait: flags.wait,
          force: flags.force === true,
          patienceMs: PATIENCE_MS,
          atOnce: requestsAtOnce(flags),
          ...(flags.wait ? { onFinished: (n) => bar.update(n) } : { onUploaded: (n) => bar.update(n) }),
        });
      } finally {
        bar.stop();
      }
      const seconds = (Date.now() - startedAt) / 1_000;
      if (flags.json) terminal.out(jsonText({ ...outcome, seconds }));
      else report(terminal, outcome, seconds, flags.wait);
      if (outcome.refused.length > 0 || (flags.wait && outcome.pending.length > 0)) {
        throw new CommandFailed(
          `${outcome.refused.length + outcome.pending.length} of ${files.length} pictures were not added`,
        );
      }
    });
}

function report(terminal: Terminal, outcome: AddOutcome, seconds: number, waited: boolean): void {
  const { added, unchanged, refused, pending } = outcome;
  for (const { key, reason } of refused)
    terminal.err(`${styled(terminal, 'red', printable(key))}: ${printable(reason)}`);
  if (waited && pending.length > 0) {
    terminal.err(`${count(pending.length, 'picture')} uploaded but not indexed yet; see "likeness status".`);
  }
  const rate = added.length > 1 ? `, ${(added.length / seconds).toFixed(1)} a second` : '';
  const what = waited
    ? `Added ${count(added.length, 'picture')} in ${seconds.toFixed(1)} s${rate}.`
    : `Uploaded ${count(pending.length, 'picture')}; they are being indexed.`;
  const rest = unchanged.length > 0 ? ` ${count(unchanged.length, 'picture')} were there already.` : '';
  terminal.out(what + rest);
}
