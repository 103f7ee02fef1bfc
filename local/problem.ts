/** Problem documents (RFC 9457) of the parts that only a server on one machine has. */

export interface LocalProblem {
  readonly code:
    | 'unauthorized'
    | 'forbidden'
    | 'invalid-request'
    | 'body-too-large'
    | 'picture-not-found'
    | 'picture-rejected'
    | 'picture-not-decoded'
    | 'store-unavailable'
    | 'overloaded'
    | 'internal-error';
  readonly status: 400 | 401 | 403 | 404 | 413 | 415 | 500 | 503;
  readonly title: string;
  /** What to do about it. */
  readonly detail: string;
}

export function problem({ code, ...about }: LocalProblem): Response {
  const document = { type: `urn:likeness:problem:${code}`, ...about };
  return Response.json(document, {
    status: about.status,
    headers: {
      'content-type': 'application/problem+json',
      ...(about.status === 503 && { 'retry-after': '1' }),
    },
  });
}
