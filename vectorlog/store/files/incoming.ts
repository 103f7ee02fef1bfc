/** An object whose bytes come one after the other: a file that nobody sees before it is whole, and that holds no memory. */

import { StoreUnavailable } from '../errors.ts';
import type { PutOptions } from '../object-store.ts';
import type { Draft } from './copying.ts';
import { readAll, withStoreErrors } from './file-access.ts';
import type { Opened } from './opened.ts';
import { type Keep, replace } from './replacing.ts';

export class Incoming {
  constructor(
    private readonly store: Opened,
    private readonly key: string,
    private readonly draft: Draft,
    private readonly keep: Keep | undefined,
  ) {}

  /** Bytes that have come. */
  get size(): number {
    return this.draft.size;
  }

  append(bytes: Uint8Array): Promise<void> {
    return withStoreErrors(() => this.draft.append(bytes));
  }

  /** All that has come, for whoever has to look at it first. */
  bytes(): Promise<Uint8Array> {
    return withStoreErrors(async () => {
      const bytes = new Uint8Array(this.size);
      if (!(await readAll(this.draft.handle, bytes, 0)))
        throw new StoreUnavailable(`what came of "${this.key}" was cut off`);
      return bytes;
    });
  }

  /** Makes it the object of its key, as `put` does: it outlasts a power cut then. */
  commit(options: PutOptions = {}): Promise<{ eTag: string }> {
    return withStoreErrors(async () => {
      const path = await this.store.placeFor(this.key);
      return { eTag: await replace(this.store, this.key, path, this.draft, { ...options, keep: this.keep }) };
    });
  }

  /** Lets go of the file, and removes it where it was not committed. To be called whatever happened. */
  discard(): Promise<void> {
    return withStoreErrors(() => this.draft.discard());
  }
}
