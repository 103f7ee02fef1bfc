/** Small real pictures, each of another look. */

import sharp from 'sharp';

/** A picture of 64 x 64 pixels whose look depends on `seed` alone; another format changes the bytes, hardly the look. */
export function picture(seed: number, format: 'png' | 'jpeg' | 'webp' = 'png'): Promise<Buffer> {
  const side = 8;
  const pixels = Buffer.alloc(side * side * 3);
  let state = seed * 2_654_435_761 + 1;
  for (let i = 0; i < pixels.length; i++) {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    pixels[i] = state >>> 24;
  }
  return sharp(pixels, { raw: { width: side, height: side, channels: 3 } })
    .resize(64, 64, { kernel: 'nearest' })
    .toFormat(format, { quality: 95 })
    .toBuffer();
}
