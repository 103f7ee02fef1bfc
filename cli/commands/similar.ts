/** `likeness similar`: the indexed pictures most like an indexed one. */

import type { Command } from 'commander';
import { connect, type ServerFlags } from '../connection.ts';
import { addSearchFlags, type SearchFlags, searchOptions } from '../search-flags.ts';
import { showResults } from '../show-results.ts';
import type { Terminal } from '../terminal.ts';

export function similarCommand(program: Command, terminal: Terminal): void {
  addSearchFlags(program.command('similar'))
    .summary('find the pictures most like an indexed one')
    .description('Finds the pictures that are most like one in the library, without that one.')
    .argument('<key>', 'the key of an indexed picture')
    .addHelpText(
      'after',
      `
Examples:
  likeness similar 2024/beach.jpg
  likeness similar 2024/beach.jpg -k 5 --filter album=holidays`,
    )
    .action(async (key: string, _options, command: Command) => {
      const flags = command.optsWithGlobals<ServerFlags & SearchFlags>();
      const client = await connect(flags);
      await showResults(terminal, await client.similar(key, searchOptions(flags)), flags.json);
    });
}
