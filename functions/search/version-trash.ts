/** The trash of a bucket with versions: what was deleted is under a delete marker, and comes back when that goes. */

import {
  type DeleteMarkerEntry,
  DeleteObjectCommand,
  GetBucketVersioningCommand,
  HeadObjectCommand,
  ListObjectVersionsCommand,
  type ObjectVersion,
  type S3Client,
} from '@aws-sdk/client-s3';
import {
  type Emptied,
  KeyTaken,
  NotInTrash,
  type Trash,
  type TrashedPicture,
  TrashKeepsItself,
  type TrashPage,
} from '../../pictures/trash/trash.ts';
import type { Clock } from '../../vectorlog/clock.ts';
import { isKey } from '../../vectorlog/store/object-store.ts';
import { statusOf, storeErrorOf } from '../../vectorlog/store/s3/faults.ts';
import { withoutQuotes } from '../../vectorlog/store/s3/listed.ts';

export interface VersionTrashOptions {
  readonly client: S3Client;
  readonly bucket: string;
  /** Deletions under this prefix are shown and undone, no others. */
  readonly prefix: string;
  /** Days after which the bucket's own rule removes old versions; `undefined` when nothing is known of one. */
  readonly keptDays: number | undefined;
}

/** Requests after which a page of the trash ends, however little was found: some seconds. */
const MAX_REQUESTS = 30;

/** So long a bucket is taken for what it was. */
const BELIEVED_MS = 10_000;

/** What a bucket answers to one who may not ask, or a store that knows no versions. */
const NO_ANSWER: ReadonlySet<number | undefined> = new Set([403, 405, 501]);

/** A picture whose newest version is a delete marker. */
interface Found {
  readonly picture: TrashedPicture;
  /** The marker's version. */
  readonly marker: string;
}

/** Where a walk over the versions has come to. */
interface Walked {
  readonly found: readonly Found[];
  /** The last key that was looked at whole; `undefined` at the end. */
  readonly last: string | undefined;
}

/**
 * A deletion is named by its key and the version of its marker. Removing the marker makes the version below it the
 * picture again, byte for byte and with its date; S3 tells of it, so that on-upload takes it in again.
 *
 * S3 lists versions by key, so pages are in that order, and one may be empty though more follow.
 */
export class VersionTrash implements Trash {
  #keeps: { readonly answer: Promise<boolean>; readonly until: number } | undefined;

  constructor(
    private readonly options: VersionTrashOptions,
    private readonly clock: Pick<Clock, 'now'>,
  ) {}

  get keptDays(): number | undefined {
    return this.options.keptDays;
  }

