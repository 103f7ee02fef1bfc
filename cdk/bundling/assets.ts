/** What the functions run, as folders that the CDK makes assets of. */

export interface Assets {
  /** Folder with `index.mjs` of on-upload and its node_modules; it becomes /var/task. */
  readonly onUpload: string;
  /** The same for compact. */
  readonly compact: string;
  /** The same for search. */
  readonly search: string;
  /** Folder with `nodejs/` and `model/`; it becomes /opt. */
  readonly layer: string;
}

export function buildAssets(_: unknown): Assets {
  throw new Error('later');
}
