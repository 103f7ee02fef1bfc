/** How the server and the index are. */

import type { RouteHandler, z } from '@hono/zod-openapi';
import { dimensionsOf } from '../../pictures/dimensions.ts';
import type { ModelInfo } from '../../pictures/embedding/embedder.ts';
import type { Damage } from '../../vectorlog/commit/newest-manifest.ts';
import type { LeftOut } from '../../vectorlog/read/left-out.ts';
import { neededBytes } from '../../vectorlog/read/memory.ts';
import { allowed } from './allowed.ts';
import type { SearchDependencies } from './dependencies.ts';
import { aboutEngine, type Engine } from './engine.ts';
import type * as routes from './routes.ts';
import type { Health, Reason } from './schemas.ts';

/** What keeps searches from seeing all: a log that memory does not hold, as compaction has failed for long; damage. */
export const searchTroubles = ({ pending, damage }: LeftOut): z.infer<typeof Reason>[] => [
  ...(pending === 0
    ? []
    : [
        {
          code: 'log-too-long',
          message: `${pending} appends are not searched, as memory does not hold them; see why compaction does not fold them`,
        },
      ]),
  ...(damage ? [{ code: 'manifest-unreadable', message: aboutDamage(damage) }] : []),
];

const aboutDamage = ({ mayLack, names, error }: Damage): string =>
  mayLack
    ? error.message
    : `${names.join(', ')} cannot be read. Nothing is missing: the one before serves, and the next compaction goes on from that one`;

export const health =
  ({
    embedder: { model },
    troubles,
    engine,
    allows,
  }: SearchDependencies & { readonly engine: Engine }): RouteHandler<typeof routes.health> =>
  (c) => {
    const reasons = [...(troubles?.() ?? []), ...searchTroubles(engine)];
    return c.json(healthOf({ model, allows, env: c.env, reasons }), 200);
  };

/** How a server is. @param env of the request's context; @param reasons what keeps it from all it should do */
export const healthOf = ({
  model,
  allows,
  env,
  reasons,
}: {
  readonly model: Pick<ModelInfo, 'modelId' | 'synthetic'>;
  readonly allows: SearchDependencies['allows'];
  readonly env: unknown;
  readonly reasons: z.infer<typeof Reason>[];
}): z.infer<typeof Health> => ({
  ...(reasons.length === 0 ? { status: 'ok' as const } : { status: 'degraded' as const, reasons }),
  model: model.modelId,
  allows: allowed(allows, env),
  ...(model.synthetic && { synthetic: true as const }),
});

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
          memory: { bytes: neededBytes(manifest, dimensionsOf(id)), budgetBytes: memoryBudgetBytes },
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
