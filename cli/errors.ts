/** How commands fail. */

/** Exit codes; `interrupted` is what shells give a program that SIGINT ended. */
export const EXIT = { done: 0, failed: 1, usage: 2, interrupted: 130 } as const;

/** The command was called wrongly; the message says how to call it. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}

/** The command could not do, or not wholly do, what it was asked to. */
export class CommandFailed extends Error {
  override readonly name = 'CommandFailed';
}

/** Somebody interrupted the command; the message says how far it came. */
export class Interrupted extends Error {
  override readonly name = 'Interrupted';
}
