/** Where deleted pictures wait until they are gone for good: the port, and what can go wrong with it. */

import { LikenessError } from '../../vectorlog/errors.ts';
import type { SeenFacts } from '../attributes.ts';

/** A deletion, with what the index knew of the picture where that is known. */
export interface TrashedPicture extends SeenFacts {
  /** Names this deletion; a key can be in the trash several times. */
  readonly id: string;
  readonly key: string;
  /** Bytes. */
  readonly size: number;
  readonly contentType?: string | undefined;
  /** Which bytes: by these the index may still know the picture, where the trash itself has written nothing down of it. */
  readonly eTag?: string | undefined;
  /** Milliseconds since the Unix epoch. */
  readonly deletedAt: number;
}

export interface TrashPage {
  /** On one machine the last deletion first, in a bucket by key; may be empty though more follow. */
  readonly pictures: readonly TrashedPicture[];
  /** The id to go on after; absent on the last page. */
  readonly next?: string | undefined;
}

export interface Emptied {
  readonly pictures: number;
  /** Bytes that are free now. */
  readonly bytes: number;
}

export interface Trash {
  /** Whether deletions are kept at all; a bucket without versions keeps none. */
  keeps(): Promise<boolean>;
  /** Days after which a picture goes for good by itself; `undefined` when none does. */
  readonly keptDays: number | undefined;
  /** @throws NotInTrash when nothing can ever have had the id `after` */
  list(options: { after?: string | undefined; limit: number }): Promise<TrashPage>;
  /**
   * Puts a picture back under its key.
   *
   * @throws NotInTrash when there is no such deletion; KeyTaken when the key cannot have it now; what a store throws when the
   *   place is away: then it stays in the trash
   */
  restore(id: string): Promise<TrashedPicture>;
  /** Puts back what was deleted last under a key. @throws NotInTrash, KeyTaken */
  restoreKey(key: string): Promise<TrashedPicture>;
  /**
   * Removes pictures for good: those of `ids`, else those deleted before `before`, else all.
   *
   * @throws TrashKeepsItself where the store alone decides when a picture goes
   */
  empty(which: { ids?: readonly string[] | undefined; before?: number | undefined }): Promise<Emptied>;
}

/** There is no such deletion in the trash; it was restored, or is gone for good. */
export class NotInTrash extends LikenessError {
  readonly retryable = false;
}

/** The key of a picture in the trash has another picture now, or is one that no picture can have any more. */
export class KeyTaken extends LikenessError {
  readonly retryable = false;
  constructor(
    readonly key: string,
    message = `"${key}" has another picture now; move that one away, then restore`,
  ) {
    super(message);
  }
}

/** Old versions of a bucket go by the bucket's own rule. */
export class TrashKeepsItself extends LikenessError {
  readonly retryable = false;
}
