/** From the common flags to a client of the server they name. */

import { type Client, createClient } from '../client/client.ts';
import { isLoopback } from '../local/caller.ts';
import { CommandFailed, UsageError } from './errors.ts';
import { processTerminal } from './terminal.ts';

export const DEFAULT_ENDPOINT = 'http://127.0.0.1:3000';

/** Flags of every command that talks to a server. */
export interface ServerFlags {
  readonly endpoint: string;
  readonly json?: boolean;
  /** Of an API that asks for tokens (`auth: jwt`). */
  readonly token?: string;
  /** The region for which requests to an API behind a name of one's own are signed. */
  readonly sign?: string;
}

/**
 * A client that proves who its user is where the server asks for it, and whose failures say what to do.
 *
 * Credentials go to the hosts of API Gateway by themselves, and to other hosts only when `token` or `sign` says so;
 * always over https, or to this machine, and never on to where a server points.
 *
 * @throws UsageError when the endpoint is no address, or credentials would be sent in the clear
 */
export async function connect(flags: ServerFlags): Promise<Client> {
  return createClient({
    endpoint: flags.endpoint,
    fetch: explained(await fetchFor(flags), flags.endpoint),
    onLoading: ({ doneBytes, totalBytes }) =>
      processTerminal.err(`the index is being loaded: ${Math.floor((100 * doneBytes) / totalBytes)} %`),
  });
}

/**
 * How many requests may be under way together. Any server but one on this machine may be on AWS, by a name of its owner's
 * too, where each is an instance of a function, of which a new account has ten.
 */
export const requestsAtOnce = ({ endpoint }: Pick<ServerFlags, 'endpoint'>): number =>
  isLoopback(addressOf(endpoint).href) ? 8 : 4;

/** Nothing is loaded for servers that are not on AWS. */
async function fetchFor({ endpoint, token, sign }: ServerFlags): Promise<typeof fetch> {
  const address = addressOf(endpoint);
  const region = token === undefined ? (sign ?? regionOf(address)) : undefined;
  if (token === undefined && region === undefined) return withoutRedirects(fetch, address);
  if (address.protocol !== 'https:' && !isLoopback(address.href))
    throw new UsageError(`credentials are sent over https only, and ${endpoint} is not`);
  if (token !== undefined) return withoutRedirects(withToken(token, address), address);
  const [{ signingFetch }, { fromNodeProviderChain }] = await Promise.all([
    import('../client/sigv4.ts'),
    import('@aws-sdk/credential-providers'),
  ]);
  return signingFetch({ endpoint, region: region!, credentials: fromNodeProviderChain() });
}

function addressOf(endpoint: string): URL {
  if (!URL.canParse(endpoint)) throw new UsageError(`${endpoint} is no address; give one such as https://…`);
  return new URL(endpoint);
}

/** The region in the name of an API on API Gateway. */
const regionOf = ({ hostname }: URL): string | undefined =>
  /^[a-z0-9]+\.execute-api\.([a-z0-9-]+)\.amazonaws\.com(?:\.cn)?$/.exec(hostname)?.[1];

/** Only the server itself gets the token: uploads go to a bucket. */
const withToken =
  (token: string, { origin }: URL): typeof fetch =>
  (input, init) => {
    const request = new Request(input, init);
    if (new URL(request.url).origin === origin) request.headers.set('authorization', `Bearer ${token}`);
    return fetch(request);
  };

/** A server of Likeness sends nobody anywhere; one that does is another. */
const withoutRedirects =
  (get: typeof fetch, { origin }: URL): typeof fetch =>
  (input, init) => {
    const url = input instanceof Request ? input.url : input;
    return get(input, new URL(url).origin === origin ? { ...init, redirect: 'error' } : init);
  };

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
