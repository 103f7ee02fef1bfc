/** How the server and the index are. */

import type { RouteHandler } from '@hono/zod-openapi';
import { DIMENSIONS } from '../../pictures/dimensions.ts';
import { neededBytes } from '../../vectorlog/read/memory.ts';
import { allowed } from './allowed.ts';
import type { SearchDependencies } from './dependencies.ts';
import { aboutEngine, type Engine } from './engine.ts';
import type * as routes from './routes.ts';

/** Searches leave out what waits to be folded when it no longer fits in memory: compaction has failed for long. */
const tooLongLog = ({ pending }: Engine) =>
  pending === 0
    ? []
    : [
        {
          code: 'log-too-long',
          message: `${pending} appends are not searched, as memory does not hold them; see why compaction does not fold them`,
        },
      ];

export const health =
  ({
    embedder: { model },
    troubles,
    engine,
    allows,
  }: SearchDependencies & { readonly engine: Engine }): RouteHandler<typeof routes.health> =>
  (c) => {
    const reasons = [...(troubles?.() ?? []), ...tooLongLog(engine)];
    const about = {
      model: model.modelId,
      allows: allowed(allows, c.env),
      ...(model.synthetic && { synthetic: true as const }),
    };
    if (reasons.length === 0) return c.json({ status: 'ok' as const, ...about }, 200);
    return c.json({ status: 'degraded' as const, ...about, reasons }, 200);
  };

export const stats =
  (dependencies: SearchDependencies & { readonly engine: Engine }): RouteHandler<typeof routes.stats> =>
  async (c) => {
    const { engine, queue, backfill, memoryBudgetBytes, indexing } = dependencies;
    const allows = allowed(dependencies.allows, c.env);
    const { modelId: id, weights, precision, synthetic } = dependencies.embedder.model;
    const [figures, waiting, last] = await Promise.all([
      engine.read('strong', 'near rows', (reading) => {
        const { pictures, pending, appends, generation } = reading.view;
        const { manifest } = generation;
        return {
          pictures,
          ...aboutEngine(reading),
          model: { id, weights, precision, synthetic },
          index: {
            generation: manifest.generation,
            rows: manifest.rows,
            deadRows: manifest.rows - manifest.live,
            ...(manifest.generation > 0 && { committedAt: manifest.createdAt }),
          },
          log: { appends: appends + pending, pending },
          memory: { bytes: neededBytes(manifest, DIMENSIONS), budgetBytes: memoryBudgetBytes },
        };
      }),
      queue?.(),
      backfill?.(),
    ]);
    const progress = indexing?.();
    return c.json(
      {
        allows,
        ...figures,
        ...(waiting && { queue: waiting }),
        ...(progress && { indexing: progress }),
        ...(last && { backfill: last }),
      },
      200,
    );
  };
