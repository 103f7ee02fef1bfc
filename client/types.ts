/** The types of the API's requests and answers, taken from the schemas that check them. */

import type { z } from '@hono/zod-openapi';
import type { FoldersPage as FoldersSchema } from '../functions/search/folders.ts';
import type { LibraryMap as MapSchema } from '../functions/search/map.ts';
import type { MetadataNames as MetadataSchema } from '../functions/search/metadata.ts';
import type * as requests from '../functions/search/requests.ts';
import type { Sample as SampleSchema } from '../functions/search/sample.ts';
import type * as schemas from '../functions/search/schemas.ts';
import type { States as StatesSchema } from '../functions/search/states.ts';
import type { ThumbnailAddresses as ThumbnailsSchema } from '../functions/search/thumbnails.ts';

export type Result = z.infer<typeof schemas.Result>;
export type SearchAnswer = z.infer<typeof schemas.SearchAnswer>;
export type Picture = z.infer<typeof schemas.Picture>;
export type PicturePage = z.infer<typeof schemas.PicturePage>;
export type PictureState = z.infer<typeof schemas.PictureState>;
export type Reason = z.infer<typeof schemas.Reason>;
export type RejectedPage = z.infer<typeof schemas.RejectedPage>;
export type DuplicatesPage = z.infer<typeof schemas.DuplicatesPage>;
export type DuplicateGroup = z.infer<typeof schemas.DuplicateGroup>;
export type Decisions = z.infer<typeof schemas.Decisions>;
export type FolderWishes = z.infer<typeof requests.FolderWishes>;
export type Deletion = z.infer<typeof schemas.Deletion>;
export type TrashItem = z.infer<typeof schemas.TrashItem>;
export type TrashPage = z.infer<typeof schemas.TrashPage>;
export type RestoreRequest = z.infer<typeof requests.RestoreRequest>;
export type Restored = z.infer<typeof schemas.Restored>;
export type EmptyTrash = z.input<typeof requests.EmptyTrash>;
export type Emptied = z.infer<typeof schemas.Emptied>;
export type UploadRequest = z.infer<typeof requests.UploadRequest>;
export type UploadTarget = z.infer<typeof schemas.UploadTarget>;
export type States = z.infer<typeof StatesSchema>;
export type Stats = z.infer<typeof schemas.Stats>;
export type Health = z.infer<typeof schemas.Health>;
export type FoldersPage = z.infer<typeof FoldersSchema>;
export type MetadataNames = z.infer<typeof MetadataSchema>;
export type Sample = z.infer<typeof SampleSchema>;
export type ThumbnailAddresses = z.infer<typeof ThumbnailsSchema>;
export type LibraryMap = z.infer<typeof MapSchema>;
export type Problem = z.infer<typeof schemas.Problem>;
export type ProblemCode = (typeof schemas.PROBLEM_CODES)[number];

/** What to search for: the bytes of a picture, the key of an indexed one, or an embedding of 2,048 numbers. */
export type SearchFor =
  | { readonly image: Blob | Uint8Array }
  | { readonly key: string }
  | { readonly vector: Float32Array | readonly number[] };

/** One of several pictures that are searched by together. */
export type WeightedQuery = SearchFor & {
  /** -1 to 1; less than 0 asks for what is not like it. @default 1 */
  readonly weight?: number;
  readonly crop?: SearchOptions['crop'];
};

export interface Range<End> {
  readonly min?: End;
  readonly max?: End;
}

export interface SimilarOptions {
  /** 1 to 1,000. @default 10 */
  readonly k?: number;
  /** Only results that score at least this. */
  readonly minScore?: number;
  /** Only pictures whose key begins with this. */
  readonly prefix?: string;
  /** Only pictures with this metadata: of several values any, of several names each. */
  readonly filter?: Readonly<Record<string, string | readonly string[]>>;
  /** Only pictures in these ranges; both ends belong to them. What a picture does not say lies in none. */
  readonly ranges?: {
    /** Bytes. */
    readonly size?: Range<number>;
    /** Pixels. */
    readonly width?: Range<number>;
    readonly height?: Range<number>;
    /** ISO 8601 or its beginning: up to `2024-07` takes in the whole of July. */
    readonly taken?: Range<string>;
    readonly lastModified?: Range<string>;
  };
  /** Compare what sets pictures apart from the rest of the library. Scores are lower, and of another scale. */
  readonly centered?: boolean;
  /** Leave out results that are nearly copies of a better one, which counts them in `copies`. */
  readonly distinct?: boolean;
  /** @default what the server is set to, which is `strong` unless someone changed it */
  readonly consistency?: 'strong' | 'eventual';
  /** Count all pictures by their score as well. */
  readonly histogram?: boolean;
  /** Say of each result which better one it is at least this much like. */
  readonly stack?: number;
  readonly signal?: AbortSignal;
}

export interface SearchOptions extends SimilarOptions {
  /** Search for a part of the picture, in fractions of its sides. */
  readonly crop?: { readonly x: number; readonly y: number; readonly width: number; readonly height: number };
}

export interface DeleteOptions {
  /** Only while the picture is this one, as `duplicates` says it. */
  readonly eTag?: string;
  /** Only while this one, which stays, is what it was. */
  readonly copyOf?: { readonly key: string; readonly eTag: string };
  readonly signal?: AbortSignal;
}

export interface ListOptions {
  readonly prefix?: string;
  readonly cursor?: string;
  /** 1 to 1,000. @default 100 */
  readonly limit?: number;
  readonly signal?: AbortSignal;
}

export interface PicturesOptions extends ListOptions {
  /** Only keys that contain this, in upper or lower case. */
  readonly find?: string;
  /** @default 'key' */
  readonly order?: (typeof requests.ORDERS)[number];
}

export interface FoldersOptions extends ListOptions {
  /** Folders at any depth whose path contains this, in upper or lower case. */
  readonly find?: string;
}

export interface SampleOptions {
  readonly prefix?: string;
  /** 1 to 100. @default 36 */
  readonly limit?: number;
  /** Another text gives another sample. */
  readonly seed?: string;
  readonly signal?: AbortSignal;
}

export interface DuplicatesOptions extends ListOptions {
  /**
   * `identical`: the same bytes. `same`: the same picture too. `likely`: probably the same, nothing of which is offered for
   * deletion. `alike`: near in the model only. @default 'same'
   */
  readonly tier?: 'identical' | 'same' | 'likely' | 'alike';
  /** Only for tier `alike`: 0.5 to 1. @default 0.97 */
  readonly minScore?: number;
  /**
   * Which one of a group stays, where no folder decides: most pixels, then the least compressed; the one that was taken first;
   * or the most bytes. Every other one of its group is the same as it. @default 'best'
   */
  readonly keep?: 'best' | 'oldest' | 'largest';
  /** Folders (prefixes of keys) to keep from first, in place of those that are remembered. */
  readonly prefer?: readonly string[];
  /** Folders (prefixes of keys) to delete nothing from, besides those that are remembered. */
  readonly protect?: readonly string[];
}
