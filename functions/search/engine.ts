/** What searches read: the index in memory, or, where the far index is chosen, that one. */

import type { Damage } from '../../vectorlog/commit/newest-manifest.ts';
import type { FarReader } from '../../vectorlog/far/far-reader.ts';
import type { FarView } from '../../vectorlog/far/far-view.ts';
import type { Entry } from '../../vectorlog/log/record.ts';
import { IndexTooLarge } from '../../vectorlog/read/errors.ts';
import type { Consistency } from '../../vectorlog/read/follower.ts';
import type { LiveIndex } from '../../vectorlog/read/live-index.ts';
import type { View, ViewResult, ViewSearch } from '../../vectorlog/read/view.ts';

/** What both kinds of views can do. */
export interface SearchView {
  /** Appends that the view does not take in. */
  readonly pending: number;
  find(key: string): Entry | undefined | Promise<Entry | undefined>;
  embedding(key: string): Promise<Float32Array | undefined>;
  search(queries: readonly Float32Array[], options: ViewSearch): Promise<ViewResult>;
}

/** A view, and which of the two it is. */
export type Reading =
  | { readonly view: View; readonly far?: undefined }
  | { readonly view: FarView; readonly far: FarView };

export class Engine {
  constructor(
    private readonly live: LiveIndex,
    private readonly far: FarReader | undefined,
  ) {}

  /** Appends that the latest search did not take in. */
  get pending(): number {
    return Math.max(this.live.pending, this.far?.pending ?? 0);
  }

  /** Manifests that cannot be read, as the latest search found them. */
  get damage(): Damage | undefined {
    return this.live.damage ?? this.far?.damage;
  }

  /**
   * Does some work on the index as it is now: work that goes through all rows in memory, whatever the engine. While its rows are still on their way to the far index, the index in memory
   * goes on answering, as long as it fits there.
   *
   * @throws what LiveIndex and FarReader throw
   */
  async read<T>(
    consistency: Consistency,
    needs: 'near rows' | 'all rows',
    work: (reading: Reading) => Promise<T> | T,
  ): Promise<T> {
    if (!this.far || needs === 'all rows') return this.live.read(consistency, (view) => work({ view }));
    return this.far.read(consistency, async (view) => {
      if (view.unreachable === 0) return work({ view, far: view });
      try {
        return await this.live.read(consistency, (inMemory) => work({ view: inMemory }));
      } catch (error) {
        if (!(error instanceof IndexTooLarge)) throw error;
        return work({ view, far: view });
      }
    });
  }
}

/** What an answer says of the engine that it is from. */
export const aboutEngine = ({ far }: Reading) =>
  far
    ? {
        engine: 's3-vectors' as const,
        exact: false,
        ...(far.unreachable > 0 && { unreachable: far.unreachable }),
        ...(far.recall && { recall: far.recall }),
      }
    : { engine: 'memory' as const, exact: true };
