/** The pictures under one prefix, loaded page by page as far as someone looks. */

import type { Client, Picture, PicturePage } from '../../client/index.ts';
import { type Trouble, troubleOf } from '../api/trouble.ts';

/** The first page is small, to be there soon; the others are as large as the API lets them be. */
const FIRST_PAGE = 200;
const PAGE = 1_000;
const RETRY_AFTER_MS = 2_500;

export class PictureList {
  /** What is known so far, from the first on. After `refresh` old pictures stand in until their page comes. */
  readonly items: Picture[] = [];
  /** Pictures there are in all; `undefined` before the first page. */
  total: number | undefined;
  trouble: Trouble | undefined;
  /** Grows with each change. */
  revision = 0;
  /** Pictures that the pages up to `cursor` brought. */
  private loaded = 0;
  private cursor: string | undefined;
  private complete = false;
  private wanted = 0;
  private loading = false;
  private abort = new AbortController();
  private readonly listeners = new Set<() => void>();

  constructor(
    private readonly client: Client,
    readonly prefix: string,
  ) {}

  subscribe(listener: () => void): () => void {
    this.listeners.add(listener);
    return () => {
      this.listeners.delete(listener);
    };
  }

  /** Sees to it that the first `length` pictures get loaded. A cursor leads to the next page only, so all before are too. */
  want(length: number): void {
    this.wanted = Math.max(length, FIRST_PAGE);
    this.load();
  }

  /** Reads the list again from its beginning, as far as it is looked at. */
  refresh(): void {
    this.abort.abort();
    this.abort = new AbortController();
    this.cursor = undefined;
    this.complete = false;
    this.loaded = 0;
    this.loading = false;
    this.load();
  }

  private async load(): Promise<void> {
    if (this.loading) return;
    this.loading = true;
    const { signal } = this.abort;
    while (!this.complete && this.loaded < this.wanted) {
      try {
        const page = await this.client.images({
          ...(this.prefix && { prefix: this.prefix }),
          ...(this.cursor !== undefined && { cursor: this.cursor }),
          limit: this.cursor === undefined ? FIRST_PAGE : PAGE,
          signal,
        });
        if (signal.aborted) return;
        this.take(page);
      } catch (error) {
        if (signal.aborted) return;
        this.trouble = troubleOf(error);
        this.changed();
        if (!this.trouble.passing) break;
        await new Promise((resolve) => setTimeout(resolve, RETRY_AFTER_MS));
        if (signal.aborted) return;
      }
    }
    this.loading = false;
  }

  private take(page: PicturePage): void {
    this.items.splice(this.loaded, page.items.length, ...page.items);
    this.loaded += page.items.length;
    this.total = page.total;
    this.cursor = page.cursor;
    this.complete = page.cursor === undefined;
    if (this.complete) this.items.length = this.loaded;
    this.trouble = undefined;
    this.changed();
  }

  private changed(): void {
    this.revision += 1;
    for (const listener of this.listeners) listener();
  }
}
