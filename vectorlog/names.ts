/** The names of the objects in the index store, relative to one model's namespace. */

/** Where appends stand; a name sorts by the time of the append. */
export const LOG_PREFIX = 'log/';
/** Where commits stand; the highest number is the index. */
export const MANIFEST_PREFIX = 'manifest/';
/** The first key that sorts after all commits. Between log and commits there must be nothing: searches list both at once. */
export const MANIFEST_END = 'manifest0';
/** Where the files stand that manifests point to. */
export const INDEX_PREFIX = 'index/';
/** Where it stands how far the far index has come, and how good its answers are. */
export const FAR_PREFIX = 'far/';
/** Where the reasons stand why pictures could not be indexed. */
export const REJECTED_PREFIX = 'rejected/';

export const appendName = (ulid: string): string => `${LOG_PREFIX}${ulid}.safetensors`;

export const manifestName = (generation: number): string =>
  `${MANIFEST_PREFIX}${String(generation).padStart(20, '0')}.json`;

/** The generation in a manifest's name; `undefined` for a name that is not one. */
export function generationOf(name: string): number | undefined {
  const match = /^manifest\/(\d{20})\.json$/.exec(name);
  return match ? Number(match[1]) : undefined;
}

/** The files of one generation; the ULID keeps two writers of one generation apart. */
export const indexNames = (generation: number, ulid: string) => ({
  faiss: `${INDEX_PREFIX}${generation}-${ulid}.faiss`,
  rows: `${INDEX_PREFIX}${generation}-${ulid}.jsonl`,
  dead: `${INDEX_PREFIX}${generation}-${ulid}.dead`,
  codes: `${INDEX_PREFIX}${generation}-${ulid}.codes`,
  tombstones: `${INDEX_PREFIX}${generation}-${ulid}.tombstones`,
});
