/**
 * Signing in at an identity provider: the authorization code grant of OAuth 2 with PKCE, as pages without a secret do it.
 * It is one redirect and one request, of which a library would be a fifth of all script of this page.
 *
 * @see https://www.rfc-editor.org/rfc/rfc7636
 */

import type { SignInConfig } from '../config.ts';
import { openAt } from '../route/navigation.ts';
import { keepAccess } from './connection.tsx';

/** The provider did not let anybody in. */
export class SignInFailed extends Error {
  override readonly name = 'SignInFailed';
}

/** What is kept while the page is away. */
interface Begun {
  readonly state: string;
  readonly verifier: string;
  /** Where the page was. */
  readonly hash: string;
}

const BEGUN = 'likeness.sign-in';

/** Where the provider sends people back to: this page, without its view. */
const home = (): string => new URL('.', location.href).href;

const base64url = (bytes: Uint8Array): string =>
  btoa(String.fromCharCode(...bytes))
    .replaceAll('+', '-')
    .replaceAll('/', '_')
    .replaceAll('=', '');

const secret = (): string => base64url(crypto.getRandomValues(new Uint8Array(32)));

/** Leaves the page for the provider's. */
export async function beginSignIn({ authorizationEndpoint, clientId, scope }: SignInConfig): Promise<void> {
  const begun: Begun = { state: secret(), verifier: secret(), hash: location.hash };
  sessionStorage.setItem(BEGUN, JSON.stringify(begun));
  const hash = await crypto.subtle.digest('SHA-256', new TextEncoder().encode(begun.verifier));
  location.assign(
    withQuery(authorizationEndpoint, {
      response_type: 'code',
      client_id: clientId,
      redirect_uri: home(),
      scope,
      state: begun.state,
      code_challenge: base64url(new Uint8Array(hash)),
      code_challenge_method: 'S256',
    }),
  );
}

/**
 * Where the page was opened by the provider: takes the code out of its address, and keeps the token that is given for it.
 *
 * @throws SignInFailed with the provider's own words
 */
export async function finishSignIn({ tokenEndpoint, clientId }: SignInConfig): Promise<void> {
  const query = new URLSearchParams(location.search);
  const state = query.get('state');
  if (state === null) return;
  const kept = sessionStorage.getItem(BEGUN);
  sessionStorage.removeItem(BEGUN);
  const begun = kept === null ? undefined : (JSON.parse(kept) as Begun);
  openAt(begun?.hash ?? '');
  // Somebody else's code would show somebody else's pictures.
  if (begun?.state !== state) throw new SignInFailed('That was no answer to a question of this page.');
  const code = query.get('code');
  if (code === null)
    throw new SignInFailed(query.get('error_description') ?? query.get('error') ?? 'There was no code.');
  const answer = await fetch(tokenEndpoint, {
    method: 'POST',
    body: new URLSearchParams({
      grant_type: 'authorization_code',
      client_id: clientId,
      code,
      redirect_uri: home(),
      code_verifier: begun.verifier,
    }),
  });
  if (!answer.ok) throw new SignInFailed(`The provider gave no token: ${await answer.text()}`);
  const { access_token: token } = (await answer.json()) as { access_token: string };
  // It is for the server that the page is meant for, and for no other that was typed in.
  keepAccess({ endpoint: '', token });
}

/** Forgets the token, and ends the session at the provider where that is known how. */
export function signOut({ logoutEndpoint, clientId }: SignInConfig): void {
  keepAccess({ endpoint: '', token: '' });
  if (logoutEndpoint === undefined) location.reload();
  else location.assign(withQuery(logoutEndpoint, { client_id: clientId, logout_uri: home() }));
}

function withQuery(address: string, values: Readonly<Record<string, string>>): string {
  const url = new URL(address, location.href);
  for (const [name, value] of Object.entries(values)) url.searchParams.set(name, value);
  return url.href;
}
