/** Jobs that run in the cloud, in the state machine of a stack with `backfill: true`. */

import {
  DescribeExecutionCommand,
  ListExecutionsCommand,
  RedriveExecutionCommand,
  SFNClient,
  StartExecutionCommand,
} from '@aws-sdk/client-sfn';
import type { Job } from '../functions/backfill/handler.ts';
import { CommandFailed, UsageError } from './errors.ts';

/** Milliseconds between two looks at a run that somebody waits for. */
const LOOK_MS = 5_000;

export class Cloud {
  readonly #client: SFNClient;

  /** @throws UsageError when the name is not that of a state machine */
  constructor(private readonly stateMachineArn: string) {
    const [, region] = /^arn:[\w-]+:states:([\w-]+):\d+:stateMachine:[\w-]+$/.exec(stateMachineArn) ?? [];
    if (!region)
      throw new UsageError(
        '--cloud wants the ARN of a state machine: the output BackfillMachine of the stack',
      );
    this.#client = new SFNClient({ region });
  }

  /** Starts a job. @returns the name of its run @throws CommandFailed while another one runs */
  async start(job: Job): Promise<string> {
    await this.#refuseSecond();
    const input = { stateMachineArn: this.stateMachineArn, input: JSON.stringify(job) };
    const { executionArn } = await this.#client.send(new StartExecutionCommand(input));
    return executionArn!;
  }

  /** Goes on with the last run, which failed or was stopped: only what was not done is done. @throws CommandFailed */
  async redrive(): Promise<string> {
    const last = await this.#last();
    if (!last) throw new CommandFailed('there was no run yet');
    if (last.status === 'RUNNING' || last.status === 'SUCCEEDED')
      throw new CommandFailed(`the last run is ${last.status.toLowerCase()}: there is nothing to go on with`);
    await this.#client.send(new RedriveExecutionCommand({ executionArn: last.executionArn! }));
    return last.executionArn!;
  }

  /** Waits until a run is over. @returns what it gave @throws CommandFailed when it failed or was stopped */
  async result<T>(executionArn: string, sleep: (ms: number) => Promise<unknown>): Promise<T> {
    for (;;) {
      const { status, output, error, cause } = await this.#client.send(
        new DescribeExecutionCommand({ executionArn }),
      );
      if (status === 'SUCCEEDED') return JSON.parse(output!) as T;
      if (status !== 'RUNNING' && status !== 'PENDING_REDRIVE')
        throw new CommandFailed(`the run ${status?.toLowerCase()}: ${cause ?? error ?? executionArn}`);
      await sleep(LOOK_MS);
    }
  }

  async #last() {
    const { executions = [] } = await this.#client.send(
      new ListExecutionsCommand({ stateMachineArn: this.stateMachineArn, maxResults: 1 }),
    );
    return executions[0];
  }

  /** Two at once would ask for the same pictures twice. */
  async #refuseSecond(): Promise<void> {
    const last = await this.#last();
    if (last?.status === 'RUNNING')
      throw new CommandFailed(
        `a run is under way since ${last.startDate?.toISOString()}; likeness status shows how far`,
      );
  }
}
