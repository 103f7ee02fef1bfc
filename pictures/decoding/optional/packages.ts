/** The packages that decode more kinds where the user added them, and the code by which each does it. */

import type { KnownPackage } from './optional-decoder.ts';

/** HEIC by libheif in WebAssembly (https://www.npmjs.com/package/libheif-js, LGPL-3.0). */
const LIBHEIF: KnownPackage = {
  package: 'libheif-js',
  kinds: new Set(['heic']),
  bytesPerPixel: 24,
  modules: { libheif: 'libheif-js/wasm-bundle' },
  // libheif turns the picture as its boxes say and leaves its colours as they are; the profile stands in a box of its own.
  source: `
async function decode({ files, bytes, maxPixels }) {
  const libheif = require(files.libheif);
  await libheif.ready;
  const images = new libheif.HeifDecoder().decode(bytes);
  const image = images.find((each) => each.is_primary && each.is_primary()) || images[0];
  if (!image) throw new Error('no picture in the file');
  const width = image.get_width();
  const height = image.get_height();
  if (width * height > maxPixels) return { tooLarge: width + ' x ' + height };
  const rgba = new Uint8ClampedArray(width * height * 4);
  await new Promise((resolve, reject) =>
    image.display({ data: rgba, width, height }, (shown) => (shown ? resolve() : reject(new Error('not decoded')))),
  );
  const data = new Uint8Array(width * height * 3);
  for (let from = 0, to = 0; from < rgba.length; from += 4) {
    const alpha = rgba[from + 3];
    for (let i = 0; i < 3; i++, to++)
      data[to] = alpha === 255 ? rgba[from + i] : Math.round((rgba[from + i] * alpha + 255 * (255 - alpha)) / 255);
  }
  return { data, width, height, profile: profileOf(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length)) };
}
function profileOf(file) {
  for (const type of ['prof', 'rICC']) {
    const at = file.indexOf('colr' + type, 0, 'latin1');
    if (at < 4) continue;
    const length = file.readUInt32BE(at - 4);
    const profile = file.subarray(at + 8, at - 4 + length);
    if (length > 140 && profile.toString('latin1', 16, 20) === 'RGB ') return new Uint8Array(profile);
  }
}`,
};

/** Many kinds by ImageMagick in WebAssembly (https://www.npmjs.com/package/@imagemagick/magick-wasm, Apache-2.0). */
const MAGICK: KnownPackage = {
  package: '@imagemagick/magick-wasm',
  kinds: new Set(['heic', 'jxl', 'psd', 'bmp', 'jp2', 'odd-tiff']),
  bytesPerPixel: 28,
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

/** The first that has a kind decodes it. */
export const KNOWN_PACKAGES: readonly KnownPackage[] = [LIBHEIF, MAGICK];
