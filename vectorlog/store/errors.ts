/** What can go wrong between Likeness and an object store. */

import { LikenessError } from '../errors.ts';

/** There is no object of that key. */
export class ObjectNotFound extends LikenessError {
  readonly retryable = false;
  constructor(
    readonly key: string,
    options?: { cause?: unknown },
  ) {
    super(`no object "${key}"`, options);
  }
}

/** Whether there is an object cannot be told, since nobody can look where it would be; of others it can. */
export class ObjectOutOfReach extends LikenessError {
  readonly retryable = true;
  constructor(
    readonly key: string,
    options?: { cause?: unknown },
  ) {
    super(`whether "${key}" is there cannot be told now`, options);
  }
}

/** The object is there, but not as the caller last saw it. */
export class PreconditionFailed extends LikenessError {
  readonly retryable = false;
  constructor(
    readonly key: string,
    options?: { cause?: unknown },
  ) {
    super(`"${key}" has changed`, options);
  }
}

/** The object has more bytes than the caller would take; none of them were read. */
export class ObjectTooLarge extends LikenessError {
  readonly retryable = false;
  constructor(
    readonly key: string,
    /** Bytes that it has. */
    readonly size: number,
  ) {
    super(`"${key}" has ${size} bytes, more than were to be read`);
  }
}

/** The object is shorter than the range that was asked for. */
export class RangeNotSatisfiable extends LikenessError {
  readonly retryable = false;
  constructor(
    readonly key: string,
    options?: { cause?: unknown },
  ) {
    super(`"${key}" is shorter than the range asked for`, options);
  }
}

/** The store did not answer, or answered that it could not; whether a write happened is unknown. */
export class StoreUnavailable extends LikenessError {
  readonly retryable = true;
}

/** The store, its credentials or its bucket cannot serve Likeness at all; someone has to change something. */
export class StoreUnsuitable extends LikenessError {
  readonly retryable = false;
}

/** The store holds the object, and does not give it out as it is. */
export class ObjectUnreadable extends StoreUnsuitable {
  constructor(
    readonly key: string,
    /** `archived`: to be restored first. `encrypted`: with a key that the reader has to bring. `forbidden`: no permission. `permissions`: those of the file itself. */
    readonly obstacle: 'archived' | 'encrypted' | 'forbidden' | 'permissions',
    message: string,
    options?: { cause?: unknown },
  ) {
    super(message, options);
  }
}

/** No store takes this key. */
export class KeyInvalid extends LikenessError {
  readonly retryable = false;
  constructor(
    readonly key: string,
    reason: string,
  ) {
    super(`"${key.slice(0, 80)}" cannot be an object key: ${reason}`);
  }
}
