/** The search function as Lambda would run it: one process, frozen between two events, killed when one takes too long. */

import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import type { FunctionAnswer } from '../function-events.ts';

export interface FunctionSettings {
  /** The compiled host.ts, and the bundle that it imports. */
  readonly host: string;
  readonly bundle: string;
  readonly environment: Readonly<Record<string, string>>;
  readonly timeoutMs: number;
}

export class LambdaFunction {
  /** Processes that were started. */
  starts = 0;
  #child: ChildProcess | undefined;

  constructor(private readonly settings: FunctionSettings) {}

  /** @returns `undefined` when the process was killed at the function's timeout, with all that it had loaded */
  async invoke(event: unknown): Promise<FunctionAnswer> {
    this.#child ??= await this.#start();
    const child = this.#child;
    child.kill('SIGCONT');
    child.send(event as object);
    const timeout = AbortSignal.timeout(this.settings.timeoutMs);
    try {
      const [message] = (await once(child, 'message', { signal: timeout })) as [
        { answer?: FunctionAnswer; error?: string },
      ];
      if (!message.answer) throw new Error(message.error);
      child.kill('SIGSTOP');
      return message.answer;
    } catch (error) {
      await this.kill();
      if (timeout.aborted) return undefined;
      throw error;
    }
  }

  async kill(): Promise<void> {
    const child = this.#child;
    this.#child = undefined;
    if (!child) return;
    const gone = once(child, 'exit');
    child.kill('SIGKILL');
    await gone;
  }

  async #start(): Promise<ChildProcess> {
    const { host, bundle, environment } = this.settings;
    this.starts++;
    const child = fork(host, [bundle], {
      env: { PATH: process.env.PATH, NODE_NO_WARNINGS: '1', ...environment },
      execArgv: [],
      stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
    });
    await once(child, 'message');
    return child;
  }
}
