/** The commit: the manifest with the highest generation is the index, and is never changed. */

export interface Manifest {
  readonly format: 1;
  /** 1 for the first; each commit is the next. */
  readonly generation: number;
  readonly modelId: string;
  /** ISO 8601, UTC. */
  readonly createdAt: string;
  /** Rows of two generations of one lineage are the same as far as both go: the later only appends. */
  readonly lineage: string;
  /** Rows in the FAISS file, dead ones included. */
  readonly rows: number;
  /** Rows that are not dead: the number of pictures. */
  readonly live: number;
  /** Object names of the three files, relative to the model's namespace, and the lengths of those that grow. */
  readonly files: {
    readonly faiss: string;
    readonly rows: string;
    readonly rowsBytes: number;
    readonly dead: string;
  };
  /** Appends that are in the files already; a later run deletes them. `at` is the commit's time. */
  readonly folded: readonly { readonly name: string; readonly at: number }[];
  /** Deletions of late: an older put of the same key that comes after must not bring the picture back. */
  readonly markers: readonly { readonly key: string; readonly version: string; readonly at: number }[];
  /** Index files of earlier generations that wait to be deleted. */
  readonly replaced: readonly { readonly names: readonly string[]; readonly at: number }[];
}
