/** A typed client of the HTTP API, for browsers and Node. */

import { keyToPath } from '../functions/search/key-path.ts';
import { ProblemError } from './problem-error.ts';
import type {
  Decisions,
  DeleteOptions,
  Deletion,
  DuplicatesOptions,
  DuplicatesPage,
  Emptied,
  EmptyTrash,
  FoldersOptions,
  FoldersPage,
  FolderWishes,
  Health,
  LibraryMap,
  ListOptions,
  MetadataNames,
  PicturePage,
  PictureState,
  PicturesOptions,
  Problem,
  RejectedPage,
  Restored,
  RestoreRequest,
  Sample,
  SampleOptions,
  SearchAnswer,
  SearchFor,
  SearchOptions,
  SimilarOptions,
  States,
  Stats,
  ThumbnailAddresses,
  TrashPage,
  UploadRequest,
  UploadTarget,
  WeightedQuery,
} from './types.ts';

export interface ClientOptions {
  /** Where the API is: `http://127.0.0.1:3000`; in a browser, '' is where the page came from. */
  readonly endpoint: string;
  /**
   * Wrap it to sign requests (see `sigv4.ts`). It also sends the bytes of an upload, which may go to another host.
   *
   * @default the global fetch
   */
  readonly fetch?: typeof fetch;
  /**
   * Is told how much of the index is in memory, each time that a request finds it still being loaded. The request is
   * then made again until it is answered or aborted; without this too.
   */
  readonly onLoading?: (progress: LoadingProgress) => void;
}

/** Bytes of the index. */
export type LoadingProgress = NonNullable<Problem['loading']>;

/**
 * Every method makes exactly one request (`upload` two, `images`, `rejected` and `duplicates` one a page) and tries
 * nothing again, but while the index is being loaded (`index-loading`).
 *
 * @throws ProblemError when the server answers with a problem; what `fetch` throws when there is no answer.
 */
export interface Client {
  /** The indexed pictures most like a picture, an indexed picture, or an embedding; best first. */
  search(
    query: SearchFor | { readonly queries: readonly WeightedQuery[] },
    options?: SearchOptions,
  ): Promise<SearchAnswer>;
  /** The indexed pictures most like an indexed one, without itself. */
  similar(key: string, options?: SimilarOptions): Promise<SearchAnswer>;
  /** One page of what is indexed, in any order. */
  images(options?: PicturesOptions): Promise<PicturePage>;
  /** What became of one picture. */
  image(
    key: string,
    options?: { signal?: AbortSignal },
  ): Promise<PictureState | { state: 'absent'; key: string }>;
  /** What became of up to 100 pictures, in the order of their keys. */
  states(keys: readonly string[], options?: { signal?: AbortSignal }): Promise<States>;
  /** Uploads a picture; it is searchable once `image` says `indexed`. */
  upload(
    picture: Blob | Uint8Array,
    about: Omit<UploadRequest, 'size'>,
    options?: { signal?: AbortSignal },
  ): Promise<void>;
  /** Where and how to upload a picture, for callers who send the bytes themselves. */
  uploadTarget(request: UploadRequest, options?: { signal?: AbortSignal }): Promise<UploadTarget>;
  /**
   * Deletes a picture from the bucket; the index follows.
   *
   * @throws ProblemError `picture-changed`, with nothing deleted, where a condition of `options` does not hold
   */
  delete(key: string, options?: DeleteOptions): Promise<Deletion>;
  /** One page of the pictures that could not be indexed, with the reasons. */
  rejected(options?: Omit<ListOptions, 'prefix'>): Promise<RejectedPage>;
  /** One page of groups of pictures that are the same but for size, crop or compression. */
  duplicates(options?: DuplicatesOptions): Promise<DuplicatesPage>;
  /** One page of the folders right below a prefix, or of those whose path contains a text, with their counts. */
  folders(options?: FoldersOptions): Promise<FoldersPage>;
  /** The names of the metadata that there is, with their most frequent values. */
  metadata(options?: { prefix?: string; signal?: AbortSignal }): Promise<MetadataNames>;
  /** Some pictures that are unlike each other. */
  sample(options?: SampleOptions): Promise<Sample>;
  /** What a map of the library is laid out from: a few numbers for each picture. */
  map(options?: { prefix?: string; signal?: AbortSignal }): Promise<LibraryMap>;
  /** Where small copies of pictures are, of up to 100 at once; empty where the server makes none. */
  thumbnails(keys: readonly string[], options?: { signal?: AbortSignal }): Promise<ThumbnailAddresses>;
  /** One page of the deleted pictures that can be had back, the last deletion first. */
  trash(options?: Omit<ListOptions, 'prefix'>): Promise<TrashPage>;
  /** Puts deleted pictures back: deletions by id, or what was deleted last under keys. */
  restore(which: RestoreRequest, options?: { signal?: AbortSignal }): Promise<Restored>;
  /** Removes deleted pictures for good. */
  emptyTrash(which: EmptyTrash, options?: { signal?: AbortSignal }): Promise<Emptied>;
  /** What was decided about duplicates: the folders, and one page of the sets. */
  decisions(options?: { cursor?: string; signal?: AbortSignal }): Promise<Decisions>;
  /** Says which folders to delete nothing from, and which to keep from first; replaces what was said before. */
  setFolders(folders: FolderWishes, options?: { signal?: AbortSignal }): Promise<FolderWishes>;
  /** Says that no two of these pictures are duplicates, or takes it back. */
  notDuplicates(keys: readonly string[], options?: { undo?: boolean; signal?: AbortSignal }): Promise<void>;
  stats(options?: { signal?: AbortSignal }): Promise<Stats>;
  health(options?: { signal?: AbortSignal }): Promise<Health>;
}

