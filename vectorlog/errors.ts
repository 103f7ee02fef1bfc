/** The base of every error that Likeness throws on purpose; each says whether trying again can help. */

/**
 * An error with an answer to the one question its catcher has: is it worth trying again?
 *
 * Subclasses are named after what went wrong and carry what a caller needs to act.
 */
export abstract class LikenessError extends Error {
  /** `true` when the same call may succeed later (a timeout, a 503); `false` when it never will. */
  abstract readonly retryable: boolean;

  constructor(message: string, options?: { cause?: unknown }) {
    super(message, options);
    this.name = new.target.name;
  }
}

/** Whether an error of any origin is worth another try; errors that are not ours are taken for passing faults. */
export function isRetryable(error: unknown): boolean {
  return error instanceof LikenessError ? error.retryable : true;
}