  /** Asks at most every few seconds: somebody may stop the versions of a bucket. A failure is asked again. */
  keeps(): Promise<boolean> {
    const now = this.clock.now();
    if (this.#keeps && now < this.#keeps.until) return this.#keeps.answer;
    const answer = this.#isVersioned().catch((error) => {
      this.#keeps = undefined;
      throw error;
    });
    this.#keeps = { answer, until: now + BELIEVED_MS };
    return answer;
  }

  async list({ after, limit }: { after?: string | undefined; limit: number }): Promise<TrashPage> {
    const { prefix } = this.options;
    const pictures: TrashedPicture[] = [];
    let requests = 0;
    for await (const { found, last } of this.#walk(
      prefix,
      after === undefined ? undefined : partsOf(after).key,
    )) {
      for (const { picture } of found) {
        if (pictures.length === limit) return { pictures, next: pictures.at(-1)!.id };
        pictures.push(picture);
      }
      if (last !== undefined && ++requests >= MAX_REQUESTS) return { pictures, next: idOf(last, '') };
    }
    return { pictures };
  }

  async restore(id: string): Promise<TrashedPicture> {
    const { key, marker } = partsOf(id);
    return this.#restore(key, marker);
  }

  restoreKey(key: string): Promise<TrashedPicture> {
    return this.#restore(key);
  }

  async empty(_which: Parameters<Trash['empty']>[0]): Promise<Emptied> {
    const { keptDays } = this.options;
    const when =
      keptDays === undefined ? 'by a lifecycle rule of the bucket' : `${keptDays} days after their deletion`;
    throw new TrashKeepsItself(`deleted pictures go ${when}; Likeness may not remove old versions itself`);
  }

  async #restore(key: string, marker?: string): Promise<TrashedPicture> {
    const { client, bucket: Bucket, prefix } = this.options;
    const first = key.startsWith(prefix) ? await this.#of(key) : undefined;
    if (!first && key.startsWith(prefix) && (await this.#isThere(key))) throw new KeyTaken(key);
    if (!first || (marker !== undefined && first.marker !== marker))
      throw new NotInTrash(`"${key}" is not in the trash; it may be restored already, or gone for good`);
    // Deleting what is deleted puts one marker on another.
    for (let found: Found | undefined = first; found; found = await this.#of(key)) {
      const command = new DeleteObjectCommand({ Bucket, Key: key, VersionId: found.marker });
      await this.#asking(key, () => client.send(command));
    }
    return first.picture;
  }

  /** The deletion of one key, if it is deleted now. */
  async #of(key: string): Promise<Found | undefined> {
    for await (const { found } of this.#walk(key)) {
      // The key itself comes before all that begin with it.
      return found.find(({ picture }) => picture.key === key);
    }
    return undefined;
  }

  /** Looks through the versions of keys under a prefix; each step ends where a key does. */
  async *#walk(prefix: string, after?: string): AsyncGenerator<Walked, void, void> {
    const { client, bucket } = this.options;
    let position: { KeyMarker?: string; VersionIdMarker?: string } =
      after === undefined ? {} : { KeyMarker: after };
    let markers: DeleteMarkerEntry[] = [];
    let newest = new Map<string, ObjectVersion>();
    for (;;) {
      const command = new ListObjectVersionsCommand({
        Bucket: bucket,
        Prefix: prefix,
        // XML cannot carry every key.
        EncodingType: 'url',
        ...position,
      });
      const page = await this.#asking(undefined, () => client.send(command));
      // Ceph begins with the marker's key, S3 after it.
      const isNew = ({ IsLatest, Key }: DeleteMarkerEntry) => IsLatest && decoded(Key) !== after;
      markers.push(...(page.DeleteMarkers ?? []).filter(isNew));
      for (const version of page.Versions ?? []) {
        // S3 gives the newest of a key first.
        const key = decoded(version.Key);
        if (!newest.has(key)) newest.set(key, version);
      }
      const isLast = !page.IsTruncated;
      const next = decoded(page.NextKeyMarker);
      // The rest of the versions of the page's last key may be on the next one.
      const open = isLast ? undefined : markers.find(({ Key }) => decoded(Key) === next && !newest.has(next));
      const found = markers.flatMap((marker) => {
        const key = decoded(marker.Key);
        const version = newest.get(key);
        // A marker over nothing: its versions are gone for good.
        return version && marker.VersionId ? [foundOf(key, marker, version, marker.VersionId)] : [];
      });
      if (!open) yield { found, last: isLast ? undefined : next };
      if (isLast) return;
      if (!open) [markers, newest] = [[], new Map()];
      position = {
        KeyMarker: next,
        ...(page.NextVersionIdMarker && { VersionIdMarker: page.NextVersionIdMarker }),
      };
    }
  }

  async #isVersioned(): Promise<boolean> {
    const { client, bucket: Bucket } = this.options;
    try {
      return (await client.send(new GetBucketVersioningCommand({ Bucket }))).Status === 'Enabled';
    } catch (error) {
      // Final is the safe thing to say where nothing is known.
      if (NO_ANSWER.has(statusOf(error))) return false;
      throw storeErrorOf(error, Bucket);
    }
  }

  async #isThere(key: string): Promise<boolean> {
    const { client, bucket: Bucket } = this.options;
    try {
      await client.send(new HeadObjectCommand({ Bucket, Key: key }));
      return true;
    } catch (error) {
      if (statusOf(error) === 404) return false;
      throw storeErrorOf(error, Bucket, key);
    }
  }

  /** Runs `work`; errors of the SDK come out as errors of a store. */
  async #asking<T>(key: string | undefined, work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (error) {
      throw storeErrorOf(error, this.options.bucket, key);
    }
  }
}

const foundOf = (
  key: string,
  { LastModified }: DeleteMarkerEntry,
  { Size, ETag }: ObjectVersion,
  marker: string,
): Found => ({
  marker,
  picture: {
    id: idOf(key, marker),
    key,
    size: Size ?? 0,
    eTag: withoutQuotes(ETag),
    deletedAt: LastModified?.getTime() ?? 0,
  },
});

const decoded = (key = ''): string => decodeURIComponent(key.replace(/\+/g, ' '));

const idOf = (key: string, marker: string): string =>
  Buffer.from(JSON.stringify([key, marker])).toString('base64url');

/** @throws NotInTrash when the text was never an id */
function partsOf(id: string): { key: string; marker: string } {
  try {
    const parts: unknown = JSON.parse(Buffer.from(id, 'base64url').toString());
    if (Array.isArray(parts) && parts.length === 2) {
      const [key, marker]: unknown[] = parts;
      if (typeof key === 'string' && isKey(key) && typeof marker === 'string') return { key, marker };
    }
  } catch {
    // No JSON: said below.
  }
  throw new NotInTrash('there is no such picture in the trash');
}
