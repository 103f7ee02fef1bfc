/** What a picture may cost before it is refused. */

const MiB = 1024 * 1024;
const SECOND = 1000;

/** What a picture may cost before it is refused (see docs/formats.md). */
export const PICTURE_LIMITS = {
  /** Bytes of an uploaded file. */
  maxBytes: 50 * MiB,
  /** Pixels of the first frame: 100 megapixels, above any camera on sale, decode to 300 MB of RGB at the most. */
  maxPixels: 100_000_000,
  /** Pixels of the longer side. */
  maxSide: 30_000,
  /** Frames or pages a file may declare; only the first is decoded. */
  maxFrames: 10_000,
  /** Milliseconds one picture may take to decode. */
  decodeTimeoutMs: 30 * SECOND,
} as const;
