/** One deployed function on this machine: its process, behind its role, with what is measured of it. */

import { LocalLambda } from './lambda/local-lambda.ts';
import { S3Guard } from './s3-guard/s3-guard.ts';
import type { DeployedFunction } from './template/cloud-assembly.ts';
import { type Access, allows, type Permission, permissionsOf } from './template/policy.ts';

export interface S3Access {
  readonly endpoint: string;
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
}

const REGION = 'eu-central-1';

export class RunningFunction {
  /** Milliseconds of each cold start. */
  readonly coldStarts: number[] = [];
  #peakBytes = 0;
  #lambda: LocalLambda | undefined;

  private constructor(
    readonly name: string,
    readonly deployed: DeployedFunction,
    readonly guard: S3Guard,
    private readonly s3: S3Access,
  ) {}

  static async start(name: string, deployed: DeployedFunction, s3: S3Access): Promise<RunningFunction> {
    const guard = await S3Guard.start(s3.endpoint, s3PermissionsOf(deployed));
    const running = new RunningFunction(name, deployed, guard, s3);
    await running.restart();
    return running;
  }

  /** Ends the process and starts a new one, as Lambda does when it pleases. */
  async restart(): Promise<void> {
    await this.#end();
    const { code, environment, ...settings } = this.deployed;
    this.#lambda = await LocalLambda.start({
      ...settings,
      name: this.name,
      task: code,
      region: REGION,
      environment: {
        ...environment,
        LIKENESS_S3_ENDPOINT: this.guard.endpoint,
        AWS_ACCESS_KEY_ID: this.s3.accessKeyId,
        AWS_SECRET_ACCESS_KEY: this.s3.secretAccessKey,
      },
    });
    this.coldStarts.push(this.#lambda.initMs);
  }

  /** @throws FunctionFailed */
  invoke(event: unknown): Promise<unknown> {
    return this.#running.invoke(event);
  }

  /** What its process wrote to its log since it was started. */
  get log(): string {
    return this.#running.log;
  }

  /** How its memory is limited. */
  get limitedBy(): string {
    return this.#running.limitedBy;
  }

  /** The most memory that one of its processes had resident, in bytes. */
  get peakBytes(): number {
    this.#peakBytes = Math.max(this.#peakBytes, this.#lambda?.peakBytes() ?? 0);
    return this.#peakBytes;
  }

  /** The memory that its process has resident now, in bytes. */
  get residentBytes(): number {
    return this.#running.residentBytes();
  }

  /** Permissions that its role has and that nothing it did needed. */
  get unused(): Permission[] {
    return s3PermissionsOf(this.deployed).filter(
      (permission) => !this.guard.used.some((access) => allows(permission, access)),
    );
  }

  /** What it tried and its role does not permit. */
  get refused(): readonly Access[] {
    return this.guard.refused;
  }

  async stop(): Promise<void> {
    await this.#end();
    this.guard.close();
  }

  get #running(): LocalLambda {
    if (!this.#lambda) throw new Error(`${this.name} does not run`);
    return this.#lambda;
  }

  async #end(): Promise<void> {
    if (!this.#lambda) return;
    this.#peakBytes = this.peakBytes;
    await this.#lambda.stop();
    this.#lambda = undefined;
  }
}

const s3PermissionsOf = ({ statements }: DeployedFunction): Permission[] =>
  permissionsOf(statements).filter(({ action }) => action.startsWith('s3:'));
