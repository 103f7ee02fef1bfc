/** Holds a process to a function's memory and CPU by control groups, of version 2 or 1, whichever this machine has. */

import { existsSync, mkdirSync, rmdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const CGROUPS = '/sys/fs/cgroup';
const CPU_PERIOD_US = 100_000;
/** Lambda gives one virtual CPU for this much memory, and a share of it for less. */
const MEGABYTES_PER_CPU = 1_769;

interface Controller {
  readonly folder: string;
  readonly settings: Readonly<Record<string, string>>;
}

export class Limits {
  private constructor(
    /** How the limits are held, for the report. */
    readonly by: string,
    private readonly controllers: readonly Controller[],
  ) {}

  /** Makes the groups; where that is not permitted, limits that limit nothing and say so. */
  static create(name: string, megabytes: number): Limits {
    const group = `likeness-${process.pid}-${name}`;
    const bytes = String(megabytes * 1024 * 1024);
    const quota = String(Math.ceil((CPU_PERIOD_US * megabytes) / MEGABYTES_PER_CPU));
    const version2 = existsSync(join(CGROUPS, 'cgroup.controllers'));
    const controllers = version2
      ? [
          {
            folder: join(CGROUPS, group),
            settings: { 'memory.max': bytes, 'memory.swap.max': '0', 'cpu.max': `${quota} ${CPU_PERIOD_US}` },
          },
        ]
      : [
          { folder: join(CGROUPS, 'memory', group), settings: { 'memory.limit_in_bytes': bytes } },
          {
            folder: join(CGROUPS, 'cpu', group),
            settings: { 'cpu.cfs_period_us': String(CPU_PERIOD_US), 'cpu.cfs_quota_us': quota },
          },
        ];
    const limits = new Limits(version2 ? 'cgroup v2' : 'cgroup v1', controllers);
    try {
      for (const { folder, settings } of controllers) {
        mkdirSync(folder);
        for (const [file, value] of Object.entries(settings)) writeFileSync(join(folder, file), value);
      }
      return limits;
    } catch (error) {
      limits.remove();
      return new Limits(`nothing (control groups cannot be made here: ${(error as Error).message})`, []);
    }
  }

  /** Files to write a process id to, to put the process and its children under the limits. */
  get members(): string[] {
    return this.controllers.map(({ folder }) => join(folder, 'cgroup.procs'));
  }

  /** After the last process ended. */
  remove(): void {
    for (const { folder } of this.controllers) if (existsSync(folder)) rmdirSync(folder);
  }
}
