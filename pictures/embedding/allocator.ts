/** How the C library should manage memory where pictures are decoded; read when a process starts. */

/**
 * glibc gives every thread an arena of its own, up to eight a core. The buffers of decoded pictures are large, come from
 * one thread and go in another, and leave holes in each: 1.1 GiB stayed resident where half a GiB does with two arenas, at the
 * same speed (`npm run bench:embed-memory`).
 */
export const ALLOCATOR_ENVIRONMENT = { MALLOC_ARENA_MAX: '2' } as const;
