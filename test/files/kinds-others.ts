/** Kinds that only packages read which the user adds, kinds that are refused, and what is no picture. */

import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { ImageMagick, initializeImageMagick, MagickFormat } from '@imagemagick/magick-wasm';
import { hasHeifEnc, heicOf } from '../factories/heic.ts';
import type { FileKind, Making } from './file-kind.ts';

const wasm = createRequire(import.meta.url).resolve('@imagemagick/magick-wasm/magick.wasm');
let ready: Promise<void> | undefined;

const byMagick =
  (format: MagickFormat) =>
  async ({ picture }: Making): Promise<Buffer> => {
    ready ??= initializeImageMagick(new Uint8Array(readFileSync(wasm)));
    await ready;
    const png = await picture.png();
    return ImageMagick.read(png, (image) => {
      image.quality = 98;
      return image.write(format, (data) => Buffer.from(data));
    });
  };

const text = (content: string) => (): Buffer => Buffer.from(content, 'latin1');
/** A file that says by its first box which codec it is of. */
const heif = (brand: string) => text(`\0\0\0\x18ftyp${brand}\0\0\0\0mif1${brand}`);

/** What the reason says of kinds that a package reads. */
export const ADD_DECODER = 'add a decoder';

const package_ = (format: string, ending: string, make: FileKind['make']): FileKind => ({
  format,
  ending,
  name: 'any',
  outcome: 'unsupported-format',
  says: ADD_DECODER,
  byPackage: true,
  make,
  cosine: 0.96,
});
const refused = (
  format: string,
  ending: string,
  name: string,
  make: FileKind['make'],
  says: string,
): FileKind => ({
  format,
  ending,
  name,
  outcome: 'unsupported-format',
  says,
  make,
});

export const OTHER_KINDS: readonly FileKind[] = [
  ...(hasHeifEnc()
    ? ['heic', 'hif'].map((ending) =>
        package_('HEIC', ending, async ({ picture }) =>
          heicOf(
            await picture
              .image()
              .withIccProfile('p3')
              .jpeg({ quality: 98, chromaSubsampling: '4:4:4' })
              .toBuffer(),
          ),
        ),
      )
    : [refused('HEIC', 'heic', 'any', heif('heic'), ADD_DECODER)]),
  package_('JPEG XL', 'jxl', byMagick(MagickFormat.Jxl)),
  package_('PSD', 'psd', byMagick(MagickFormat.Psd)),
  package_('BMP', 'bmp', byMagick(MagickFormat.Bmp)),
  package_('JPEG 2000', 'jp2', byMagick(MagickFormat.Jp2)),
  ...Object.entries({
    avci: 'H.264',
    j2ki: 'JPEG 2000',
    jpeg: 'JPEG',
    msf1: 'sequence',
    mif3: 'several codecs',
  }).map(([brand, codec]) =>
    refused('HEIF with other codecs', 'heif', `${brand} (${codec})`, heif(brand), `HEIF (${brand}`),
  ),
  refused('SVG', 'svg', 'any', text('<svg xmlns="http://www.w3.org/2000/svg"/>'), 'export it as PNG'),
  refused('PDF', 'jpg', 'called a picture', text('%PDF-1.7\n%'), 'export the page'),
  refused('ICO', 'ico', 'any', byMagick(MagickFormat.Ico), 'convert it to PNG'),
  refused('JPEG XR', 'jxr', 'any', text('II\xbc\x01\x20\0\0\0'), 'convert it'),
  refused('Sigma RAW', 'x3f', 'any', text('FOVb\0\0\x02\0'), 'export it as JPEG'),
  {
    format: 'no picture',
    ending: 'jpg',
    name: 'text',
    outcome: 'not-an-image',
    make: ({ variant }) => Buffer.from(`this is note ${variant}, called a picture by mistake`),
  },
];
