/** What S3 says of an object in a list: to this program, or to another one that hands the list on. */

import type { ObjectInfo } from '../object-store.ts';

/** An entry of ListObjectsV2. */
export interface ListedObject {
  readonly Key: string;
  readonly Size?: number | undefined;
  /** In quotes. */
  readonly ETag?: string | undefined;
  readonly LastModified?: Date | undefined;
  readonly StorageClass?: string | undefined;
}

/** Storage classes that answer no read before a restore; GLACIER_IR is not among them. */
const ARCHIVES: ReadonlySet<string | undefined> = new Set(['GLACIER', 'DEEP_ARCHIVE']);

export const listedObject = ({ Key, Size, ETag, LastModified, StorageClass }: ListedObject): ObjectInfo => ({
  key: Key,
  size: Size ?? 0,
  eTag: withoutQuotes(ETag),
  lastModified: LastModified ?? new Date(0),
  ...(ARCHIVES.has(StorageClass) && { isArchived: true as const }),
});

export const withoutQuotes = (eTag = ''): string => eTag.replace(/^"|"$/g, '');
