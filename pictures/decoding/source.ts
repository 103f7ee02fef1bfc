/** From the bytes of a file to the bytes that a decoder is given: what is told by structure is settled before it is asked. */

import { PictureRejected } from './errors.ts';
import { firstGifFrame, firstWebpFrame } from './first-frame.ts';
import { withEnd } from './jpeg.ts';
import { ADD_A_DECODER, kindOf, type PictureKind } from './kinds.ts';
import type { PictureLimits } from './limits.ts';
import { oddityOf } from './odd-tiff.ts';
import { largestJpeg } from './raw.ts';

export interface Source {
  readonly kind: PictureKind;
  /** What to decode: the file's own bytes, or a part or a mended copy of them. */
  readonly bytes: Uint8Array;
  /** Frames, where they were counted by structure. */
  readonly frames?: number;
  /** EXIF orientation, where it stands outside of what is decoded. */
  readonly orientation?: number | undefined;
}

/** Kinds whose files are large because they compress little or not at all. */
const LARGE_KINDS: ReadonlySet<PictureKind> = new Set(['tiff', 'raw', 'png']);

/** @throws PictureRejected when the file is too large, empty, or of a kind that is not taken */
export function sourceOf(bytes: Uint8Array, limits: PictureLimits): Source {
  const kind = kindOf(bytes);
  const most = LARGE_KINDS.has(kind) ? limits.maxBytesOfLargeKinds : limits.maxBytes;
  if (bytes.length > most) throw tooManyBytes(bytes.length, most);
  switch (kind) {
    case 'jpeg':
      return { kind, bytes: withEnd(bytes) };
    case 'gif':
      return { kind, ...firstGifFrame(bytes) };
    case 'webp':
      return { kind, ...firstWebpFrame(bytes) };
    case 'avif':
      return { kind, bytes: withStillBrand(bytes) };
    case 'raw': {
      const { bytes: preview, orientation } = largestJpeg(bytes);
      return { kind, bytes: withEnd(preview), orientation };
    }
    case 'tiff':
      refuseUnreadableTiff(bytes);
      return { kind, bytes };
    case 'heic':
      throw new PictureRejected(
        'unsupported-format',
        'HEIC files are not taken: their codec is patented and not part of this program; convert it to JPEG or AVIF, ' +
          `${ADD_A_DECODER}.`,
      );
    case 'png':
      return { kind, bytes };
  }
}

export const tooManyBytes = (bytes: number, most: number): PictureRejected =>
  new PictureRejected(
    'too-many-bytes',
    `The file has ${bytes.toLocaleString('en-US')} bytes; at most ${most.toLocaleString('en-US')} are taken. Upload a smaller version.`,
  );

/** libvips knows an AVIF by its first brand, and animations not at all; they hold a still picture, the first frame, too. */
function withStillBrand(bytes: Uint8Array): Uint8Array {
  const brand = Buffer.from(bytes.buffer, bytes.byteOffset + 8, 4).toString('latin1');
  if (brand === 'avif') return bytes;
  const copy = bytes.slice();
  copy.set(Buffer.from('avif', 'latin1'), 8);
  return copy;
}

/** libtiff answers for some of these kinds with one flat colour instead of an error. */
function refuseUnreadableTiff(bytes: Uint8Array): void {
  const oddity = oddityOf(bytes);
  if (!oddity) return;
  throw new PictureRejected(
    'unsupported-format',
    `TIFF files with ${oddity.what} are not read here. Save it again with 8 or 16 bits a channel in RGB` +
      `${oddity.scaled ? `, ${ADD_A_DECODER}` : ''}.`,
  );
}
