/** One Lambda function on this machine, in surroundings as near to Lambda's as the machine permits. */

import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { processMemory } from '../../process-memory.ts';
import { Limits } from './limits.ts';
import { FunctionFailed, RuntimeApi } from './runtime-api.ts';
import { type RuntimeFiles, runtimeFiles } from './runtime-files.ts';

export interface LambdaSettings {
  readonly name: string;
  readonly handler: string;
  /** As the template names it, such as `nodejs24.x`. */
  readonly runtime: string;
  /** Unpacked code; becomes /var/task. */
  readonly task: string;
  /** Unpacked layer; becomes /opt. */
  readonly layer: string | undefined;
  readonly memoryMegabytes: number;
  readonly tmpMegabytes: number;
  readonly timeoutMs: number;
  /** `JSON` or `Text`. */
  readonly logFormat: string;
  /** The function's own variables. */
  readonly environment: Readonly<Record<string, string>>;
  readonly region: string;
}

/** This machine cannot give a process a file system of its own. */
export class SandboxImpossible extends Error {
  override readonly name = 'SandboxImpossible';
}

/** Namespaces as root, or as an ordinary user where the kernel lets one. */
function namespaces(): { readonly options: readonly string[]; readonly user: string } {
  const common = ['--mount', '--pid', '--fork', '--kill-child'];
  const asRoot = { options: common, user: '993:990' };
  const asUser = { options: ['--user', '--map-root-user', ...common], user: '' };
  for (const way of process.getuid?.() === 0 ? [asRoot, asUser] : [asUser]) {
    if (spawnSync('unshare', [...way.options, 'mount', '-t', 'tmpfs', 'none', '/mnt']).status === 0)
      return way;
  }
  throw new SandboxImpossible(
    'the deployed packages can only be tried on Linux, as root or where users may make namespaces (unshare --user)',
  );
}

export class LocalLambda {
  readonly #api: RuntimeApi;
  readonly #limits: Limits;
  readonly #child: ChildProcess;
  readonly #root: string;
  readonly #log: string[] = [];
  #initMs = 0;

  private constructor(
    readonly settings: LambdaSettings,
    api: RuntimeApi,
    files: RuntimeFiles,
  ) {
    const { name, memoryMegabytes } = settings;
    this.#api = api;
    this.#limits = Limits.create(name, memoryMegabytes);
    this.#root = mkdtempSync(join(tmpdir(), 'likeness-lambda-'));
    this.#child = spawn('unshare', this.#command(files), { stdio: ['ignore', 'pipe', 'pipe'] });
    for (const stream of [this.#child.stdout, this.#child.stderr]) {
      stream?.setEncoding('utf8').on('data', (text: string) => this.#log.push(text));
    }
    this.#child.on('exit', (code, signal) =>
      api.fail(new FunctionFailed('Runtime.ExitError', `${name} ended with ${signal ?? code}`, [this.log])),
    );
  }

  /** Starts the process, as Lambda does for the first event, and waits until it is initialised. */
  static async start(settings: LambdaSettings): Promise<LocalLambda> {
    const api = await RuntimeApi.start(
      `arn:aws:lambda:${settings.region}:000000000000:function:${settings.name}`,
    );
    const files = runtimeFiles(settings.runtime);
    const begun = performance.now();
    const lambda = new LocalLambda(settings, api, files);
    try {
      await api.ready();
    } catch (error) {
      await lambda.stop();
      throw error;
    }
    lambda.#initMs = performance.now() - begun;
    return lambda;
  }

  /** @returns what the handler returned. @throws FunctionFailed with its log */
  invoke(event: unknown): Promise<unknown> {
    return this.#api.invoke(event, this.settings.timeoutMs);
  }

  /** Milliseconds from the start of the process until it asked for its first event. */
  get initMs(): number {
    return this.#initMs;
  }

  /** What the function wrote to its log. */
  get log(): string {
    return this.#log.join('');
  }

  /** How its memory is limited, for the report. */
  get limitedBy(): string {
    return this.#limits.by;
  }

  /** The most memory that its process had resident, in bytes. */
  peakBytes(): number {
    return processMemory(this.#pid())?.most ?? 0;
  }

  /** The memory that its process has resident now, in bytes. */
  residentBytes(): number {
    return processMemory(this.#pid())?.now ?? 0;
  }

  /** Of the function's process, which is the only child of unshare. */
  #pid(): number {
    const { pid } = this.#child;
    return Number(readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim());
  }

  async stop(): Promise<void> {
    if (this.#child.exitCode === null && this.#child.signalCode === null) {
      const gone = once(this.#child, 'exit');
      // unshare waits for it, through any signal of its own.
      process.kill(this.#pid(), 'SIGKILL');
      await gone;
    }
    this.#limits.remove();
    this.#api.close();
    rmdirSync(this.#root);
  }

  #command({ node, runtime }: RuntimeFiles): string[] {
    const { task, layer, tmpMegabytes } = this.settings;
    const { options, user } = namespaces();
    return [
      ...options,
      'bash',
      join(import.meta.dirname, 'sandbox.sh'),
      ...[this.#root, task, layer ?? '', runtime, node, String(tmpMegabytes), user],
      ...[this.#limits.members.join(':'), '--'],
      ...Object.entries(this.#environment()).map(([name, value]) => `${name}=${value}`),
      '--',
      ...['--require', '/var/runtime/rapid-client.cjs', '/var/runtime/index.mjs'],
    ];
  }

  /** As https://docs.aws.amazon.com/lambda/latest/dg/configuration-envvars.html has them, then the function's own. */
  #environment(): Record<string, string> {
    const { name, handler, memoryMegabytes, region, logFormat, environment } = this.settings;
    return {
      _HANDLER: handler,
      AWS_LAMBDA_RUNTIME_API: this.#api.address,
      AWS_LAMBDA_FUNCTION_NAME: name,
      AWS_LAMBDA_FUNCTION_MEMORY_SIZE: String(memoryMegabytes),
      AWS_LAMBDA_FUNCTION_VERSION: '$LATEST',
      AWS_LAMBDA_INITIALIZATION_TYPE: 'on-demand',
      AWS_LAMBDA_LOG_FORMAT: logFormat,
      AWS_LAMBDA_LOG_GROUP_NAME: `/aws/lambda/${name}`,
      AWS_LAMBDA_LOG_STREAM_NAME: 'local',
      AWS_EXECUTION_ENV: `AWS_Lambda_${this.settings.runtime}`,
      AWS_REGION: region,
      AWS_DEFAULT_REGION: region,
      AWS_XRAY_CONTEXT_MISSING: 'LOG_ERROR',
      AWS_XRAY_DAEMON_ADDRESS: '127.0.0.1:2000',
      LAMBDA_TASK_ROOT: '/var/task',
      LAMBDA_RUNTIME_DIR: '/var/runtime',
      LANG: 'en_US.UTF-8',
      LD_LIBRARY_PATH:
        '/var/lang/lib:/lib64:/usr/lib64:/var/runtime:/var/runtime/lib:/var/task:/var/task/lib:/opt/lib',
      NODE_PATH:
        '/opt/nodejs/node24/node_modules:/opt/nodejs/node_modules:/var/runtime/node_modules:/var/runtime:/var/task',
      PATH: '/var/lang/bin:/usr/local/bin:/usr/bin/:/bin:/opt/bin',
      TZ: ':UTC',
      ...environment,
    };
  }
}
