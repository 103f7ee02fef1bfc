/** Keeps web pages of other origins away from the server on this machine. */

import type { MiddlewareHandler } from 'hono';
import { problem } from '../functions/search/problems.ts';

const HOSTNAMES = new Set(['127.0.0.1', 'localhost', '[::1]']);

/**
 * Refuses what a foreign page can make a browser send:
 * - a foreign `Host` is a name that was pointed at 127.0.0.1 to get around the same-origin policy (DNS rebinding);
 * - a foreign `Origin`, or a cross-site request that is not someone following a link, is a page that reaches for the
 *   user's pictures (CSRF, hot-linking).
 *
 * Programs such as curl send neither `Origin` nor `Sec-Fetch-Site` and are let in: they run as the user already.
 */
export const sameOriginOnly = (): MiddlewareHandler => async (context, next) => {
  const host = context.req.header('host');
  const origin = context.req.header('origin');
  if (!host || !isLoopback(`http://${host}`)) return refuse('the Host header names another machine');
  if (origin !== undefined && origin !== `http://${host}`)
    return refuse('the request comes from another site');
  const site = context.req.header('sec-fetch-site');
  const { method } = context.req;
  // A page that frames this one navigates too, and is no link that somebody follows.
  const followsLink =
    method === 'GET' &&
    context.req.header('sec-fetch-mode') === 'navigate' &&
    context.req.header('sec-fetch-dest') === 'document';
  if (site !== undefined && site !== 'same-origin' && site !== 'none' && !followsLink) {
    return refuse('the request comes from another site');
  }
  return next();
};

/** Whether an http address is one of this machine. */
export function isLoopback(url: string): boolean {
  return URL.canParse(url) && HOSTNAMES.has(new URL(url).hostname);
}

const refuse = (detail: string): Response =>
  problem({ code: 'forbidden', status: 403, title: 'Forbidden', detail });
