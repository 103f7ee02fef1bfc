/** Many kinds by ImageMagick in WebAssembly (https://www.npmjs.com/package/@imagemagick/magick-wasm, Apache-2.0). */

import type { KnownPackage } from './optional-decoder.ts';

export const MAGICK: KnownPackage = {
  package: '@imagemagick/magick-wasm',
  kinds: new Set(['heic', 'jxl', 'psd', 'bmp', 'jp2', 'odd-tiff']),
  modules: { magick: '@imagemagick/magick-wasm', wasm: '@imagemagick/magick-wasm/magick.wasm' },
  source: `
async function decode({ files, bytes, maxPixels }) {
  const { initializeImageMagick, ImageMagick, MagickImageInfo, MagickColors, AlphaAction, ColorSpace } =
    require(files.magick);
  await initializeImageMagick(require('node:fs').readFileSync(files.wasm));
  const { width, height } = MagickImageInfo.create(bytes);
  if (width * height > maxPixels) return { tooLarge: width + ' x ' + height };
  return ImageMagick.read(bytes, (image) => {
    image.autoOrient();
    const profile = image.getColorProfile();
    const isRgb = image.colorSpace === ColorSpace.sRGB;
    if (!isRgb) image.colorSpace = ColorSpace.sRGB;
    image.backgroundColor = MagickColors.White;
    if (image.hasAlpha) image.alpha(AlphaAction.Remove);
    const data = image.getPixels((pixels) => pixels.toByteArray(0, 0, image.width, image.height, 'RGB'));
    const answer = { data: new Uint8Array(data), width: image.width, height: image.height };
    if (profile && isRgb) answer.profile = new Uint8Array(profile.data);
    return answer;
  });
}`,
};
