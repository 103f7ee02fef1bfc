/** Tries again what a busy server or a broken connection put off. */

import { ProblemError } from '../client/problem-error.ts';

const TRIES = 4;
const FIRST_WAIT_MS = 500;

/** Only for work that may be done twice. Rejects with the last error, and at once for errors that will not pass. */
export async function withRetries<T>(work: () => Promise<T>): Promise<T> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await work();
    } catch (error) {
      if (attempt === TRIES || !mayPass(error)) throw error;
      await new Promise((resolve) => setTimeout(resolve, FIRST_WAIT_MS * attempt));
    }
  }
}

/** `fetch` rejects with a TypeError when there was no answer; it may stand behind an explanation. */
function mayPass(error: unknown): boolean {
  if (error instanceof ProblemError) return error.retryable;
  return error instanceof TypeError || (error instanceof Error && error.cause instanceof TypeError);
}
