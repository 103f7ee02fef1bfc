/** The real server in a process of its own, over a library in a temporary folder, and the checks that must hold after any fault. */

import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { type Client, createClient } from '../../client/client.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const CLI = join(ROOT, 'dist', 'likeness.cjs');

/** A loaded machine takes its time; what is not well by then never will be. */
const PATIENCE_MS = 60_000;

export interface StartOptions {
  /** A command that starts the server: `['setpriv', '--reuid', '65534']`. */
  readonly through?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  readonly flags?: readonly string[];
  /** Does not wait for an answer. */
  readonly wait?: boolean;
}

export class ServedLibrary {
  port = 0;
  #server: ChildProcess | undefined;
  #log = '';

  private constructor(
    /** Holds everything of this library. */
    readonly base: string,
    readonly folder: string,
    readonly index: string,
    private readonly model: string,
  ) {}

  /** @param model the folder of the model */
  static async make(model: string): Promise<ServedLibrary> {
    const base = await mkdtemp(join(tmpdir(), 'likeness-faults-'));
    return new ServedLibrary(base, join(base, 'pictures'), join(base, 'index'), model);
  }

  get client(): Client {
    return createClient({ endpoint: `http://127.0.0.1:${this.port}` });
  }

  /** What the servers said so far. */
  get log(): string {
    return this.#log;
  }

  get isRunning(): boolean {
    return this.#server !== undefined && this.#server.exitCode === null && this.#server.signalCode === null;
  }

  async start({ through = [], env = {}, flags = [], wait = true }: StartOptions = {}): Promise<void> {
    this.port ||= await freePort();
    this.#server = this.spawn(this.port, { through, env, flags });
    if (wait) await until('the server answers', () => this.client.health());
  }

  /** A server of this library on any port, which is nobody's to stop but the caller's. */
  spawn(port: number, { through = [], env = {}, flags = [] }: StartOptions = {}): ChildProcess {
    const serve = ['serve', this.folder, '--index', this.index, '--port', String(port), ...flags];
    const [command, ...args] = [...through, process.execPath, CLI, ...serve];
    const server = spawn(command!, args, {
      env: { ...this.#env(), ...env },
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    server.stderr!.on('data', (text: Buffer) => {
      this.#log = (this.#log + text).slice(-20_000);
    });
    return server;
  }

  async end(signal: NodeJS.Signals = 'SIGKILL'): Promise<number | null> {
    if (!this.isRunning) return null;
    const exited = once(this.#server!, 'exit');
    this.#server!.kill(signal);
    const [code] = await Promise.race([
      exited,
      // A run does not wait for the patience that was not needed.
      sleep(PATIENCE_MS, undefined, { ref: false }).then(() => {
        throw new Error(`the server did not end on ${signal}`);
      }),
    ]);
    return code as number | null;
  }

  /** Another command on this library, while the server runs or not. */
  command(
    name: string,
    ...flags: string[]
  ): { readonly child: ChildProcess; readonly done: Promise<string> } {
    let child: ChildProcess | undefined;
    const done = new Promise<string>((resolve, reject) => {
      child = execFile(
        process.execPath,
        [CLI, name, this.folder, '--index', this.index, ...flags],
        { env: this.#env() },
        (error, out, err) =>
          error ? reject(new Error(`${name}: ${out}${err}`, { cause: error })) : resolve(out),
      );
    });
    return { child: child!, done };
  }

  /** What is on disk: the truth that the index has to follow. */
  async files(): Promise<Map<string, Buffer>> {
    const names = await readdir(this.folder, { recursive: true });
    const pictures = names.filter((name) => name.endsWith('.png') && !name.startsWith('.')).sort();
    const entries = await Promise.all(
      pictures.map(async (name) => [name, await readFile(join(this.folder, name))] as const),
    );
    return new Map(entries);
  }

  /** Every picture on disk is found, by key and by its looks, nothing else is, and `verify` finds no damage. */
  async assertSound(expected?: ReadonlyMap<string, Buffer>): Promise<void> {
    const truth = expected ?? (await this.files());
    await until('the index follows the folder', async () => {
      const { items } = await this.client.images({ limit: 1_000 });
      const [found, wanted] = [items.map(({ key }) => key).join(), [...truth.keys()].sort().join()];
      if (found !== wanted) throw new Error(`found ${found}; wanted ${wanted}; ${this.log.slice(-2_000)}`);
      const { queue } = await this.client.stats();
      if (queue?.waiting) throw new Error(`${queue.waiting} events wait`);
    });
    await until('every picture is found by its looks', async () => {
      for (const [key, image] of truth) {
        const { results } = await this.client.search({ image }, { k: truth.size });
        const same = results.filter(({ score }) => score > 0.9999).map((result) => result.key);
        if (!same.includes(key)) throw new Error(`"${key}" is not found by its looks, but ${same.join()}`);
      }
    });
    await until('verify finds no damage', () => this.command('verify').done);
  }

  async remove(): Promise<void> {
    await this.end();
    await rm(this.base, { recursive: true, force: true });
  }

  #env(): NodeJS.ProcessEnv {
    return { ...process.env, LIKENESS_MODEL_FOLDER: this.model };
  }
}

/** Tries until it succeeds. @throws the last reason, when patience is over */
export async function until<T>(
  what: string,
  attempt: () => Promise<T>,
  patienceMs = PATIENCE_MS,
): Promise<T> {
  const end = Date.now() + patienceMs;
  for (;;) {
    try {
      return await attempt();
    } catch (cause) {
      if (Date.now() > end)
        throw new Error(`it never came about that ${what}: ${(cause as Error).message}`, { cause });
      await sleep(50);
    }
  }
}

/** Waits until health is so, and for this reason. */
export const untilStatus = (library: ServedLibrary, wanted: 'ok' | 'degraded', reason?: string) =>
  until(
    `health is ${wanted} ${reason ?? ''}`,
    async () => {
      const { status, reasons = [] } = await library.client.health();
      const fits = status === wanted && (!reason || reasons.some(({ code }) => code === reason));
      if (!fits) throw new Error(`${status}: ${reasons.map(({ message }) => message).join('; ')}`);
    },
    120_000,
  );

export async function freePort(): Promise<number> {
  const probe = createServer().listen(0, '127.0.0.1');
  await once(probe, 'listening');
  const { port } = probe.address() as { port: number };
  probe.close();
  return port;
}
