/** From the common flags to a client of the server they name. */

import { type Client, createClient } from '../client/client.ts';
import { CommandFailed } from './errors.ts';

export const DEFAULT_ENDPOINT = 'http://127.0.0.1:3000';

/** Flags of every command that talks to a server. */
export interface ServerFlags {
  readonly endpoint: string;
  readonly json?: boolean;
}

/** A client that signs its requests where the endpoint is on AWS, and whose failures say what to do. */
export async function connect({ endpoint }: ServerFlags): Promise<Client> {
  return createClient({ endpoint, fetch: explained(await fetchFor(endpoint), endpoint) });
}

/** Endpoints on AWS take requests that are signed with the usual credentials; nothing else is loaded for others. */
async function fetchFor(endpoint: string): Promise<typeof fetch> {
  const region = regionOf(endpoint);
  if (!region) return fetch;
  const [{ signingFetch }, { fromNodeProviderChain }] = await Promise.all([
    import('../client/sigv4.ts'),
    import('@aws-sdk/credential-providers'),
  ]);
  return signingFetch({ endpoint, region, credentials: fromNodeProviderChain() });
}

/** The region in the name of an API on API Gateway; behind a name of one's own, AWS_REGION asks for signing. */
function regionOf(endpoint: string): string | undefined {
  const named = /^[a-z0-9]+\.execute-api\.([a-z0-9-]+)\.amazonaws\.com/.exec(new URL(endpoint).hostname)?.[1];
  return named ?? (isLoopback(endpoint) ? undefined : process.env.AWS_REGION);
}

const isLoopback = (endpoint: string): boolean =>
  ['127.0.0.1', 'localhost', '[::1]'].includes(new URL(endpoint).hostname);

/** `fetch failed` helps nobody: says which server did not answer, and how to have one. */
function explained(get: typeof fetch, endpoint: string): typeof fetch {
  return async (input, init) => {
    try {
      return await get(input, init);
    } catch (error) {
      if (init?.signal?.aborted) throw error;
      const hint =
        endpoint === DEFAULT_ENDPOINT
          ? 'Start one with "likeness serve <folder>", or name another with --endpoint.'
          : 'Is the address right, and is the server running?';
      throw new CommandFailed(`no server answers at ${endpoint}. ${hint}`, { cause: error });
    }
  };
}
