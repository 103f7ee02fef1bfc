/** `likeness trash` and `likeness restore`: what was deleted, and how to have it back. */

import type { Command } from 'commander';
import { jsonText, printable } from '../../local/printable.ts';
import { connect, type ServerFlags } from '../connection.ts';
import { CommandFailed, UsageError } from '../errors.ts';
import { allPages } from '../pages.ts';
import { count, fileSize, pixelSize, type Terminal } from '../terminal.ts';

interface Flags extends ServerFlags {
  readonly empty?: boolean;
  readonly olderThan?: string;
}

const DAY_MS = 24 * 60 * 60 * 1000;

export function trashCommand(program: Command, terminal: Terminal): void {
  program
    .command('trash')
    .summary('list deleted pictures, or remove them for good')
    .description(
      'Lists the deleted pictures that can be had back, the last one first: when each was deleted, size, pixels and the day it ' +
        'was taken as far as they are known, key.',
    )
    .option('--empty', 'remove them for good')
    .option('--older-than <days>', 'with --empty: only those deleted so many days ago or earlier')
    .addHelpText(
      'after',
      `
Examples:
  likeness trash
  likeness restore 2024/beach.jpg
  likeness trash --empty --older-than 30`,
    )
    .action(async (_options, command: Command) => {
      const flags = command.optsWithGlobals<Flags>();
      const client = await connect(flags);
      if (flags.empty) {
        const days = flags.olderThan === undefined ? undefined : Number(flags.olderThan);
        if (days !== undefined && !(days >= 0)) throw new UsageError('--older-than is a number of days');
        const before = days === undefined ? undefined : new Date(Date.now() - days * DAY_MS).toISOString();
        const emptied = await client.emptyTrash(before === undefined ? { all: true } : { before });
        if (flags.json) return terminal.out(jsonText(emptied));
        return terminal.out(
          `Removed ${count(emptied.pictures, 'picture')} for good, ${fileSize(emptied.bytes)}.`,
        );
      }
      if (flags.olderThan !== undefined) throw new UsageError('--older-than goes with --empty');
      const items = allPages(
        (cursor) => client.trash(cursor === undefined ? {} : { cursor }),
        (page) => page.items,
      );
      const all = [];
      for await (const item of items) all.push(item);
      if (flags.json) return terminal.out(jsonText(all));
      for (const item of all) {
        const { deletedAt, size, taken = '', key } = item;
        const about = `${fileSize(size).padStart(8)} ${pixelSize(item).padStart(13)}  ${taken.slice(0, 10).padEnd(10)}`;
        terminal.out(`${deletedAt} ${about}  ${printable(key)}`);
      }
      if (all.length === 0) terminal.err('The trash is empty, or no trash is kept here.');
    });
}

export function restoreCommand(program: Command, terminal: Terminal): void {
  program
    .command('restore')
    .summary('put deleted pictures back')
    .description('Puts back what was deleted last under each key.')
    .argument('<keys...>', 'keys of deleted pictures')
    .addHelpText(
      'after',
      `
Examples:
  likeness restore 2024/beach.jpg`,
    )
    .action(async (keys: string[], _options, command: Command) => {
      const flags = command.optsWithGlobals<ServerFlags>();
      const client = await connect(flags);
      const { results } = await client.restore({ keys });
      const failed = results.filter(({ restored }) => !restored);
      if (flags.json) terminal.out(jsonText(results));
      else terminal.out(`Restored ${count(results.length - failed.length, 'picture')}.`);
      if (failed.length > 0)
        throw new CommandFailed(failed.map(({ key, reason }) => `${key}: ${reason}`).join('\n'));
    });
}
