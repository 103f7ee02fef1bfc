/** `likeness rejected`: pictures that could not be indexed, and why. */

import type { Command } from 'commander';
import { SEARCH_LIMITS } from '../../functions/search/limits.ts';
import { printable } from '../../local/printable.ts';
import { connect, type ServerFlags } from '../connection.ts';
import { allPages, writeJsonArray } from '../pages.ts';
import { styled, type Terminal } from '../terminal.ts';

export function rejectedCommand(program: Command, terminal: Terminal): void {
  program
    .command('rejected')
    .summary('list the pictures that could not be indexed, and why')
    .description(
      'Lists the pictures that could not be indexed, each with the reason and what to do about it.',
    )
    .addHelpText(
      'after',
      `
Examples:
  likeness rejected
  likeness rejected --json | jq -r '.[].key'`,
    )
    .action(async (_options, command: Command) => {
      const flags = command.optsWithGlobals<ServerFlags>();
      const client = await connect(flags);
      const rejected = allPages(
        (cursor) => client.rejected({ limit: SEARCH_LIMITS.maxPage, ...(cursor && { cursor }) }),
        (page) => page.items,
      );
      if (flags.json) return writeJsonArray(rejected, terminal.out);
      let any = false;
      for await (const { key, reason } of rejected) {
        any = true;
        terminal.out(`${styled(terminal, 'red', printable(key))}: ${printable(reason.message)}`);
      }
      if (!any) terminal.err('Nothing was rejected.');
    });
}
