/** What an event says about one picture. */

import type { KeyState } from '../../vectorlog/log/record.ts';

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
  /** Whether it was found by a look at the bucket: the key may well have been like that before. */
  readonly found?: true;
}

/** The key was deleted, or a backfill missed it. */
export type DeleteChange = ChangeOf<'delete'>;

export type Change = PutChange | DeleteChange;

/**
 * Something happened to a key, and only the bucket knows what it is now: a version of it was deleted or restored, and
 * the event does not say whether that was the one that readers get.
 */
export interface LookChange {
  readonly op: 'look';
  readonly key: string;
  /** `undefined` for a restore, whose events need not have a sequencer. */
  readonly version: string | undefined;
  /** Whether the event says that the key was deleted, and names no version of it: where none are kept, it is gone. */
  readonly deleted?: true;
}

/** A picture is indexed and has no small copy beside the index: a backfill found it. */
export interface ThumbnailChange {
  readonly op: 'thumbnail';
  readonly key: string;
  /** What the index knows of the key. */
  readonly version: string | undefined;
  readonly eTag: string;
  /** Bytes. */
  readonly size: number;
}

/** What a message can ask for. */
export type Request = Change | LookChange | ThumbnailChange;

/** The empty object that S3's console makes for a folder is no picture. */
export const isFolderMarker = (key: string, size: number): boolean => key.endsWith('/') && size === 0;
