/** What the HTTP API needs from the place where it runs. */

import type { z } from '@hono/zod-openapi';
import type { Picture } from '../../pictures/attributes.ts';
import type { Comparers } from '../../pictures/duplicates/comparers.ts';
import type { MakeFingerprint } from '../../pictures/duplicates/fingerprint.ts';
import type { Embedder } from '../../pictures/embedding/embedder.ts';
import type { Trash } from '../../pictures/trash/trash.ts';
import type { Clock } from '../../vectorlog/clock.ts';
import type { FarIndex } from '../../vectorlog/far/far-index.ts';
import type { Logger } from '../../vectorlog/logger.ts';
import type { Consistency } from '../../vectorlog/read/follower.ts';
import type { LiveIndex } from '../../vectorlog/read/live-index.ts';
import type { ObjectStore } from '../../vectorlog/store/object-store.ts';
import type { Allowing } from './allowed.ts';
import type { UploadRequest } from './requests.ts';
import type { Reason, Stats, UploadTarget } from './schemas.ts';

/** Tells a client where and how to upload a picture, so that the bytes do not pass through the API. */
export interface UploadSigner {
  sign(request: z.infer<typeof UploadRequest>): Promise<z.infer<typeof UploadTarget>>;
}

export interface SearchDependencies {
  readonly pictures: ObjectStore;
  /** The namespace of the embedder's model. */
  readonly index: ObjectStore;
  readonly embedder: Embedder;
  /** Makes what pictures are compared by, of a picture's file. @default - of what sharp reads */
  readonly fingerprint?: MakeFingerprint;
  /** Threads that compare pictures, where others use them as well. @default - some of its own */
  readonly comparers?: Comparers;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly uploads: UploadSigner;
  /** What may be done to the bucket. @default - both */
  readonly allows?: Allowing;
  /** Where a picture can be fetched. */
  readonly pictureUrl: (key: string) => Promise<string>;
  /** Where the small copy of a picture can be fetched. @default - there are none */
  readonly thumbnailUrl?: ((picture: Picture) => Promise<string>) | undefined;
  /** Where deleted pictures wait; left out where a deletion is final. */
  readonly trash?: Trash;
  /** Is told of each key that was restored. */
  readonly onRestored?: (key: string) => void;
  /** For requests that do not say. */
  readonly defaultConsistency: Consistency;
  /** Bytes that the index may take in memory; see `budgetOf`. */
  readonly memoryBudgetBytes: number;
  /** The index in memory, where others use it as well. @default - one of its own */
  readonly live?: LiveIndex;
  /** Where searches find their candidates, in place of memory. @default - memory */
  readonly far?: FarIndex | undefined;
  /** What waits to be indexed, where that can be known. */
  readonly queue?: () => Promise<NonNullable<z.infer<typeof Stats>['queue']>>;
  /** How far the changes that wait are taken in, where that can be known; `undefined` when none waits. */
  readonly indexing?: () => z.infer<typeof Stats>['indexing'];
  /** How far the last backfill in the cloud is, where there can be one; `undefined` where there was none. */
  readonly backfill?: (() => Promise<z.infer<typeof Stats>['backfill']>) | undefined;
  /** What keeps the server from all it should do, where that can be known; empty when nothing does. */
  readonly troubles?: () => z.infer<typeof Reason>[];
}
