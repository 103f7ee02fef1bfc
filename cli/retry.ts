/** Tries again what a busy server or a broken connection put off. */

import { ProblemError } from '../client/problem-error.ts';

/** Where nobody answers, the address is wrong more often than not; a server that is busy gets free within a minute. */
const TRIES = { unanswered: 4, busy: 12 };
const FIRST_WAIT_MS = 500;
const LONGEST_WAIT_MS = 8_000;

/** Only for work that may be done twice. Rejects with the last error, and at once for errors that will not pass. */
export async function withRetries<T>(work: () => Promise<T>): Promise<T> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await work();
    } catch (error) {
      const tries = error instanceof ProblemError ? TRIES.busy : TRIES.unanswered;
      if (attempt === tries || !mayPass(error)) throw error;
      const wait = Math.min(LONGEST_WAIT_MS, FIRST_WAIT_MS * 2 ** (attempt - 1));
      // Not all who were put off together come back together.
      await new Promise((resolve) => setTimeout(resolve, wait * (0.5 + Math.random() / 2)));
    }
  }
}

/** `fetch` rejects with a TypeError when there was no answer; it may stand behind an explanation. */
function mayPass(error: unknown): boolean {
  if (error instanceof ProblemError) return error.retryable;
  return error instanceof TypeError || (error instanceof Error && error.cause instanceof TypeError);
}
