/** `likeness duplicates`: pictures that are the same but for size, crop or compression. */

import type { Command } from 'commander';
import type { DuplicatesPage } from '../../client/types.ts';
import { printable } from '../../local/printable.ts';
import { connect, type ServerFlags } from '../connection.ts';
import { allPages } from '../pages.ts';
import { startProgress } from '../progress.ts';
import { decimal } from '../search-flags.ts';
import { fileSize, styled, type Terminal } from '../terminal.ts';

interface Flags extends ServerFlags {
  readonly minScore?: number;
  readonly prefix?: string;
}

export function duplicatesCommand(program: Command, terminal: Terminal): void {
  program
    .command('duplicates')
    .summary('find groups of pictures that are the same')
    .description(
      'Finds pictures that are the same but for size, crop or compression. The largest file comes first.',
    )
    .option('--min-score <score>', 'how alike two pictures must be, 0.5 to 1 (default: 0.97)', decimal)
    .option('--prefix <prefix>', 'only keys that begin with this')
    .addHelpText(
      'after',
      `
Examples:
  likeness duplicates
  likeness duplicates --min-score 0.99 --prefix scans/
  likeness duplicates --json | jq -r '.[].pictures[1:][].key'   # all but the largest of each group`,
    )
    .action(async (_options, command: Command) => {
      const flags = command.optsWithGlobals<Flags>();
      const { minScore, prefix } = flags;
      const client = await connect(flags);
      const bar = startProgress({ title: 'Comparing', total: 0 });
      let compared = 0;
      const groups = allPages(
        async (cursor) => {
          const page = await client.duplicates({
            ...(minScore !== undefined && { minScore }),
            ...(prefix && { prefix }),
            ...(cursor && { cursor }),
          });
          compared += page.compared;
          bar.update(compared, page.total);
          return page;
        },
        (page) => page.groups,
      );
      const found: DuplicatesPage['groups'] = [];
      try {
        for await (const group of groups) found.push(group);
      } finally {
        bar.stop();
      }
      if (flags.json) return terminal.out(JSON.stringify(found));
      for (const group of found) {
        terminal.out(styled(terminal, 'bold', `alike ${group.minScore.toFixed(3)}`));
        for (const { key, size } of group.pictures)
          terminal.out(`  ${fileSize(size).padStart(8)}  ${printable(key)}`);
      }
      if (found.length === 0) terminal.err('There are no duplicates.');
    });
}
