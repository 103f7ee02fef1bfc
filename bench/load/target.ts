/** What is put under load. */

import type { Client } from '../../client/client.ts';

export interface Target {
  readonly name: string;
  readonly client: Client;
  /** Where requests can be sent by hand; `undefined` where each is handed to a function. */
  readonly endpoint: string | undefined;
  /** Puts a picture where the index follows; resolves when it is acknowledged. */
  put(key: string, bytes: Uint8Array): Promise<void>;
  /** Memory that is resident now, of every process by its name. */
  resident(): Record<string, number>;
  close(): Promise<void>;
}
