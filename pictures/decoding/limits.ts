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

/**
 * glibc gives every thread an arena of its own, up to eight a core. The buffers of decoded pictures are large, come from
 * one thread and go in another, and leave holes in each: 1.1 GiB stayed resident where half a GiB does with two arenas, at the
 * same speed (`npm run bench:embed-memory`).
 */
export const ALLOCATOR_ENVIRONMENT = { MALLOC_ARENA_MAX: '2' } as const;
