/** What a compaction says of itself. */

export interface CompactionReport {
  /**
   * `idle`: there was nothing to do. `committed`: this run made the highest generation, or did when it committed.
   * `lost`: another run was first; nothing is lost but the work.
   */
  readonly outcome: 'idle' | 'committed' | 'lost';
  /** The highest generation that this run knows of; 0 when there is none. */
  readonly generation: number;
  /** Rows in the index, dead ones included. */
  readonly rows: number;
  /** Pictures in the index. */
  readonly live: number;
  /** Appends that this run put into the index. */
  readonly folded: number;
  /** Appends that wait for the next run, being more than one commit takes. */
  readonly pending: number;
  readonly rowsAdded: number;
  readonly rowsDied: number;
  /** Whether a new lineage was begun, without the dead rows. */
  readonly rewritten: boolean;
  /** Objects that were deleted as no longer needed. */
  readonly deleted: number;
  /** Appends that cannot be read; they stay where they are, and `verify` tells of them. */
  readonly unreadable: readonly string[];
  /** How long the oldest append had waited that this run found, at its end. */
  readonly oldestWaitMs: number;
}

export const NOTHING_DONE: CompactionReport = {
  outcome: 'idle',
  generation: 0,
  rows: 0,
  live: 0,
  folded: 0,
  pending: 0,
  rowsAdded: 0,
  rowsDied: 0,
  rewritten: false,
  deleted: 0,
  unreadable: [],
  oldestWaitMs: 0,
};
