/**
 * Small copies that this browser keeps, for servers that make none on request: what was written beside the index, or, where
 * there is none of a picture, made here from the original.
 */

import type { Client } from '../../client/index.ts';
import { Limiter } from '../../vectorlog/parallel.ts';
import { shrink } from '../query/prepare.ts';
import { BlobStore } from '../storage/blob-store.ts';
import { thumbnailAddress } from './addresses.ts';

/** What a thumbnail is made from; a changed picture has another `lastModified`. */
export interface Original {
  readonly key: string;
  /** Where it is, as far as that is known. */
  readonly url?: string | undefined;
  readonly lastModified: string;
}

/** Some 20 KB each. */
const store = new BlobStore('thumbnails', 6_000);
/** Originals that are fetched and decoded at the same time, and small copies that are fetched. */
const making = new Limiter(4);
const fetching = new Limiter(8);
const SIDE = 512;
const QUALITY = 0.8;

/**
 * The small copy of a picture, from this browser's store or made now. A request that is aborted before its turn costs
 * nothing: a grid that scrolls by loads what stays in view.
 *
 * @throws when the original cannot be had or the browser cannot decode it
 */
export async function browserThumbnail(
  client: Client,
  original: Original,
  signal: AbortSignal,
): Promise<Blob> {
  const name = `${original.key}\n${original.lastModified}`;
  const kept = await store.get(name).catch(() => undefined);
  if (kept) return kept;
  signal.throwIfAborted();
  const address = await thumbnailAddress(client, original.key);
  const ready = address === undefined ? undefined : await fetchReady(address, signal);
  const small = ready ?? (await make(client, original, signal));
  store.put(name, small).catch(() => {});
  return small;
}

const make = (client: Client, original: Original, signal: AbortSignal): Promise<Blob> =>
  making.run(async () => {
    signal.throwIfAborted();
    return shrink(await fetchOriginal(client, original, signal), SIDE, QUALITY);
  });

/** What stands at an address; `undefined` where nothing does, or its bucket lets no page read it. */
const fetchReady = (address: string, signal: AbortSignal): Promise<Blob | undefined> =>
  fetching.run(async () => {
    try {
      const answer = await fetch(address, { signal });
      return answer.ok ? await answer.blob() : undefined;
    } catch {
      signal.throwIfAborted();
      return undefined;
    }
  });

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
