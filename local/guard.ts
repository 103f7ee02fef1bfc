/** Keeps strangers away from the server on one machine: web pages of other origins, and devices without the token. */

import { timingSafeEqual } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import type { Context, MiddlewareHandler } from 'hono';
import { getCookie, setCookie } from 'hono/cookie';
import { problem } from '../functions/search/problems.ts';
import { answerFor, isLoopback } from './caller.ts';

/** The query parameter of the address that is printed, and the cookie that it becomes. */
const TOKEN = 'token';
const COOKIE = 'likeness-token';

/** How long a browser keeps the cookie; the token itself ends with the server. */
const COOKIE_SECONDS = 30 * 24 * 60 * 60;

/**
 * Lets in this machine, and other devices that show `token`; there are none without one.
 *
 * - A foreign `Host` without the token is a name that was pointed at 127.0.0.1 to get around the same-origin policy
 *   (DNS rebinding), or a device that was not invited.
 * - A foreign `Origin`, or a cross-site request that is not someone following a link, is a page that reaches for the
 *   user's pictures (CSRF, hot-linking).
 *
 * Programs such as curl send neither `Origin` nor `Sec-Fetch-Site` and are let in from this machine: they run as the
 * user already. Another device opens the printed address once; its token becomes a cookie that scripts cannot read.
 */
export const guard =
  (token?: string): MiddlewareHandler =>
  async (context, next) => {
    const host = context.req.header('host');
    if (!host) return refuse('the Host header is missing');
    const origin = `http://${host}`;
    const here = isLoopback(origin) && isFromHere(context);
    if (!here && token === undefined) return refuse('the Host header names another machine');
    const foreign = fromAnotherSite(context, origin);
    if (foreign) return foreign;
    if (!here && token !== undefined) {
      const shown = new URL(context.req.url).searchParams.get(TOKEN);
      if (shown !== null && same(shown, token)) return welcome(context, token);
      const bearer = context.req.header('authorization')?.replace(/^Bearer /i, '');
      if (!same(getCookie(context, COOKIE) ?? bearer ?? '', token)) return uninvited();
    }
    return answerFor({ origin, here }, next);
  };

/** Whether the connection begins on this machine; a request that came by no connection was made in this process. */
function isFromHere(context: Context): boolean {
  const { incoming } = (context.env ?? {}) as { incoming?: IncomingMessage };
  if (!incoming) return true;
  const address = incoming.socket.remoteAddress ?? '';
  return address === '::1' || /^(::ffff:)?127\./.test(address);
}

function fromAnotherSite(context: Context, own: string): Response | undefined {
  const origin = context.req.header('origin');
  if (origin !== undefined && origin !== own) return refuse('the request comes from another site');
  const site = context.req.header('sec-fetch-site');
  // A page that frames this one navigates too, and is no link that somebody follows.
  const followsLink =
    context.req.method === 'GET' &&
    context.req.header('sec-fetch-mode') === 'navigate' &&
    context.req.header('sec-fetch-dest') === 'document';
  if (site !== undefined && site !== 'same-origin' && site !== 'none' && !followsLink)
    return refuse('the request comes from another site');
  return undefined;
}

/** Keeps the token in the browser and takes it out of the address, where history and screenshots would show it. */
function welcome(context: Context, token: string): Response {
  setCookie(context, COOKIE, token, {
    httpOnly: true,
    sameSite: 'Lax',
    path: '/',
    maxAge: COOKIE_SECONDS,
  });
  const { pathname, searchParams } = new URL(context.req.url);
  searchParams.delete(TOKEN);
  const rest = searchParams.toString();
  context.header('referrer-policy', 'no-referrer');
  context.header('cache-control', 'no-store');
  // One slash: two would name another host.
  return context.redirect(pathname.replace(/^\/+/, '/') + (rest && `?${rest}`));
}

function same(given: string, wanted: string): boolean {
  const [a, b] = [Buffer.from(given), Buffer.from(wanted)];
  return a.length === b.length && timingSafeEqual(a, b);
}

const refuse = (detail: string): Response =>
  problem({ code: 'forbidden', status: 403, title: 'Forbidden', detail });

const uninvited = (): Response =>
  problem({
    code: 'unauthorized',
    status: 401,
    title: 'The token is missing',
    detail: 'Open the address with the token that "serve --host" printed; a restart makes a new one.',
  });
