/** HEIC by libheif in WebAssembly (https://www.npmjs.com/package/libheif-js, LGPL-3.0). */

import type { KnownPackage } from './optional-decoder.ts';

export const LIBHEIF: KnownPackage = {
  package: 'libheif-js',
  kinds: new Set(['heic']),
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
