/** Runs seeds in as many processes as the machine has cores. */

import { spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { bundleSimulation, type Patch } from './bundle.ts';
import type { WorkerResult } from './worker.ts';

export interface SeedsOptions {
  /** @default 1 */
  readonly firstSeed?: number;
  /** How many at the most. @default no limit */
  readonly seeds?: number;
  /** Seconds to go on beginning new ones. @default no limit */
  readonly seconds?: number;
  /** @default as many as there are cores */
  readonly processes?: number;
  readonly patches?: readonly Patch[];
  /** Writes every change of the store to standard error. */
  readonly trace?: boolean;
}

/** Seeds of one worker: those that die in them leave memory behind, of which a process has only so many addresses. */
const SEEDS_A_WORKER = 150;

/** Seeds that ran, and the lowest that failed. */
export async function runSeeds(options: SeedsOptions): Promise<WorkerResult> {
  const { firstSeed = 1, seeds = 1e9, seconds = 1e9, patches = [], trace = false } = options;
  const processes = Math.min(options.processes ?? availableParallelism(), seeds);
  const folder = await mkdtemp(join(tmpdir(), 'likeness-simulation-'));
  try {
    const bundle = join(folder, 'simulation.mjs');
    await bundleSimulation(bundle, patches);
    const results = await Promise.all(
      Array.from({ length: processes }, (_, i) =>
        runWorkers({
          bundle,
          from: firstSeed + i,
          step: processes,
          seeds: Math.ceil((seeds - i) / processes),
          seconds,
          trace,
        }),
      ),
    );
    const failures = results.flatMap(({ failure }) => failure ?? []).sort((a, b) => a.seed - b.seed);
    return { ...together(results), ...(failures[0] && { failure: failures[0] }) };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

interface Share {
  readonly bundle: string;
  readonly from: number;
  readonly step: number;
  readonly seeds: number;
  readonly seconds: number;
  readonly trace: boolean;
}

/** One worker after the other, until one fails, all seeds have run or the time is over. */
async function runWorkers({ bundle, from, step, seeds, seconds, trace }: Share): Promise<WorkerResult> {
  const deadline = performance.now() + seconds * 1_000;
  const results: WorkerResult[] = [];
  for (let done = 0; done < seeds && performance.now() < deadline; done += SEEDS_A_WORKER) {
    const result = await runWorker(bundle, [
      `--from=${from + done * step}`,
      `--step=${step}`,
      `--seeds=${Math.min(SEEDS_A_WORKER, seeds - done)}`,
      `--seconds=${(deadline - performance.now()) / 1_000}`,
      ...(trace ? ['--trace'] : []),
    ]);
    results.push(result);
    if (result.failure) return { ...together(results), failure: result.failure };
  }
  return together(results);
}

const together = (results: readonly WorkerResult[]): Omit<WorkerResult, 'failure'> => ({
  seeds: sum(results.map((result) => result.seeds)),
  checks: sum(results.map((result) => result.checks)),
});

function runWorker(bundle: string, options: readonly string[]): Promise<WorkerResult> {
  return new Promise((resolve, reject) => {
    const worker = spawn(process.execPath, ['--enable-source-maps', bundle, ...options], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    let output = '';
    worker.stdout.on('data', (chunk: Buffer) => {
      output += chunk;
    });
    worker.on('error', reject);
    worker.on('close', (code) => {
      if (code === 0) resolve(JSON.parse(output) as WorkerResult);
      else reject(new Error(`a worker of the simulation ended with ${code}: ${output}`));
    });
  });
}

const sum = (numbers: readonly number[]): number => numbers.reduce((total, number) => total + number, 0);
