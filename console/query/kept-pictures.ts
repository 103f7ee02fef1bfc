/** The pictures someone searched by, kept in this browser so that reload, "back" and bookmarks find them again. */

import { BlobStore } from '../storage/blob-store.ts';

const store = new BlobStore('queries', 30);
/** What this visit asked with; enough by itself where the browser keeps nothing. */
const recent = new Map<string, Blob>();

/** Keeps a picture and names it. */
export function keepPicture(picture: Blob): string {
  const name = Array.from(crypto.getRandomValues(new Uint8Array(8)), (byte) =>
    byte.toString(16).padStart(2, '0'),
  ).join('');
  recent.set(name, picture);
  store.put(name, picture).catch(() => {});
  return name;
}

/** The picture of that name; `undefined` in any browser but the one it was chosen in. */
export async function keptPicture(name: string): Promise<Blob | undefined> {
  return recent.get(name) ?? (await store.get(name).catch(() => undefined));
}
