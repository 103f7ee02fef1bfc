/** What an event says about one picture. */

import type { KeyState } from '../../vectorlog/log/key-state.ts';

interface ChangeOf<Op extends string> {
  readonly op: Op;
  readonly key: string;
  /** The S3 event's sequencer; `undefined` when a backfill found the change. */
  readonly version: string | undefined;
  /** There exactly when `version` is not: what the backfill knew of the key. */
  readonly basis?: KeyState;
}

/** The key was written, or found by a backfill. */
export interface PutChange extends ChangeOf<'put'> {
  readonly eTag: string;
  /** Bytes. */
  readonly size: number;
}

/** The key was deleted, or a backfill missed it. */
export type DeleteChange = ChangeOf<'delete'>;

export type Change = PutChange | DeleteChange;

/** The empty object that S3's console makes for a folder is no picture. */
export const isFolderMarker = (key: string, size: number): boolean => key.endsWith('/') && size === 0;
