/** Which kind of file a picture is, told by its first bytes and never by a name or a Content-Type. */

import { PictureRejected } from './errors.ts';
import { oddityOf } from './odd-tiff.ts';
import { isRawTiff } from './raw.ts';

/** Kinds that packages decode which the user adds (`optional/`). */
export type OptionalKind = 'heic' | 'jxl' | 'psd' | 'bmp' | 'jp2' | 'odd-tiff';

export type PictureKind = 'jpeg' | 'png' | 'webp' | 'gif' | 'tiff' | 'avif' | 'raw' | 'heic';

/** Kinds that are known, not taken, and worth a word on what to do. */
const REFUSED: readonly {
  readonly name: string;
  /** Where a package can be added that reads it. */
  readonly kind?: OptionalKind;
  readonly test: (head: Head) => boolean;
  readonly advice: string;
}[] = [
  { name: 'SVG', test: isSvg, advice: 'drawings can run code and fetch other files; export it as PNG' },
  { name: 'PDF', test: ({ text }) => text.startsWith('%PDF'), advice: 'export the page as PNG or JPEG' },
  { name: 'BMP', kind: 'bmp', test: ({ text }) => text.startsWith('BM'), advice: 'convert it to PNG' },
  {
    name: 'PSD',
    kind: 'psd',
    test: ({ text }) => text.startsWith('8BPS'),
    advice: 'export it as PNG or JPEG',
  },
  { name: 'JPEG XL', kind: 'jxl', test: isJpegXl, advice: 'convert it to JPEG or PNG' },
  { name: 'JPEG 2000', kind: 'jp2', test: isJpeg2000, advice: 'convert it to JPEG or PNG' },
  { name: 'JPEG XR', test: ({ text }) => text.startsWith('II\xbc'), advice: 'convert it to JPEG or PNG' },
  {
    name: 'ICO',
    test: ({ text }) => text.startsWith('\0\0\x01\0') || text.startsWith('\0\0\x02\0'),
    advice: 'convert it to PNG',
  },
  {
    name: 'Sigma RAW',
    test: ({ text }) => text.startsWith('FOVb'),
    advice: 'its previews are not looked for; export it as JPEG',
  },
  ...Object.entries({
    avci: 'H.264',
    avcs: 'H.264',
    j2ki: 'JPEG 2000',
    j2is: 'JPEG 2000',
    jpeg: 'JPEG',
    jpgs: 'JPEG',
    vvic: 'VVC',
    evbi: 'EVC',
    mif2: 'several codecs',
    mif3: 'several codecs',
    msf1: 'a picture sequence',
  }).map(([brand, codec]) => ({
    name: `HEIF (${brand}: ${codec})`,
    test: ({ brands }: Head) => brands[0] === brand,
    advice: 'convert it to JPEG or AVIF',
  })),
];

/** Said where a kind is refused that a package can be added for; when one is there, such files are looked at again. */
export const ADD_A_DECODER = 'or add a decoder: docs/formats.md says how';

const HEAD_BYTES = 4_096;

/** The first bytes of a file as one character a byte, and the brands if it is of the MP4 family. */
interface Head {
  readonly text: string;
  readonly brands: readonly string[];
}

/** @throws PictureRejected when the bytes are no picture, or one of a kind that is not taken. */
export function kindOf(bytes: Uint8Array): PictureKind {
  if (bytes.length === 0) throw new PictureRejected('empty', 'The file is empty.');
  const head = headOf(bytes);
  const kind = takenKind(head);
  if (kind === 'tiff' && isRawTiff(bytes)) return 'raw';
  if (kind) return kind;
  const refused = REFUSED.find(({ test }) => test(head));
  if (refused) {
    throw new PictureRejected(
      'unsupported-format',
      `${refused.name} files are not taken: ${refused.advice}${refused.kind ? `, ${ADD_A_DECODER}` : ''}.`,
    );
  }
  throw new PictureRejected(
    'not-an-image',
    "The file is no picture of a known kind. JPEG, PNG, WebP, AVIF, GIF, TIFF and cameras' RAW files are taken.",
  );
}

/** The kind of a file that needs a package which the user adds; `undefined` for all else. */
export function optionalKindOf(bytes: Uint8Array): OptionalKind | undefined {
  const head = headOf(bytes);
  const kind = takenKind(head);
  if (kind === 'tiff') return !isRawTiff(bytes) && oddityOf(bytes)?.scaled ? 'odd-tiff' : undefined;
  if (kind) return kind === 'heic' ? kind : undefined;
  return REFUSED.find(({ test }) => test(head))?.kind;
}

/** What RAW files of Canon, Fujifilm, Olympus and Panasonic begin with; the others begin as TIFF does. */
const RAW_START = /^(II\*\0.{4}CR|FUJIFILMCCD-RAW|IIRO|IIRS|MMOR|IIU\0)/s;

function takenKind({ text, brands }: Head): PictureKind | undefined {
  if (RAW_START.test(text) || brands[0] === 'crx ') return 'raw';
  if (text.startsWith('\xff\xd8')) return 'jpeg';
  if (text.startsWith('\x89PNG\r\n\x1a\n')) return 'png';
  if (text.startsWith('RIFF') && text.startsWith('WEBP', 8)) return 'webp';
  if (text.startsWith('GIF87a') || text.startsWith('GIF89a')) return 'gif';
  if (/^(II[*+]\0|MM\0[*+])/.test(text)) return 'tiff';
  if (brands.includes('avif') || brands.includes('avis')) return 'avif';
  if (brands.some((brand) => /^(hei[cxms]|hev[cxms])$/.test(brand)) || brands[0] === 'mif1') return 'heic';
  return undefined;
}

function headOf(bytes: Uint8Array): Head {
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, Math.min(bytes.length, HEAD_BYTES)).toString(
    'latin1',
  );
  return { text, brands: brandsOf(text) };
}

/** The brands of a file type box, major one first: what HEIC and AVIF files say that they are. */
function brandsOf(text: string): string[] {
  if (!text.startsWith('ftyp', 4)) return [];
  const length = Buffer.from(text.slice(0, 4), 'latin1').readUInt32BE();
  const box = text.slice(8, Math.min(length, text.length));
  // The second four bytes are a version.
  return (box.match(/.{4}/gs) ?? []).filter((_, index) => index !== 1);
}

function isSvg({ text }: Head): boolean {
  const start = text.replace(/^\xef\xbb\xbf/, '').trimStart();
  return (
    start.startsWith('<svg') || (/^<(\?xml|!--|!DOCTYPE)/i.test(start) && /<svg|DOCTYPE svg/i.test(start))
  );
}

function isJpegXl({ text }: Head): boolean {
  return text.startsWith('\xff\x0a') || text.startsWith('JXL ', 4);
}

function isJpeg2000({ text }: Head): boolean {
  return text.startsWith('\xff\x4f\xff\x51') || text.startsWith('jP  ', 4);
}
