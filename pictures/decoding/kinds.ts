/** Which kind of file a picture is, told by its first bytes and never by a name or a Content-Type. */

import { PictureRejected } from './errors.ts';

export type PictureKind = 'jpeg' | 'png' | 'webp' | 'gif' | 'tiff' | 'avif';

/** Kinds that are known, not taken, and worth a word on what to do. */
const REFUSED: readonly {
  readonly name: string;
  readonly test: (head: Head) => boolean;
  readonly advice: string;
}[] = [
  {
    name: 'HEIC',
    test: (head) =>
      head.brands.some((brand) => /^(hei[cxms]|hev[cxms])$/.test(brand)) || head.brands[0] === 'mif1',
    advice: 'its codec is patented and not part of this program; convert it to JPEG or AVIF',
  },
  { name: 'SVG', test: isSvg, advice: 'drawings can run code and fetch other files; export it as PNG' },
  { name: 'PDF', test: (head) => head.text.startsWith('%PDF'), advice: 'export the page as PNG or JPEG' },
  { name: 'BMP', test: (head) => head.text.startsWith('BM'), advice: 'convert it to PNG' },
  { name: 'PSD', test: (head) => head.text.startsWith('8BPS'), advice: 'export it as PNG or JPEG' },
  { name: 'JPEG XL', test: isJpegXl, advice: 'convert it to JPEG or PNG' },
  { name: 'JPEG 2000', test: isJpeg2000, advice: 'convert it to JPEG or PNG' },
  { name: 'ICO', test: (head) => head.text.startsWith('\0\0\x01\0'), advice: 'convert it to PNG' },
];

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
  if (kind) return kind;
  const refused = REFUSED.find(({ test }) => test(head));
  if (refused) {
    throw new PictureRejected(
      'unsupported-format',
      `${refused.name} files are not taken: ${refused.advice}.`,
    );
  }
  throw new PictureRejected(
    'not-an-image',
    'The file is no picture of a known kind. JPEG, PNG, WebP, AVIF, GIF and TIFF are taken.',
  );
}

function takenKind({ text, brands }: Head): PictureKind | undefined {
  if (text.startsWith('\xff\xd8\xff')) return 'jpeg';
  if (text.startsWith('\x89PNG\r\n\x1a\n')) return 'png';
  if (text.startsWith('RIFF') && text.startsWith('WEBP', 8)) return 'webp';
  if (text.startsWith('GIF87a') || text.startsWith('GIF89a')) return 'gif';
  if (/^(II[*+]\0|MM\0[*+])/.test(text)) return 'tiff';
  if (brands.includes('avif') || brands.includes('avis')) return 'avif';
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
