/** What is wrong with this library now, for everyone who asks: health, status, page and log. */

import type { LogFields, Logger } from '../vectorlog/logger.ts';

/** Each kind of trouble is there once; its code never changes its meaning. */
export type TroubleCode =
  | 'folder-away'
  | 'folder-unreadable'
  | 'deletions-held'
  | 'indexing-failing'
  | 'comparison-failing'
  | 'watching-incomplete'
  | 'compaction-failing';

export interface Trouble {
  readonly code: TroubleCode;
  /** What is wrong, and what to do about it. */
  readonly message: string;
}

/** Says in the log when a trouble begins and when it is over, and nothing in between. */
export class Troubles {
  readonly #present = new Map<TroubleCode, string>();

  constructor(private readonly logger: Logger) {}

  get all(): readonly Trouble[] {
    return Array.from(this.#present, ([code, message]) => ({ code, message }));
  }

  has(code: TroubleCode): boolean {
    return this.#present.has(code);
  }

  /** A trouble is there, or is still there and has other words by now. */
  begin(code: TroubleCode, message: string): void {
    if (!this.#present.has(code)) this.logger.warn(message);
    this.#present.set(code, message);
  }

  /** Says something that is worth knowing and keeps nothing from working. */
  note(message: string): void {
    this.logger.warn(message);
  }

  /** A trouble is over, if it was there. @param message what to say then */
  end(code: TroubleCode, message: string): void {
    if (this.#present.delete(code)) this.logger.warn(message);
  }
}

/**
 * A logger for something that is called again and again and may fail each time: warnings and errors are not written,
 * their reason is kept in `last` for the one who sums up.
 */
export class FailureNotes implements Logger {
  /** Why the last failure happened. */
  last = 'the reason is not known';

  constructor(private readonly logger: Logger) {}

  info(message: string, fields?: LogFields): void {
    this.logger.info(message, fields);
  }

  warn(message: string, fields?: LogFields): void {
    this.#note(message, fields);
  }

  error(message: string, fields?: LogFields): void {
    this.#note(message, fields);
  }

  #note(message: string, fields: LogFields = {}): void {
    const { error } = fields;
    this.last = error instanceof Error ? error.message : message;
    this.logger.info(message, fields);
  }
}
