/** The probe lets good stores pass and finds out the others. */

import { describe, expect, it } from 'vitest';
import { StoreUnsuitable } from '../../../vectorlog/store/errors.ts';
import type { ByteRange, GetOptions, ObjectInfo, PutOptions } from '../../../vectorlog/store/object-store.ts';
import { probe } from '../../../vectorlog/store/probe.ts';
import { MemoryStore } from '../../../vectorlog/testing/memory-store.ts';
import { countingStore } from '../../factories/counting-store.ts';
import { allKeys } from './conformance.ts';

/** What a store does wrong, and what is said of it. */
const faulty: [string, string, MemoryStore][] = [
  [
    'ignores the condition',
    'let 8 of 8 writers create one object; it must honour If-None-Match: *',
    new (class extends MemoryStore {
      override async putIfAbsent(key: string, body: Uint8Array, options?: PutOptions) {
        await this.put(key, body, options);
        return true;
      }
    })(),
  ],
  [
    'looks first and writes then',
    'let 8 of 8 writers create one object; it must honour If-None-Match: *',
    new (class extends MemoryStore {
      override async putIfAbsent(key: string, body: Uint8Array, options?: PutOptions) {
        if (await this.head(key)) return false;
        // Meanwhile the others look too.
        await new Promise((resolve) => setImmediate(resolve));
        await this.put(key, body, options);
        return true;
      }
    })(),
  ],
  [
    'refuses every conditional write',
    'let 0 of 8 writers create one object; it must honour If-None-Match: *',
    new (class extends MemoryStore {
      override async putIfAbsent() {
        return false;
      }
    })(),
  ],
  [
    'creates one object once and again a moment later',
    'replaced an object in spite of If-None-Match: *',
    new (class extends MemoryStore {
      #writes = 0;
      override async putIfAbsent(key: string, body: Uint8Array, options?: PutOptions) {
        return ++this.#writes > 8 || super.putIfAbsent(key, body, options);
      }
    })(),
  ],
  [
    'gives back something else',
    'does not give back what it was given',
    new (class extends MemoryStore {
      override async get(key: string, options?: GetOptions) {
        const object = await super.get(key, options);
        return { ...object, body: object.body.reverse() };
      }
    })(),
  ],
  [
    'has no entity tags',
    'gives no ETag',
    new (class extends MemoryStore {
      override async get(key: string, options?: GetOptions) {
        return { ...(await super.get(key, options)), eTag: '' };
      }
    })(),
  ],
  [
    'answers ranges with the whole object',
    'does not answer ranges',
    new (class extends MemoryStore {
      override async read(key: string, _: ByteRange) {
        return (await this.get(key)).body;
      }
    })(),
  ],
  [
    'lists late',
    'does not list what was just written, in the order of UTF-8 bytes',
    new (class extends MemoryStore {
      override async *list(): AsyncIterable<readonly ObjectInfo[]> {}
    })(),
  ],
  [
    'lists in the order of writing',
    'does not list what was just written, in the order of UTF-8 bytes',
    new (class extends MemoryStore {
      readonly #written: string[] = [];
      override async put(key: string, body: Uint8Array, options?: PutOptions) {
        this.#written.push(key);
        return super.put(key, body, options);
      }
      override async *list(options: { prefix: string }): AsyncIterable<readonly ObjectInfo[]> {
        const at = ({ key }: ObjectInfo) => this.#written.indexOf(key);
        for await (const page of super.list(options)) yield [...page].sort((a, b) => at(a) - at(b));
      }
    })(),
  ],
  [
    'lists from the beginning always',
    'does not begin a list where it is asked to',
    new (class extends MemoryStore {
      override list({ prefix }: { prefix: string }) {
        return super.list({ prefix });
      }
    })(),
  ],
  [
    'deletes late',
    'still shows what was just deleted',
    new (class extends MemoryStore {
      override async delete() {}
    })(),
  ],
];

describe('probe', () => {
  it('lets a good store pass and leaves nothing in it', async () => {
    const store = new MemoryStore();

    await probe(store);

    expect(await allKeys(store)).toEqual([]);
  });

  it.each(faulty)('refuses a store that %s', async (_, said, store) => {
    const failure = await probe(store).catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(StoreUnsuitable);
    expect((failure as StoreUnsuitable).message).toBe(`the store ${said}`);
  });

  it('takes away what it wrote also where it refuses the store', async () => {
    const store = new (class extends MemoryStore {
      override async read() {
        return new Uint8Array(0);
      }
    })();
    await expect(probe(store)).rejects.toThrow('does not answer ranges');
    expect(await allKeys(store)).toEqual([]);
  });

  it('works under a prefix of its own', async () => {
    const store = countingStore(new MemoryStore());
    await probe(store);
    const [first] = store.calls;
    expect(first!.key).toMatch(/^probe\/[0-9A-Z]{26}$/);
    expect(store.calls.flatMap(({ key }) => key.split(' ')).every((key) => key.startsWith(first!.key))).toBe(
      true,
    );
    expect(store.calls).toHaveLength(19);
  });
});
