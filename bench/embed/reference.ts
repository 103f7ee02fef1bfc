/** The reference stack as a child process that is asked for one timed run at a time. */

import { type ChildProcess, spawn } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { DIMENSIONS } from '../../pictures/dimensions.ts';

const SCRIPT = fileURLToPath(new URL('reference.py', import.meta.url));

export interface ReferenceOptions {
  /** A Python that has torch, torchvision and Pillow. */
  readonly python: string;
  readonly threads: number;
  /** A `.pth` file; the same network with random weights when not given. */
  readonly weights: string | undefined;
  /** A folder for vectors on their way. */
  readonly scratch: string;
}

export interface Run {
  readonly seconds: number;
  readonly vectors: readonly Float32Array[];
}

export class Reference {
  private constructor(
    private readonly child: ChildProcess,
    private readonly lines: AsyncIterator<string>,
    /** Of torch, torchvision and Pillow. */
    readonly versions: Readonly<Record<string, string>>,
  ) {}

  static async start({ python, threads, weights = '', scratch }: ReferenceOptions): Promise<Reference> {
    const child = spawn(python, [SCRIPT, String(threads), weights, scratch], {
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    const failed = new Promise<never>((_, reject) => child.once('error', reject));
    const lines = createInterface({ input: child.stdout! })[Symbol.asyncIterator]();
    const first = await Promise.race([lines.next(), failed]);
    if (first.done)
      throw new Error(`${python} cannot run the reference; it needs torch, torchvision and Pillow`);
    return new Reference(child, lines, JSON.parse(first.value));
  }

  /** Embeds the named files of a folder, `batch` at a time; reading them from disk is not timed. */
  async run(folder: string, names: readonly string[], batch: number): Promise<Run> {
    this.child.stdin!.write(`${JSON.stringify({ folder, names, batch })}\n`);
    const answer = await this.lines.next();
    if (answer.done) throw new Error('the reference stopped');
    const { seconds, vectors } = JSON.parse(answer.value) as { seconds: number; vectors: string };
    const all = new Float32Array(new Uint8Array(await readFile(vectors)).buffer);
    return { seconds, vectors: names.map((_, i) => all.subarray(i * DIMENSIONS, (i + 1) * DIMENSIONS)) };
  }

  stop(): void {
    this.child.stdin!.end();
  }
}
