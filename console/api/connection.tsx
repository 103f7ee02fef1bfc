/** Which server the page talks to, and as whom. */

import { createContext } from 'preact';
import { useContext } from 'preact/hooks';
import { type Client, createClient } from '../../client/index.ts';
import type { ConsoleConfig } from '../config.ts';
import { indexLoading } from './index-loading.ts';

export interface Connection {
  readonly client: Client;
  readonly config: ConsoleConfig;
  /** Where the API is, as an absolute URL. */
  readonly endpoint: string;
  readonly hasToken: boolean;
}

/** What someone typed in to reach a server; kept in this browser. */
export interface Access {
  readonly endpoint: string;
  readonly token: string;
}

const ENDPOINT = 'likeness.endpoint';
const TOKEN = 'likeness.token';

/** The token lives as long as the tab: it is a secret, and a short-lived one. */
export const readAccess = (): Access => ({
  endpoint: localStorage.getItem(ENDPOINT) ?? '',
  token: sessionStorage.getItem(TOKEN) ?? '',
});

export function keepAccess({ endpoint, token }: Access): void {
  if (endpoint) localStorage.setItem(ENDPOINT, endpoint);
  else localStorage.removeItem(ENDPOINT);
  if (token) sessionStorage.setItem(TOKEN, token);
  else sessionStorage.removeItem(TOKEN);
}

/** What a form leaves: a token that was not typed in anew stays with the server that it was for. */
export const accessAfter = (before: Access, typed: Access): Access => ({
  ...typed,
  token: typed.token || (typed.endpoint === before.endpoint ? before.token : ''),
});

/** What was typed in comes before what the server says, and that before where the page came from. */
export function connect(config: ConsoleConfig, access: Access): Connection {
  const endpoint = new URL(access.endpoint || config.endpoint || '.', location.href).href.replace(/\/$/, '');
  const withToken: typeof fetch = (input, init) => {
    // An upload's bytes may go to another host, which has no business with it.
    const url = new URL(input instanceof Request ? input.url : input, location.href);
    if (url.origin !== new URL(endpoint).origin) return fetch(input, init);
    const headers = new Headers(init?.headers);
    headers.set('authorization', `Bearer ${access.token}`);
    return fetch(input, { ...init, headers });
  };
  const client = createClient({
    endpoint,
    onLoading: indexLoading,
    ...(access.token && { fetch: withToken }),
  });
  return { client, config, endpoint, hasToken: access.token !== '' };
}

export const ConnectionContext = createContext<Connection | undefined>(undefined);

export function useConnection(): Connection {
  const connection = useContext(ConnectionContext);
  if (!connection) throw new Error('rendered outside of a connection');
  return connection;
}
