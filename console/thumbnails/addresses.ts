/** Asks the API where small copies are: for all pictures that come into view together in one request. */

import type { Client } from '../../client/index.ts';

/** What comes within this time goes together. */
const GATHER_MS = 20;
/** Keys of one request, as the API takes them. */
const MOST = 100;

interface Asked {
  readonly key: string;
  readonly resolve: (address: string | undefined) => void;
  readonly reject: (error: unknown) => void;
}

class Addresses {
  #waiting: Asked[] = [];

  constructor(private readonly client: Client) {}

  of(key: string): Promise<string | undefined> {
    if (this.#waiting.length === 0) setTimeout(() => this.#ask(), GATHER_MS);
    return new Promise((resolve, reject) => this.#waiting.push({ key, resolve, reject }));
  }

  #ask(): void {
    const all = this.#waiting;
    this.#waiting = [];
    for (let i = 0; i < all.length; i += MOST) void this.#askFor(all.slice(i, i + MOST));
  }

  async #askFor(some: readonly Asked[]): Promise<void> {
    try {
      const { items } = await this.client.thumbnails([...new Set(some.map(({ key }) => key))]);
      const addresses = new Map(items.map(({ key, url }) => [key, url]));
      for (const { key, resolve } of some) resolve(addresses.get(key));
    } catch (error) {
      for (const { reject } of some) reject(error);
    }
  }
}

const all = new WeakMap<Client, Addresses>();

/** The address of a small copy that the server has; `undefined` where there is none. */
export function thumbnailAddress(client: Client, key: string): Promise<string | undefined> {
  const addresses = all.get(client) ?? new Addresses(client);
  all.set(client, addresses);
  return addresses.of(key);
}
