/** Errors in words that a person can act upon. */

import { ProblemError } from '../../client/index.ts';

export interface Trouble {
  readonly title: string;
  readonly detail: string;
  /** Nothing is wrong with the request: it will be made again by itself. */
  readonly passing: boolean;
  /** What was asked for goes on from a state that is no more: it has to begin anew. */
  readonly expired?: true;
  /** The same request would only be refused again: what was sent is the reason. */
  readonly final?: true;
  /** The server wants to know who asks. */
  readonly needsToken: boolean;
}

/** The body is too large, of no known type, or not a picture that can be read. */
const FINAL = new Set([413, 415, 422]);

export function troubleOf(error: unknown): Trouble {
  if (error instanceof ProblemError) {
    const needsToken = error.status === 401 || error.status === 403;
    return {
      title: needsToken ? 'The server does not let this page in' : error.problem.title,
      detail: needsToken
        ? 'Sign in again, or enter a token that is valid for this server, under Status.'
        : (error.problem.detail ?? ''),
      // A picture that is on its way into the index can be searched by in a moment.
      passing: error.retryable || error.problem.state === 'pending',
      needsToken,
      ...(error.code === 'cursor-expired' && { expired: true }),
      ...(FINAL.has(error.status) && { final: true }),
    };
  }
  // A fetch without an answer rejects with a TypeError, for reasons that browsers keep to themselves.
  if (error instanceof TypeError) {
    return {
      title: 'The server does not answer',
      detail: 'Is it running, and can this page reach it? The page keeps trying.',
      passing: true,
      needsToken: false,
    };
  }
  return { title: 'Something went wrong', detail: String(error), passing: false, needsToken: false };
}
