/** The probe lets good stores pass and finds out the others. */

import { describe, expect, it } from 'vitest';
import { StoreUnsuitable } from '../../../vectorlog/store/errors.ts';
import type { ByteRange, ObjectInfo, PutOptions } from '../../../vectorlog/store/object-store.ts';
import { probe } from '../../../vectorlog/store/probe.ts';
import { MemoryStore } from '../../../vectorlog/testing/memory-store.ts';
import { allKeys } from './conformance.ts';

const faulty: [string, MemoryStore][] = [
  [
    'ignores the condition',
    new (class extends MemoryStore {
      override async putIfAbsent(key: string, body: Uint8Array, options?: PutOptions) {
        await this.put(key, body, options);
        return true;
      }
    })(),
  ],
  [
    'looks first and writes then',
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
    new (class extends MemoryStore {
      override async putIfAbsent() {
        return false;
      }
    })(),
  ],
  [
    'answers ranges with the whole object',
    new (class extends MemoryStore {
      override async read(key: string, _: ByteRange) {
        return (await this.get(key)).body;
      }
    })(),
  ],
  [
    'lists late',
    new (class extends MemoryStore {
      override async *list(): AsyncIterable<readonly ObjectInfo[]> {}
    })(),
  ],
  [
    'lists in the order of writing',
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
    new (class extends MemoryStore {
      override list({ prefix }: { prefix: string }) {
        return super.list({ prefix });
      }
    })(),
  ],
  [
    'deletes late',
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

  it.each(faulty)('refuses a store that %s', async (_, store) => {
    await expect(probe(store)).rejects.toBeInstanceOf(StoreUnsuitable);
  });
});
