/** `likeness rm`: deletes pictures. */

import type { Command } from 'commander';
import type { Client } from '../../client/client.ts';
import { connect, type ServerFlags } from '../connection.ts';
import { CommandFailed } from '../errors.ts';
import { startProgress } from '../progress.ts';
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
    .argument('<keys...>', 'keys of pictures')
    .option('--no-wait', 'return when the files are deleted')
    .addHelpText(
      'after',
      `
Examples:
  likeness rm 2024/beach.jpg
  likeness ls drafts/ --json | jq -r '.[].key' | xargs -d '\\n' likeness rm`,
    )
    .action(async (keys: string[], _options, command: Command) => {
      const flags = command.optsWithGlobals<ServerFlags & { wait: boolean }>();
      const client = await connect(flags);
      const bar = startProgress({ title: 'Deleting', total: keys.length });
      try {
        for (const [i, key] of keys.entries()) {
          await client.delete(key);
          bar.update(i + 1);
        }
        if (flags.wait) for (const key of keys) await untilAbsent(client, key);
      } finally {
        bar.stop();
      }
      if (flags.json) terminal.out(JSON.stringify({ deleted: keys }));
      else terminal.out(`Deleted ${count(keys.length, 'picture')}.`);
    });
}

async function untilAbsent(client: Client, key: string): Promise<void> {
  const deadline = Date.now() + PATIENCE_MS;
  while ((await client.image(key)).state !== 'absent') {
    if (Date.now() > deadline) throw new CommandFailed(`${key} is deleted, but the index still has it`);
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
}
