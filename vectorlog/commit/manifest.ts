/** The commit: the manifest with the highest generation is the index, and is never changed. */

/**
 * Milliseconds by the store's own clock: the `lastModified` of the manifest that recorded a thing first. `null` in that
 * manifest itself, which cannot know it; the next one fills it in. So no wait depends on the clocks of functions.
 */
export type CommitTime = number | null;

export interface Manifest {
  readonly format: 1;
  /** 1 for the first; each commit is the next. */
  readonly generation: number;
  readonly modelId: string;
  /** ISO 8601, UTC; for people. */
  readonly createdAt: string;
  /** Rows of two generations of one lineage are the same as far as both go: the later only appends. */
  readonly lineage: string;
  /** Rows in the FAISS file, dead ones included. */
  readonly rows: number;
  /** Rows that are not dead: the number of pictures. */
  readonly live: number;
  /** Object names of the files, relative to the model's namespace, and the length of the one whose rows vary. */
  readonly files: {
    readonly faiss: string;
    readonly rows: string;
    readonly rowsBytes: number;
    readonly dead: string;
    /**
     * The codes file, and a name of the centre that it is made against: two of one lineage can differ in that. An index
     * of an older version has neither until its next commit.
     */
    readonly codes?: string | undefined;
    readonly centre?: string | undefined;
  };
  /** Appends that are in the files already; a later run deletes them. */
  readonly folded: readonly { readonly name: string; readonly at: CommitTime }[];
  /** Deletions of late: an older put of the same key that comes after must not bring the picture back. */
  readonly markers: readonly Marker[];
  /** Index files of earlier generations that wait to be deleted. */
  readonly replaced: readonly { readonly names: readonly string[]; readonly at: CommitTime }[];
}

export interface Marker {
  readonly key: string;
  /** Left out when a backfill found the picture gone and no event of its key was known. */
  readonly version?: string;
  readonly at: CommitTime;
}
