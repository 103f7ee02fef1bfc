/** The command line: all commands, their common flags, and how they fail. */

import addCompletion from '@bomb.sh/tab/commander';
import { Command, CommanderError, Option } from 'commander';
import { ProblemError } from '../client/problem-error.ts';
import { printable } from '../local/printable.ts';
import packageJson from '../package.json' with { type: 'json' };
import { LikenessError } from '../vectorlog/errors.ts';
import { addCommand } from './commands/add.ts';
import { backfillCommand, rebuildCommand } from './commands/backfill.ts';
import { compactCommand } from './commands/compact.ts';
import { duplicatesCommand } from './commands/duplicates.ts';
import { embedCommand } from './commands/embed.ts';
import { lsCommand } from './commands/ls.ts';
import { rejectedCommand } from './commands/rejected.ts';
import { rmCommand } from './commands/rm.ts';
import { searchCommand } from './commands/search.ts';
import { serveCommand } from './commands/serve.ts';
import { setupCommand } from './commands/setup.ts';
import { similarCommand } from './commands/similar.ts';
import { statusCommand } from './commands/status.ts';
import { restoreCommand, trashCommand } from './commands/trash.ts';
import { verifyCommand } from './commands/verify.ts';
import { DEFAULT_ENDPOINT } from './connection.ts';
import { CommandFailed, EXIT, Interrupted, UsageError } from './errors.ts';
import type { Terminal } from './terminal.ts';

function createProgram(terminal: Terminal): Command {
  const program = new Command('likeness')
    .description('Image similarity search: exact, and fresh to the last upload.')
    .version(packageJson.version)
    .option(
      '--endpoint <url>',
      'the server; one on AWS is asked with signed requests',
      process.env.LIKENESS_ENDPOINT || DEFAULT_ENDPOINT,
    )
    .option('--json', 'print the answer as JSON')
    .addOption(new Option('--token <token>', 'a token for a server that asks for one').env('LIKENESS_TOKEN'))
    .addOption(
      new Option('--sign <region>', 'sign requests to a server on AWS that has a name of your own').env(
        'LIKENESS_SIGN_REGION',
      ),
    )
    .addHelpText(
      'after',
      `
Examples:
  likeness serve ~/Pictures          search a folder on this machine
  likeness add ~/Downloads/new       upload to the server that runs
  likeness search beach.jpg          the pictures most like beach.jpg
  source <(likeness complete bash)   completion in this shell; also zsh and fish

Exit codes: 0 done, 1 failed, 2 wrong usage.`,
    )
    .configureOutput({
      writeOut: (text) => terminal.out(text.replace(/\n$/, '')),
      writeErr: (text) => terminal.err(text.replace(/\n$/, '')),
    })
    .showHelpAfterError('(see "likeness help")')
    .exitOverride();
  const commands = [
    setupCommand,
    serveCommand,
    addCommand,
    searchCommand,
    similarCommand,
    embedCommand,
    rmCommand,
    lsCommand,
    rejectedCommand,
    statusCommand,
    duplicatesCommand,
    trashCommand,
    restoreCommand,
    compactCommand,
    verifyCommand,
    backfillCommand,
    rebuildCommand,
  ];
  for (const command of commands) command(program, terminal);
  addCompletion(program);
  return program;
}

/** Runs one command line; resolves to the exit code and never rejects for a reason that was foreseen. */
export async function run(args: readonly string[], terminal: Terminal): Promise<number> {
  try {
    await createProgram(terminal).parseAsync(args, { from: 'user' });
    return EXIT.done;
  } catch (error) {
    // Commander has printed what it has to say.
    if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.done : EXIT.usage;
    if (error instanceof UsageError) {
      terminal.err(`likeness: ${printable(error.message)}`);
      return EXIT.usage;
    }
    if (error instanceof Interrupted) {
      terminal.err(`likeness: ${error.message}`);
      return EXIT.interrupted;
    }
    if (!isForeseen(error)) throw error;
    terminal.err(`likeness: ${printable(error.message)}`);
    return EXIT.failed;
  }
}

const isForeseen = (error: unknown): error is Error =>
  error instanceof CommandFailed || error instanceof ProblemError || error instanceof LikenessError;
