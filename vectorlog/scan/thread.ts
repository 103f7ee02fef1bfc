/** One thread's hands on the rows: the kernel over each segment that it was given. */

import type { RowJob, SegmentGrant } from './job.ts';
import { instantiate, type Kernel } from './kernel.ts';
import { type BlockLayout, blockLayout, UNIT_ROWS } from './layout.ts';

export interface SegmentView {
  readonly kernel: Kernel;
  readonly memory: WebAssembly.Memory;
  readonly layout: BlockLayout;
}

/** A row's segment, and its number there. */
export interface Place {
  readonly segment: SegmentView;
  readonly local: number;
}

/** Rows that lie together; the place is the first one's. */
export interface Unit extends Place {
  readonly row: number;
  readonly rows: number;
}

export class Thread {
  readonly #segments = new Map<number, SegmentView>();

  /** @param number 0 is the main thread, workers follow */
  constructor(
    readonly number: number,
    private readonly module: WebAssembly.Module,
  ) {}

  /** Makes a segment's memory reachable; again does nothing. */
  grant({ id, memory, coded }: SegmentGrant): void {
    if (this.#segments.has(id)) return;
    this.#segments.set(id, { kernel: instantiate(this.module, memory), memory, layout: blockLayout(coded) });
  }

  /** The `turn`th unit of a job; `undefined` past its last. */
  unit(job: RowJob, turn: number): Unit | undefined {
    const first = (Math.floor(job.start / UNIT_ROWS) + turn) * UNIT_ROWS;
    const row = Math.max(first, job.start);
    const rows = Math.min(first + UNIT_ROWS, job.end) - row;
    if (rows <= 0) return undefined;
    return { ...this.place(job, row), row, rows };
  }

  /** Where a row lies. */
  place(job: RowJob, row: number): Place {
    const segment = this.#segments.get(job.segments[Math.floor(row / job.segmentRows)]!)!;
    return { segment, local: row % job.segmentRows };
  }
}
