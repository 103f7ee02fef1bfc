/** Small copies made in the browser from the originals, once, for servers that make none. */

import type { Client } from '../../client/index.ts';
import { Limiter } from '../../vectorlog/parallel.ts';
import { shrink } from '../query/prepare.ts';
import { BlobStore } from '../storage/blob-store.ts';

/** What a thumbnail is made from; a changed picture has another `lastModified`. */
export interface Original {
  readonly key: string;
  /** Where it is, as far as that is known. */
  readonly url?: string | undefined;
  readonly lastModified: string;
}

/** About 15 KB each. */
const store = new BlobStore('thumbnails', 6_000);
/** Originals that are fetched and decoded at the same time. */
const MAX_AT_ONCE = 4;
const QUALITY = 0.8;

const limiter = new Limiter(MAX_AT_ONCE);

/**
 * The small copy of a picture, from this browser's store or made now. A request that is aborted before its turn costs
 * nothing: a grid that scrolls by loads what stays in view.
 *
 * @throws when the original cannot be had or the browser cannot decode it
 */
export async function browserThumbnail(
  client: Client,
  original: Original,
  size: number,
  signal: AbortSignal,
): Promise<Blob> {
  const name = `${original.key}\n${original.lastModified}\n${size}`;
  const kept = await store.get(name).catch(() => undefined);
  if (kept) return kept;
  return limiter.run(async () => {
    signal.throwIfAborted();
    const small = await shrink(await fetchOriginal(client, original, signal), size, QUALITY);
    store.put(name, small).catch(() => {});
    return small;
  });
}

/** A signed URL expires; then the API is asked for a fresh one. */
async function fetchOriginal(client: Client, { key, url }: Original, signal: AbortSignal): Promise<Blob> {
  const first = url === undefined ? undefined : await fetch(url, { signal });
  if (first?.ok) return first.blob();
  const now = await client.image(key, { signal });
  if (now.state !== 'indexed') throw new Error(`"${key}" is not in the library any more`);
  const second = await fetch(now.url, { signal });
  if (!second.ok) throw new Error(`"${key}" could not be fetched: status ${second.status}`);
  return second.blob();
}
