/** Small pictures for the map's canvas: fetched a few at a time, those in view first, and forgotten when there are many. */

import type { Client } from '../../client/index.ts';
import type { ConsoleConfig } from '../config.ts';
import type { ShownPicture } from '../library/sequence.ts';
import { Lru } from '../storage/lru.ts';
import { browserThumbnail } from '../thumbnails/browser-thumbnails.ts';
import { previewUrl } from '../thumbnails/preview.ts';

const KEPT = 1_500;
const AT_ONCE = 8;
const SIDE = 160;

export class MapPictures {
  private readonly images = new Lru<string, ImageBitmap>(KEPT);
  private readonly failed = new Set<string>();
  private readonly loading = new Set<string>();
  private wanted: readonly ShownPicture[] = [];

  constructor(
    private readonly client: Client,
    private readonly config: ConsoleConfig,
    /** Called when another one can be drawn. */
    private readonly onLoad: () => void,
  ) {}

  /** The picture, when it is there. */
  get(key: string): ImageBitmap | undefined {
    return this.images.get(key);
  }

  /** What is in view now: what was asked for before and has not begun is not fetched any more. */
  want(pictures: readonly ShownPicture[]): void {
    this.wanted = pictures;
    this.pump();
  }

  private pump(): void {
    for (const picture of this.wanted) {
      if (this.loading.size >= AT_ONCE) return;
      const { key } = picture;
      if (this.loading.has(key) || this.failed.has(key) || this.images.get(key)) continue;
      this.loading.add(key);
      this.load(picture)
        .then((image) => this.images.set(key, image))
        .catch(() => this.failed.add(key))
        .finally(() => {
          this.loading.delete(key);
          this.onLoad();
          this.pump();
        });
    }
  }

  private async load(picture: ShownPicture): Promise<ImageBitmap> {
    const blob = this.config.thumbnails
      ? await (await fetch(previewUrl(this.config, picture, SIDE) ?? '')).blob()
      : await browserThumbnail(this.client, picture, SIDE, new AbortController().signal);
    return createImageBitmap(blob, { resizeWidth: 96, resizeQuality: 'medium' });
  }
}
