/** Lists that the API gives page by page, loaded as far as someone looks, and kept so that "back" finds them as they were. */

import { useEffect, useState } from 'preact/hooks';
import { Lru } from '../../vectorlog/lru.ts';
import { useLibraryChanges } from '../library/library-version.ts';
import { type Trouble, troubleOf } from './trouble.ts';

export interface Page<T> {
  readonly items: readonly T[];
  /** Items that all pages have together, where the API knows it. */
  readonly total?: number;
  /** How much of the work is done with this page: what `progress` adds up. */
  readonly done?: number;
  /** Leads to the next page; absent on the last one. */
  readonly cursor?: string | undefined;
}

export type LoadPage<T> = (
  cursor: string | undefined,
  limit: number,
  signal: AbortSignal,
) => Promise<Page<T>>;

/** The first page is small, to be there soon; the others are as large as the API lets them be. */
const FIRST_PAGE = 200;
const PAGE = 1_000;
const RETRY_AFTER_MS = 2_500;

/** What one pass through the pages has brought. */
interface Pass<T> {
  items: T[];
  cursor: string | undefined;
  done: number;
  complete: boolean;
}

const nothing = <T>(): Pass<T> => ({ items: [], cursor: undefined, done: 0, complete: false });

export class Pages<T> {
  /** Items there are in all; `undefined` before the first page, and where the API does not know. */
  total: number | undefined;
  trouble: Trouble | undefined;
  /** Grows with each change. */
  revision = 0;
  private shown = nothing<T>();
  /** A pass from the beginning that has not come as far as the one that is shown. */
  private renewed: Pass<T> | undefined;
  private wanted = 0;
  private loading = false;
  private again = false;
  private abort = new AbortController();
  private readonly listeners = new Set<() => void>();

  constructor(private readonly load: LoadPage<T>) {}

  /** What is known so far, from the first on. */
  get items(): readonly T[] {
    return this.shown.items;
  }

  get complete(): boolean {
    return this.shown.complete;
  }

  get progress(): number {
    return this.shown.done;
  }

  /** Whether a page is on its way. */
  get busy(): boolean {
    return this.loading;
  }

  subscribe(listener: () => void): () => void {
    this.listeners.add(listener);
    return () => {
      this.listeners.delete(listener);
    };
  }

  /** Sees to it that the first `length` items get loaded. A cursor leads to the next page only, so all before are too. */
  want(length: number): void {
    this.wanted = Math.max(this.wanted, length, 1);
    void this.run();
  }

  /** Loads all there is. */
  async all(): Promise<readonly T[]> {
    this.want(Number.POSITIVE_INFINITY);
    await new Promise<void>((resolve) => {
      const look = () => {
        if (!this.complete && (!this.trouble || this.trouble.passing || this.trouble.expired)) return;
        stop();
        resolve();
      };
      const stop = this.subscribe(look);
      look();
    });
    return this.items;
  }

  /** Reads the list again from its beginning, as far as it is looked at; what is shown stays until then. */
  refresh(): void {
    // One pass after the other: a library that changes all the time would never get to the end of one.
    if (this.renewed) this.again = true;
    else this.renewed = nothing();
    this.trouble = undefined;
    void this.run();
  }

  /** Takes items out that are known to be gone, before a refresh says so. */
  remove(gone: (item: T) => boolean): void {
    const before = this.shown.items.length;
    this.shown.items = this.shown.items.filter((item) => !gone(item));
    if (this.total !== undefined) this.total -= before - this.shown.items.length;
    this.changed();
  }

  /** Puts other items in the place of those that are shown. */
  replace(change: (items: readonly T[]) => T[]): void {
    this.shown.items = change(this.shown.items);
    this.changed();
  }

  private async run(): Promise<void> {
    // Asked at each step of a scroll: a list that has what is wanted tells nobody that it changed.
    if (this.loading || (!this.renewed && this.suffices())) return;
    this.loading = true;
    const { signal } = this.abort;
    for (;;) {
      const pass = this.renewed ?? this.shown;
      if (this.suffices()) {
        if (!this.renewed) break;
        this.shown = this.renewed;
        this.renewed = this.again ? nothing() : undefined;
        this.again = false;
        this.changed();
        continue;
      }
      try {
        this.take(pass, await this.load(pass.cursor, pass.cursor === undefined ? FIRST_PAGE : PAGE, signal));
      } catch (error) {
        this.trouble = troubleOf(error);
        // A cursor of another time: the list begins anew.
        if (this.trouble.expired) this.renewed = nothing();
        else if (!this.trouble.passing) break;
        this.changed();
        await new Promise((resolve) => setTimeout(resolve, RETRY_AFTER_MS));
      }
    }
    this.loading = false;
    this.changed();
  }

  /** Whether the pass that runs has come as far as someone looks. */
  private suffices(): boolean {
    const { items, complete } = this.renewed ?? this.shown;
    const enough = this.renewed ? Math.min(this.wanted, Math.max(this.shown.items.length, 1)) : this.wanted;
    return complete || items.length >= enough;
  }

  private take(pass: Pass<T>, page: Page<T>): void {
    pass.items = [...pass.items, ...page.items];
    pass.cursor = page.cursor;
    pass.done += page.done ?? page.items.length;
    pass.complete = page.cursor === undefined;
    if (page.total !== undefined) this.total = page.total;
    this.trouble = undefined;
    this.changed();
  }

  private changed(): void {
    this.revision += 1;
    for (const listener of this.listeners) listener();
  }
}

/** A list of a hundred thousand pictures takes some 50 MB; the last few are enough to go back to. */
const kept = new Lru<string, Pages<unknown>>(4);

/**
 * The list of that name as a component sees it; read again when the library changes.
 *
 * @param name stands for everything that `load` closes over
 */
export function usePages<T>(name: string, load: LoadPage<T>): Pages<T> {
  const pages = pagesOf(name, load);
  const [, setRevision] = useState(0);
  useEffect(() => {
    const stop = pages.subscribe(() => setRevision((now) => now + 1));
    if (pages.revision === 0) pages.want(1);
    else pages.refresh();
    return stop;
  }, [pages]);
  useLibraryChanges(() => pages.refresh());
  return pages;
}

function pagesOf<T>(name: string, load: LoadPage<T>): Pages<T> {
  const known = kept.get(name) as Pages<T> | undefined;
  if (known) return known;
  const pages = new Pages(load);
  kept.set(name, pages as Pages<unknown>);
  return pages;
}
