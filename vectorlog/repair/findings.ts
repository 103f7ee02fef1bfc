/** What `verify` found wrong. */

export interface Finding {
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
    | 'picture-gone'
    | 'picture-archived'
    | 'thumbnail-missing'
    | 'thumbnail-orphan'
    | 'fingerprint-missing'
    | 'fingerprint-unreadable';
  /** The object or the key that it is about. */
  readonly subject: string;
  readonly detail: string;
}

/** How many findings of one code are listed; beyond that they are only counted. */
const LISTED = 100;

/** What was found by runs before this one. */
export interface Found {
  readonly ok: boolean;
  readonly problems: readonly Finding[];
  readonly counts: Readonly<Record<string, number>>;
}

/** Collects findings without ever filling memory with them. */
export class Findings {
  readonly #most: number;
  readonly #counts: Map<string, number>;
  readonly listed: Finding[];
  #errors: number;

  constructor({
    before,
    most = LISTED,
  }: { readonly before?: Found | undefined; readonly most?: number } = {}) {
    this.#most = most;
    this.#counts = new Map(Object.entries(before?.counts ?? {}));
    this.listed = [...(before?.problems ?? [])];
    this.#errors = before?.ok === false ? 1 : 0;
  }

  add(severity: Finding['severity'], code: Finding['code'], subject: string, detail: string): void {
    const count = (this.#counts.get(code) ?? 0) + 1;
    this.#counts.set(code, count);
    if (severity === 'error') this.#errors++;
    if (count <= this.#most) this.listed.push({ severity, code, subject, detail });
  }

  /** Whether no promise is broken. */
  get ok(): boolean {
    return this.#errors === 0;
  }

  /** How many there are of each code. */
  get counts(): Readonly<Record<string, number>> {
    return Object.fromEntries(this.#counts);
  }
}
