/** `likeness similar`: the indexed pictures most like an indexed one. */

import type { Command } from 'commander';
import { connect, type ServerFlags } from '../connection.ts';
import { addSearchFlags, type SearchFlags, searchOptions, weighted } from '../search-flags.ts';
import { showResults } from '../show-results.ts';
import type { Terminal } from '../terminal.ts';

export function similarCommand(program: Command, terminal: Terminal): void {
  addSearchFlags(program.command('similar'))
    .summary('find the pictures most like an indexed one, or several')
    .description(
      'Finds the pictures that are most like one in the library, or like several together, without these. ' +
        'Prints the cosine similarity, the pixels, when it was taken or else last changed, and the key.',
    )
    .argument('<keys...>', 'the keys of indexed pictures')
    .addHelpText(
      'after',
      `
Examples:
  likeness similar 2024/beach.jpg
  likeness similar 2024/beach.jpg -k 5 --filter album=holidays
  likeness similar red.jpg chair.jpg sofa.jpg --weights 1,1,-0.5`,
    )
    .action(async (keys: string[], _options, command: Command) => {
      const flags = command.optsWithGlobals<ServerFlags & SearchFlags>();
      const client = await connect(flags);
      const [one, ...others] = keys;
      const answer =
        one !== undefined && others.length === 0 && !flags.weights
          ? await client.similar(one, searchOptions(flags))
          : await client.search(
              weighted(
                keys.map((key) => ({ key })),
                flags,
              ),
              searchOptions(flags),
            );
      await showResults(terminal, client, answer, flags.json);
    });
}
