/** What is put under load. */

import type { Client } from '../../client/client.ts';

export interface Target {
  readonly name: string;
  readonly client: Client;
  /** Where requests can be sent by hand; `undefined` where each is handed to a function. */
  readonly endpoint: string | undefined;
  /** Puts a picture where the index follows; resolves when it is acknowledged. */
  put(key: string, bytes: Uint8Array): Promise<void>;
  /** Which of some keys that were put begin to be found, all of which begin with `prefix`. */
  found(prefix: string, keys: ReadonlySet<string>): Promise<readonly string[]>;
  /** Memory that is resident now, of every process by its name. */
  resident(): Record<string, number>;
  close(): Promise<void>;
}
