/** `likeness ls`: what is indexed. */

import type { Command } from 'commander';
import { SEARCH_LIMITS } from '../../functions/search/limits.ts';
import { printable } from '../../local/printable.ts';
import { connect, type ServerFlags } from '../connection.ts';
import { allPages, writeJsonArray } from '../pages.ts';
import { fileSize, pixelSize, type Terminal } from '../terminal.ts';

export function lsCommand(program: Command, terminal: Terminal): void {
  program
    .command('ls')
    .summary('list the indexed pictures')
    .description(
      'Lists the pictures that searches find, by key: size, pixels, when it was taken or else last changed, key.',
    )
    .argument('[prefix]', 'only keys that begin with this')
    .addHelpText(
      'after',
      `
Examples:
  likeness ls
  likeness ls 2024/
  likeness ls --json | jq length`,
    )
    .action(async (prefix: string | undefined, _options, command: Command) => {
      const flags = command.optsWithGlobals<ServerFlags>();
      const client = await connect(flags);
      const pictures = allPages(
        (cursor) =>
          client.images({
            limit: SEARCH_LIMITS.maxPage,
            ...(prefix && { prefix }),
            ...(cursor && { cursor }),
          }),
        (page) => page.items,
      );
      if (flags.json) return writeJsonArray(pictures, terminal.out);
      for await (const picture of pictures) {
        const { key, size, taken, lastModified } = picture;
        const when = (taken ?? lastModified).slice(0, 16).replace('T', ' ');
        terminal.out(
          `${fileSize(size).padStart(8)} ${pixelSize(picture).padStart(13)}  ${when}  ${printable(key)}`,
        );
      }
    });
}
