/** Blobs that this browser keeps between visits, in IndexedDB; the oldest go when there are too many. */

const DATABASE = 'likeness';
const STORES = ['queries', 'thumbnails'] as const;

interface Entry {
  readonly name: string;
  readonly blob: Blob;
  readonly addedAt: number;
}

let database: Promise<IDBDatabase> | undefined;

function open(): Promise<IDBDatabase> {
  database ??= new Promise((resolve, reject) => {
    const request = indexedDB.open(DATABASE, 1);
    request.onupgradeneeded = () => {
      for (const store of STORES) {
        request.result.createObjectStore(store, { keyPath: 'name' }).createIndex('addedAt', 'addedAt');
      }
    };
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });
  return database;
}

const settled = <T>(request: IDBRequest<T>): Promise<T> =>
  new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });

/** One kind of blobs. A browser that keeps nothing (private windows, a full disk) rejects; callers do without. */
export class BlobStore {
  constructor(
    private readonly store: (typeof STORES)[number],
    private readonly maxEntries: number,
  ) {}

  async get(name: string): Promise<Blob | undefined> {
    const entry = await settled((await this.open('readonly')).get(name) as IDBRequest<Entry | undefined>);
    return entry?.blob;
  }

  async put(name: string, blob: Blob): Promise<void> {
    const store = await this.open('readwrite');
    await settled(store.put({ name, blob, addedAt: Date.now() } satisfies Entry));
    const excess = (await settled(store.count())) - this.maxEntries;
    if (excess <= 0) return;
    const oldest = await settled(store.index('addedAt').getAllKeys(null, excess));
    for (const key of oldest) store.delete(key);
  }

  private async open(mode: IDBTransactionMode): Promise<IDBObjectStore> {
    return (await open()).transaction(this.store, mode).objectStore(this.store);
  }
}
