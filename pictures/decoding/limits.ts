/** What a picture may cost before it is refused, and how memory is managed where pictures are decoded (see docs/formats.md). */

const MiB = 1024 * 1024;
const SECOND = 1000;

/** What a picture may cost before it is refused. */
export const PICTURE_LIMITS = {
  /** Bytes of a file: 50 MiB, but of kinds that are large because they compress little (TIFF, RAW, PNG) 200 MiB. */
  maxBytes: 50 * MiB,
  maxBytesOfLargeKinds: 200 * MiB,
  /** Pixels of the first frame: phones take pictures of 200 megapixels, medium format cameras of 100. */
  maxPixels: 220_000_000,
  /** Pixels of the longer side: the most that a JPEG can have, so that stitched panoramas pass. */
  maxSide: 65_535,
  /** Frames or pages that a file may declare; only the first is decoded. */
  maxFrames: 10_000,
  /** Milliseconds that one picture may take to decode. */
  decodeTimeoutMs: 30 * SECOND,
  /** Bytes of memory that decoding one picture may take, by the weight of its kind; also of several side by side. */
  maxMemoryBytes: 1_536 * MiB,
} as const;

/** The limits of one decoder. */
export type PictureLimits = { readonly [Limit in keyof typeof PICTURE_LIMITS]: number };

/**
 * glibc gives every thread an arena of its own, up to eight a core. The buffers of decoded pictures are large, come from
 * one thread and go in another, and leave holes in each: 1.1 GiB stayed resident where half a GiB does with two arenas, at the
 * same speed (`npm run bench:embed-memory`). Read when a process starts.
 */
export const ALLOCATOR_ENVIRONMENT = { MALLOC_ARENA_MAX: '2' } as const;
