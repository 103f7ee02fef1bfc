/** Deletes pictures one after the other, as `rm` and `duplicates --trash` do, and knows what was done when it ends early. */

import type { Client } from '../client/client.ts';
import { ProblemError } from '../client/problem-error.ts';
import type { DeleteOptions } from '../client/types.ts';
import { printable } from '../local/printable.ts';
import { CommandFailed, Interrupted } from './errors.ts';
import { startProgress } from './progress.ts';
import { count, type Terminal } from './terminal.ts';

export interface Going extends Omit<DeleteOptions, 'signal'> {
  readonly key: string;
}

export interface Deletions {
  /** Keys, in the order of their deletion. */
  readonly deleted: readonly string[];
  /** How many of these nothing brings back. */
  readonly final: number;
  /** Why it did not go to the end, or left pictures out. */
  readonly failure: Interrupted | CommandFailed | undefined;
}

/**
 * What has changed since it was looked at stays, and the others go all the same. After any other failure, and when somebody
 * interrupts, what has not begun stays. Why each picture stayed that was to go is written to the terminal.
 */
export async function deletePictures(
  client: Pick<Client, 'delete'>,
  pictures: readonly Going[],
  terminal: Terminal,
): Promise<Deletions> {
  const bar = startProgress({ title: 'Deleting', total: pictures.length });
  const interrupted = new AbortController();
  const interrupt = () => interrupted.abort();
  // A second time it ends the process, as without this.
  process.once('SIGINT', interrupt);
  const deleted: string[] = [];
  const changed: string[] = [];
  let final = 0;
  let end: unknown;
  try {
    for (const { key, ...conditions } of pictures) {
      if (interrupted.signal.aborted) break;
      try {
        if (!(await client.delete(key, conditions)).restorable) final++;
        deleted.push(key);
      } catch (error) {
        if (!(error instanceof ProblemError && error.code === 'picture-changed')) throw error;
        changed.push(`${key}: ${error.message}`);
      }
      bar.update(deleted.length + changed.length);
    }
  } catch (error) {
    end = error;
  } finally {
    process.removeListener('SIGINT', interrupt);
    bar.stop();
  }
  for (const each of changed) terminal.err(printable(each));
  const done = `${deleted.length.toLocaleString('en')} of ${count(pictures.length, 'picture')} deleted`;
  const failure = end
    ? new CommandFailed(`${done}; then: ${end instanceof Error ? end.message : String(end)}`)
    : deleted.length + changed.length < pictures.length
      ? new Interrupted(`stopped: ${done}`)
      : changed.length > 0
        ? new CommandFailed(`${done}; ${count(changed.length, 'picture')} left alone`)
        : undefined;
  return { deleted, final, failure };
}
