/** A stand-in for an identity provider: gives a code to whoever asks, and for it a token to whoever can say the secret behind it. */

import { createHash } from 'node:crypto';
import type { Hono } from 'hono';
import type { SignInConfig } from '../../console/config.ts';

export const CLIENT = 'console-client';

export const SIGN_IN: SignInConfig = {
  authorizationEndpoint: '/login/authorize',
  tokenEndpoint: '/login/token',
  logoutEndpoint: '/login/logout',
  clientId: CLIENT,
  scope: 'openid',
};

export interface Identity {
  /** What it gives. */
  readonly token: string;
  /** Why it lets nobody in. */
  refuses?: string;
  /** Sends people back with this in place of what the page said. */
  readonly state?: string;
}

/** Adds its addresses to a server whose page is at `home`. */
export function identityRoutes(app: Hono, home: string, identity: () => Identity): void {
  const challenges = new Map<string, string>();
  app.get('/login/authorize', ({ req, redirect, text }) => {
    const asked = req.query();
    const isRight =
      asked.response_type === 'code' &&
      asked.client_id === CLIENT &&
      asked.redirect_uri === home &&
      asked.scope === 'openid' &&
      asked.code_challenge_method === 'S256';
    if (!isRight) return text(`not what is registered: ${JSON.stringify(asked)}`, 400);
    const { refuses, state = asked.state! } = identity();
    if (refuses !== undefined)
      return redirect(
        `${home}?${new URLSearchParams({ error: 'access_denied', error_description: refuses, state })}`,
      );
    const code = `code-${challenges.size}`;
    challenges.set(code, asked.code_challenge!);
    return redirect(`${home}?${new URLSearchParams({ code, state })}`);
  });
  app.post('/login/token', async ({ req, json }) => {
    const { grant_type, client_id, code, redirect_uri, code_verifier } = (await req.parseBody()) as Record<
      string,
      string
    >;
    const challenge = challenges.get(code!);
    challenges.delete(code!);
    const isRight =
      grant_type === 'authorization_code' &&
      client_id === CLIENT &&
      redirect_uri === home &&
      challenge === createHash('sha256').update(code_verifier!).digest('base64url');
    return isRight
      ? json({ access_token: identity().token, token_type: 'Bearer', expires_in: 3_600 })
      : json({ error: 'invalid_grant' }, 400);
  });
  app.get('/login/logout', ({ req, redirect }) => redirect(req.query('logout_uri')!));
}