interface Call {
  readonly query?: Readonly<Record<string, string | number | readonly string[] | undefined>>;
  readonly body?: { readonly type: string; readonly content: BodyInit };
  readonly signal?: AbortSignal | undefined;
}

export function createClient({ endpoint, fetch = globalThis.fetch, onLoading }: ClientOptions): Client {
  const base = withoutEndSlashes(endpoint);

  async function call<T>(method: string, path: string, { query = {}, body, signal }: Call = {}): Promise<T> {
    const parameters = new URLSearchParams();
    for (const [name, value] of Object.entries(query)) {
      if (value !== undefined) for (const each of [value].flat()) parameters.append(name, String(each));
    }
    const url = parameters.size > 0 ? `${base}${path}?${parameters}` : base + path;
    for (;;) {
      const response = await fetch(url, {
        method,
        ...(body && { body: body.content, headers: { 'content-type': body.type } }),
        ...(signal && { signal }),
      });
      if (response.ok) return answerIn<T>(response);
      const error = await ProblemError.from(response);
      if (error.code !== 'index-loading') throw error;
      if (error.problem.loading) onLoading?.(error.problem.loading);
      await pause(Number(response.headers.get('retry-after') ?? 1) * 1000, signal);
    }
  }

  return {
    search: async (query, { crop, signal, ...options } = {}) =>
      call('POST', '/v1/search', {
        query: {
          ...searchParameters(options),
          crop: crop && cropText(crop),
        },
        body: await searchBody(query),
        signal,
      }),
    similar: (key, { signal, ...options } = {}) =>
      call('GET', `/v1/images/${keyToPath(key)}/similar`, { query: searchParameters(options), signal }),
    images: ({ signal, ...query } = {}) => call('GET', '/v1/images', { query, signal }),
    async image(key, { signal } = {}) {
      try {
        return await call('GET', `/v1/images/${keyToPath(key)}`, { signal });
      } catch (error) {
        if (error instanceof ProblemError && error.code === 'picture-not-found')
          return { state: 'absent', key };
        throw error;
      }
    },
    states: (keys, { signal } = {}) => call('POST', '/v1/states', { body: json({ keys }), signal }),
    async upload(picture, about, { signal } = {}) {
      const file = asBlob(picture);
      const target = await this.uploadTarget({ ...about, size: file.size }, { ...(signal && { signal }) });
      const response = await fetch(target.url, { ...uploadInit(target, file), ...(signal && { signal }) });
      if (!response.ok) throw await ProblemError.from(response);
    },
    uploadTarget: (request, { signal } = {}) => call('POST', '/v1/uploads', { body: json(request), signal }),
    delete: (key, { eTag, copyOf, signal } = {}) =>
      call('DELETE', `/v1/images/${keyToPath(key)}`, {
        query: { eTag, copyOf: copyOf?.key, copyOfETag: copyOf?.eTag },
        signal,
      }),
    trash: ({ signal, ...query } = {}) => call('GET', '/v1/trash', { query, signal }),
    restore: (which, { signal } = {}) => call('POST', '/v1/trash/restore', { body: json(which), signal }),
    emptyTrash: (which, { signal } = {}) => call('POST', '/v1/trash/empty', { body: json(which), signal }),
    rejected: ({ signal, ...query } = {}) => call('GET', '/v1/rejected', { query, signal }),
    duplicates: ({ signal, ...query } = {}) => call('GET', '/v1/duplicates', { query, signal }),
    folders: ({ signal, ...query } = {}) => call('GET', '/v1/folders', { query, signal }),
    metadata: ({ signal, ...query } = {}) => call('GET', '/v1/metadata', { query, signal }),
    sample: ({ signal, ...query } = {}) => call('GET', '/v1/sample', { query, signal }),
    map: ({ signal, ...query } = {}) => call('GET', '/v1/map', { query, signal }),
    thumbnails: (keys, { signal } = {}) => call('POST', '/v1/thumbnails', { body: json({ keys }), signal }),
    decisions: ({ signal, ...query } = {}) => call('GET', '/v1/duplicates/decisions', { query, signal }),
    setFolders: (folders, { signal } = {}) =>
      call('PUT', '/v1/duplicates/folders', { body: json(folders), signal }),
    async notDuplicates(keys, { undo, signal } = {}) {
      const body = json({ keys, ...(undo && { undo }) });
      await call('POST', '/v1/duplicates/not', { body, signal });
    },
    stats: ({ signal } = {}) => call('GET', '/v1/stats', { signal }),
    health: ({ signal } = {}) => call('GET', '/v1/health', { signal }),
  };
}

