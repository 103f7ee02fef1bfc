/** What `verify` found wrong. */

export interface Problem {
  /** `error`: a promise is broken. `warning`: it mends itself, or `backfill` mends it. */
  readonly severity: 'error' | 'warning';
  readonly code:
    | 'manifest-unreadable'
    | 'manifest-inconsistent'
    | 'file-missing'
    | 'file-damaged'
    | 'rows-inconsistent'
    | 'not-a-unit-vector'
    | 'duplicate-key'
    | 'not-opened-by-faiss'
    | 'append-unreadable'
    | 'orphan'
    | 'rejection-outdated'
    | 'picture-missing'
    | 'picture-changed'
    | 'picture-gone';
  /** The object or the key that it is about. */
  readonly subject: string;
  readonly detail: string;
}

/** How many problems of one code are listed; beyond that they are only counted. */
const LISTED = 100;

/** Collects problems without ever filling memory with them. */
export class Problems {
  readonly #counts = new Map<Problem['code'], number>();
  readonly listed: Problem[] = [];
  #errors = 0;

  add(severity: Problem['severity'], code: Problem['code'], subject: string, detail: string): void {
    const count = (this.#counts.get(code) ?? 0) + 1;
    this.#counts.set(code, count);
    if (severity === 'error') this.#errors++;
    if (count <= LISTED) this.listed.push({ severity, code, subject, detail });
  }

  get errors(): number {
    return this.#errors;
  }

  /** How many there are of each code. */
  get counts(): Readonly<Record<string, number>> {
    return Object.fromEntries(this.#counts);
  }
}
