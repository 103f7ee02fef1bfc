/** The end of a simulated history is checked when nobody works any more but the check itself. */

import { describe, expect, it } from 'vitest';
import { World } from './world.ts';

/**
 * Histories in which a compaction that went on after the end raced the last one, and lost: the first when it was found, the
 * second still when this was mended. Files that no later commit came to delete were then taken for a fault of compaction.
 */
const RACED = [882453588, 20001];

describe('the end of a history', () => {
  it.each(RACED)('has one compaction at a time (seed %i)', { timeout: 60_000 }, async (seed) => {
    /** The runs that wrote each generation since the last append came. */
    let writers = new Map<string, Set<string>>();
    const onTrace = (line: string) => {
      if (line.includes(' written log/')) writers = new Map();
      const [, generation, ulid] = / written index\/(\d+)-(\w+)\./.exec(line) ?? [];
      if (generation && ulid) writers.set(generation, (writers.get(generation) ?? new Set()).add(ulid));
    };
    await new World(seed, { onTrace }).run();
    expect(writers.size).toBeGreaterThan(0);
    for (const [generation, ulids] of writers) expect([generation, ...ulids]).toHaveLength(2);
  });
});
