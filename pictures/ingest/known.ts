/** What the index knows of pictures, all of it in memory: what a bucket is compared with. */

import { type KeyStates, readKeyStates } from '../../vectorlog/commit/key-states.ts';
import { ABSENT, type KeyState } from '../../vectorlog/log/record.ts';
import type { ObjectInfo, ObjectStore } from '../../vectorlog/store/object-store.ts';
import { belongs, type PictureFilter } from '../picture-names.ts';
import { keptThumbnails, ThumbnailSet } from '../thumbnails/kept.ts';
import { thumbnailName } from '../thumbnails/thumbnails.ts';
import { isFolderMarker } from './change.ts';
import { readRejection, rejectedNames, rejectionName } from './rejections.ts';

/** One key, and what is different about it. */
export interface Comparison {
  readonly key: string;
  /**
   * `same`: indexed as it is, or rejected as it is. `missing`: in the bucket and not in the index. `changed`: indexed
   * with another eTag. `bare`: indexed as it is, without its small copy. `gone`: indexed, and not in the bucket.
   * `archived`: not indexed, and in an archive, which tells of it when it is restored.
   */
  readonly verdict: 'same' | 'missing' | 'changed' | 'bare' | 'gone' | 'archived';
  /** What the index knows of the key. */
  readonly known: KeyState;
  /** What the bucket has under the key. */
  readonly picture: ObjectInfo | undefined;
}

export class Known {
  private constructor(
    private readonly index: ObjectStore,
    readonly states: KeyStates,
    private readonly rejected: ReadonlySet<string>,
    private readonly thumbnails: ThumbnailSet | undefined,
  ) {}

  /**
   * Reads what is known now.
   *
   * @param thumbnails whether pictures are to have small copies; `where-any` are: if any are there
   */
  static async read(index: ObjectStore, thumbnails: boolean | 'where-any' = false): Promise<Known> {
    const rejected = await rejectedNames(index);
    const states = await readKeyStates(index);
    const kept = thumbnails === false ? undefined : await keptThumbnails(index);
    const areMade = thumbnails === true || (kept !== undefined && kept.size > 0);
    return new Known(index, states, rejected, areMade ? kept : undefined);
  }

  /** The names of all small copies that pictures of the index have or should have. */
  expected(): ThumbnailSet {
    const expected = new ThumbnailSet();
    for (const [key, state] of this.states)
      if (state.state === 'live') expected.add(thumbnailName({ key, ...state }));
    return expected;
  }

  /** What is different about a picture of the bucket; `undefined` for what the filter does not take, and folders. */
  async compare(picture: ObjectInfo, filter: PictureFilter): Promise<Comparison | undefined> {
    const { key, eTag, size } = picture;
    if (isFolderMarker(key, size) || !belongs(key, filter)) return undefined;
    const known = this.states.get(key) ?? ABSENT;
    if (known.state === 'live') {
      const isBare = this.thumbnails?.has(thumbnailName({ key, ...known })) === false;
      return { key, verdict: known.eTag !== eTag ? 'changed' : isBare ? 'bare' : 'same', known, picture };
    }
    if (picture.isArchived) return { key, verdict: 'archived', known, picture };
    return { key, verdict: (await this.#isRejected(picture)) ? 'same' : 'missing', known, picture };
  }

  async #isRejected({ key, eTag }: ObjectInfo): Promise<boolean> {
    if (!this.rejected.has(rejectionName(key))) return false;
    const rejection = await readRejection(this.index, key);
    return rejection?.eTag === eTag && rejection.code !== 'not-readable';
  }
}