/** @throws ProblemError where something else stands at the address, such as the page of a proxy */
async function answerIn<T>(response: Response): Promise<T> {
  const text = await response.text();
  try {
    return JSON.parse(text) as T;
  } catch {
    throw new ProblemError({
      type: 'about:blank',
      title: 'No answer of Likeness',
      status: response.status,
      detail: 'What came is no JSON. Is the address that of the API?',
    });
  }
}

function withoutEndSlashes(address: string): string {
  let end = address.length;
  while (address[end - 1] === '/') end--;
  return address.slice(0, end);
}

const json = (value: unknown) => ({ type: 'application/json', content: JSON.stringify(value) });

const asBlob = (bytes: Blob | Uint8Array): Blob =>
  bytes instanceof Blob ? bytes : new Blob([bytes as Uint8Array<ArrayBuffer>]);

/** Rejects with the signal's reason when that comes first. */
function pause(ms: number, signal: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(resolve, ms);
    const abort = (): void => {
      clearTimeout(timer);
      reject(signal?.reason);
    };
    if (signal?.aborted) abort();
    else signal?.addEventListener('abort', abort, { once: true });
  });
}

async function searchBody(query: Parameters<Client['search']>[0]): Promise<NonNullable<Call['body']>> {
  if ('queries' in query) return json({ queries: await Promise.all(query.queries.map(weightedBody)) });
  if ('image' in query) return { type: 'application/octet-stream', content: asBlob(query.image) };
  if ('key' in query) return json({ key: query.key });
  return json({ vector: Array.from(query.vector) });
}

async function weightedBody({ weight, crop, ...query }: WeightedQuery) {
  const rest = { ...(weight !== undefined && { weight }), ...(crop && { crop: cropText(crop) }) };
  if ('image' in query) return { ...rest, image: await base64(asBlob(query.image)) };
  return 'key' in query ? { ...rest, key: query.key } : { ...rest, vector: Array.from(query.vector) };
}

const cropText = ({ x, y, width, height }: NonNullable<SearchOptions['crop']>): string =>
  [x, y, width, height].join(',');

async function base64(blob: Blob): Promise<string> {
  const bytes = new Uint8Array(await blob.arrayBuffer());
  let binary = '';
  // In parts: a function takes only so many arguments.
  for (let at = 0; at < bytes.length; at += 8_192)
    binary += String.fromCharCode(...bytes.subarray(at, at + 8_192));
  return btoa(binary);
}

function searchParameters({
  filter = {},
  ranges = {},
  histogram,
  centered,
  distinct,
  ...options
}: Omit<SimilarOptions, 'signal'>) {
  const conditions = Object.entries(filter).flatMap(([name, values]) =>
    [values].flat().map((value) => `${name}:${value}`),
  );
  const range = Object.entries(ranges).map(([name, { min = '', max = '' }]) => `${name}:${min}..${max}`);
  return {
    ...options,
    filter: conditions,
    range,
    ...(histogram && { histogram: 'true' }),
    ...(centered && { centered: 'true' }),
    ...(distinct && { distinct: 'true' }),
  };
}

/** The request that an upload target asks for. */
export function uploadInit(target: UploadTarget, file: Blob): RequestInit {
  if (target.method === 'PUT') return { method: 'PUT', headers: target.headers ?? {}, body: file };
  const form = new FormData();
  for (const [name, value] of Object.entries(target.fields ?? {})) form.append(name, value);
  form.append('file', file);
  return { method: 'POST', body: form };
}
