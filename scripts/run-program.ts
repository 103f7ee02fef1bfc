/** Runs other programs for the scripts. */

import { spawnSync } from 'node:child_process';

export interface ProgramResult {
  readonly ok: boolean;
  /** Both outputs, in case the program failed and someone has to see why. */
  readonly output: string;
  readonly stdout: string;
}

/** Runs a program to its end; `ok` is false when it is not there, fails, or takes longer than `timeoutMs`. */
export function runProgram(
  program: string,
  args: readonly string[],
  options: { cwd?: string; timeoutMs?: number; env?: Record<string, string> } = {},
): ProgramResult {
  const done = spawnSync(program, args, {
    cwd: options.cwd,
    timeout: options.timeoutMs,
    env: { ...process.env, ...options.env },
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'pipe'],
    maxBuffer: 64 * 1024 * 1024,
  });
  const output = [done.error?.message, done.stdout, done.stderr].filter(Boolean).join('\n');
  return { ok: done.status === 0, output, stdout: done.stdout ?? '' };
}

/** Whether the program is on the PATH. */
export const hasProgram = (program: string): boolean =>
  runProgram('sh', ['-c', `command -v ${program}`], { timeoutMs: 10_000 }).ok;
