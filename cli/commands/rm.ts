/** `likeness rm`: deletes pictures. */

import type { Command } from 'commander';
import type { Client } from '../../client/client.ts';
import { jsonText } from '../../local/printable.ts';
import { connect, type ServerFlags } from '../connection.ts';
import { deletePictures } from '../delete-pictures.ts';
import { CommandFailed, UsageError } from '../errors.ts';
import { readPicture } from '../files.ts';
import { count, type Terminal } from '../terminal.ts';

const PATIENCE_MS = 60_000;
const POLL_MS = 100;

export function rmCommand(program: Command, terminal: Terminal): void {
  program
    .command('rm')
    .summary('delete pictures')
    .description(
      'Deletes the pictures themselves, from their bucket or folder, and returns when no search finds them.',
    )
    .argument('[keys...]', 'keys of pictures')
    .option('--from <file>', 'a list of keys, as JSON or with NUL between; - for standard input')
    .option('--no-wait', 'return when the files are deleted')
    .addHelpText(
      'after',
      `
Examples:
  likeness rm 2024/beach.jpg
  likeness ls drafts/ --json | likeness rm --from -`,
    )
    .action(async (named: string[], _options, command: Command) => {
      const flags = command.optsWithGlobals<ServerFlags & { wait: boolean; from?: string }>();
      const keys = flags.from === undefined ? named : [...named, ...(await keysFrom(flags.from))];
      if (keys.length === 0) throw new UsageError('name the keys of pictures, or a list of them with --from');
      const client = await connect(flags);
      const { deleted, final, failure } = await deletePictures(
        client,
        keys.map((key) => ({ key })),
        terminal,
      );
      if (flags.wait) for (const key of deleted) await untilAbsent(client, key);
      if (flags.json) terminal.out(jsonText({ deleted }));
      else {
        const back = final > 0 ? 'for good' : 'likeness restore brings them back';
        terminal.out(`Deleted ${count(deleted.length, 'picture')}: ${back}.`);
      }
      if (failure) throw failure;
    });
}

async function untilAbsent(client: Client, key: string): Promise<void> {
  const deadline = Date.now() + PATIENCE_MS;
  while ((await client.image(key)).state !== 'absent') {
    if (Date.now() > deadline) throw new CommandFailed(`${key} is deleted, but the index still has it`);
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
}

/** Keys of a list: with NUL between them, or JSON as `likeness ls --json` gives it. A line may be a part of a key. */
async function keysFrom(file: string): Promise<string[]> {
  const text = new TextDecoder().decode(await readPicture(file));
  if (text.includes('\0')) return text.split('\0').filter((key) => key !== '');
  try {
    const items = JSON.parse(text) as (string | { readonly key: string })[];
    const keys = items.map((item) => (typeof item === 'string' ? item : item.key));
    if (keys.every((key) => typeof key === 'string')) return keys;
  } catch {
    // Neither of the two, as what follows says.
  }
  throw new UsageError(
    'the list of --from is neither JSON (texts, or objects with a key) nor keys with NUL between',
  );
}
