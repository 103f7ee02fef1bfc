/** Small pictures for the map's canvas: fetched a few at a time, those in view first, and forgotten when there are many. */

import type { Client } from '../../client/index.ts';
import { Lru } from '../../vectorlog/lru.ts';
import { Limiter } from '../../vectorlog/parallel.ts';
import type { ConsoleConfig } from '../config.ts';
import type { ShownPicture } from '../library/sequence.ts';
import { browserThumbnail } from '../thumbnails/browser-thumbnails.ts';
import { previewUrl } from '../thumbnails/preview.ts';

const KEPT = 1_500;
const AT_ONCE = 8;
const SIDE = 160;

export class MapPictures {
  private readonly images = new Lru<string, ImageBitmap>(KEPT);
  private readonly failed = new Set<string>();
  /** Those at work and those in the line. */
  private readonly loading = new Set<string>();
  private readonly limiter = new Limiter(AT_ONCE);
  private wanted: ReadonlySet<string> = new Set();

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
    this.wanted = new Set(pictures.map(({ key }) => key));
    for (const picture of pictures) {
      const { key } = picture;
      if (this.loading.has(key) || this.failed.has(key) || this.images.get(key)) continue;
      this.loading.add(key);
      this.limiter
        .run(async () => {
          if (this.wanted.has(key)) this.images.set(key, await this.load(picture));
        })
        .catch(() => this.failed.add(key))
        .finally(() => {
          this.loading.delete(key);
          this.onLoad();
        });
    }
  }

  private async load(picture: ShownPicture): Promise<ImageBitmap> {
    const blob = this.config.thumbnails
      ? await (await fetch(previewUrl(this.config, picture, SIDE) ?? '')).blob()
      : await browserThumbnail(this.client, picture, new AbortController().signal);
    return createImageBitmap(blob, { resizeWidth: 96, resizeQuality: 'medium' });
  }
}
