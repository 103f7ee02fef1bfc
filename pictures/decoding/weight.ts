/** What decoding a picture takes in memory, known from its header. */

import type { Metadata } from 'sharp';
import type { PictureKind } from './kinds.ts';

/** Bytes of RGB that come out for each pixel that is asked for. */
const RESULT_BYTES = 3;

/** Components of a JPEG for each pixel, by how its colours are subsampled. */
const JPEG_SAMPLES: Readonly<Record<string, number>> = { '4:2:0': 1.5, '4:2:2': 2, '4:4:4': 3, '4:4:4:4': 4 };

/**
 * The bytes that decoding takes beside the file itself, of which `result` pixels are kept.
 *
 * Decoders differ a hundredfold in what they hold for a pixel: one row, all coefficients, or several frames of 16 bits in
 * four planes. The numbers were measured with noise and rounded up; `npm run bench:embed-memory` measures them again, and fails when
 * one is exceeded.
 */
export function weightOf(kind: PictureKind, metadata: Metadata, result: number): number {
  const { width, height } = metadata;
  return Math.ceil(width * height * heldPerPixel(kind, metadata) + result * RESULT_BYTES);
}

function heldPerPixel(kind: PictureKind, metadata: Metadata): number {
  const { depth, channels, isProgressive, chromaSubsampling = '4:4:4', hasAlpha } = metadata;
  const wide = depth !== 'uchar';
  switch (kind) {
    case 'jpeg':
    case 'raw':
      // Two bytes a coefficient, unless the scan has all components and each block is done with once it is read.
      return 1 + (isProgressive ? 2 * (channels === 1 ? 1 : (JPEG_SAMPLES[chromaSubsampling] ?? 4)) : 0);
    case 'png':
      return isProgressive ? channels * (wide ? 2 : 1) + 6 : wide ? 6 : 3;
    case 'webp':
      // Lossless ones; lossy ones take half of it, and the header does not tell.
      return 20;
    case 'gif':
    case 'tiff':
      return 12.5;
    case 'avif':
      return wide ? 24 : hasAlpha ? 18 : 16.5;
    case 'heic':
      return 16;
  }
}
