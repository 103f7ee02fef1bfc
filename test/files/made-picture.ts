/** Pictures whose every pixel is known before a file is made of them: what each file must come out as. */

import sharp, { type Sharp } from 'sharp';
import { Random } from '../../vectorlog/testing/random.ts';

/** Two shapes of many, so that a wrong turn or a wrong stride shows. */
const SIZES = [
  [360, 240],
  [240, 360],
  [301, 227],
  [227, 301],
  [640, 480],
  [256, 256],
  [500, 120],
  [333, 512],
] as const;

const RECTANGLES = 80;

export class MadePicture {
  readonly width: number;
  readonly height: number;

  private constructor(
    /** Interleaved 8-bit sRGB. */
    readonly rgb: Buffer,
    size: { readonly width: number; readonly height: number },
  ) {
    this.width = size.width;
    this.height = size.height;
  }

  static ofPixels(rgb: Buffer, size: { readonly width: number; readonly height: number }): MadePicture {
    return new MadePicture(rgb, size);
  }

  /**
   * A picture of plain rectangles whose places, sizes and colours depend on the seed alone: edges as photographs have them, so
   * that an embedding does not hang on the noise of a coding, and few enough colours for a palette.
   */
  static of(seed: number): MadePicture {
    const random = new Random(seed + 1);
    const [width, height] = SIZES[seed % SIZES.length]!;
    const rgb = Buffer.alloc(width * height * 3, 128);
    const below = (limit: number) => Math.floor(random.next() * limit);
    for (let rectangle = 0; rectangle < RECTANGLES; rectangle++) {
      const colour = Buffer.from([30 + below(196), 30 + below(196), 30 + below(196)]);
      const [left, top] = [below(width), below(height)];
      const right = Math.min(width, left + 8 + below(width / 3));
      const bottom = Math.min(height, top + 8 + below(height / 3));
      for (let y = top; y < bottom; y++) rgb.fill(colour, (y * width + left) * 3, (y * width + right) * 3);
    }
    return new MadePicture(rgb, { width, height });
  }

  image(): Sharp {
    return sharp(this.rgb, { raw: { width: this.width, height: this.height, channels: 3 } });
  }

  png(): Promise<Buffer> {
    return this.image().png().toBuffer();
  }

  /** The picture `factor` times as large. */
  enlarged(factor: number): Promise<MadePicture> {
    return this.stretched(this.width * factor, this.height * factor);
  }

  async stretched(width: number, height: number): Promise<MadePicture> {
    const rgb = await this.image().resize(width, height, { fit: 'fill' }).raw().toBuffer();
    return new MadePicture(rgb, { width, height });
  }

  /** In grey, by the weights of video. */
  grey(): MadePicture {
    const rgb = Buffer.from(this.rgb);
    for (let i = 0; i < rgb.length; i += 3)
      rgb.fill(Math.round(0.2126 * rgb[i]! + 0.7152 * rgb[i + 1]! + 0.0722 * rgb[i + 2]!), i, i + 3);
    return new MadePicture(rgb, this);
  }

  /** Cut out in the middle half of its columns, and white beside it. */
  onWhite(): MadePicture {
    const rgb = Buffer.from(this.rgb);
    for (let i = 0; i < rgb.length / 3; i++) if (!this.isMiddle(i)) rgb.fill(255, i * 3, i * 3 + 3);
    return new MadePicture(rgb, this);
  }

  /** The same cut out with transparency; what is transparent is black. */
  transparent(): Sharp {
    const rgba = Buffer.alloc((this.rgb.length / 3) * 4);
    for (let i = 0; i < this.rgb.length / 3; i++)
      if (this.isMiddle(i)) rgba.set([...this.rgb.subarray(i * 3, i * 3 + 3), 255], i * 4);
    return sharp(rgba, { raw: { width: this.width, height: this.height, channels: 4 } });
  }

  /** One channel alone. */
  plane(channel: number): Buffer {
    const plane = Buffer.alloc(this.rgb.length / 3);
    for (let i = 0; i < plane.length; i++) plane[i] = this.rgb[i * 3 + channel]!;
    return plane;
  }

  private isMiddle(pixel: number): boolean {
    const column = pixel % this.width;
    return column >= this.width / 4 && column < (this.width * 3) / 4;
  }
}
