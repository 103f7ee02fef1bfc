/** The HTTP API, the same on Lambda and on one machine. */

import type { OpenAPIHono } from '@hono/zod-openapi';
import { dimensionsOf } from '../../pictures/dimensions.ts';
import { Verifier } from '../../pictures/duplicates/verifier.ts';
import { FarReader } from '../../vectorlog/far/far-reader.ts';
import { CenteredIndex } from '../../vectorlog/read/centered.ts';
import { LiveIndex } from '../../vectorlog/read/live-index.ts';
import { getDecisions, postNotDuplicates, putFolders } from './decisions.ts';
import type { SearchDependencies } from './dependencies.ts';
import { duplicates } from './duplicates.ts';
import { Engine } from './engine.ts';
import { folders, foldersRoute } from './folders.ts';
import { newApi } from './frame.ts';
import { SEARCH_LIMITS } from './limits.ts';
import { map, mapRoute } from './map.ts';
import { metadata, metadataRoute } from './metadata.ts';
import { createUpload, deleteImage, getImage, listImages, listRejected } from './pictures.ts';
import * as routes from './routes.ts';
import { sample, sampleRoute } from './sample.ts';
import { search, similar } from './search.ts';
import { states, statesRoute } from './states.ts';
import { health, stats } from './status.ts';
import { thumbnails, thumbnailsRoute } from './thumbnails.ts';
import { emptyTrash, emptyTrashRoute, listTrash, listTrashRoute, restore, restoreRoute } from './trash.ts';

/**
 * @example
 * const app = createApp(dependencies);
 * const response = await app.request('/v1/health');
 */
export function createApp(dependencies: SearchDependencies): OpenAPIHono {
  const { index: store, clock, logger, memoryBudgetBytes: budgetBytes } = dependencies;
  const dimensions = dimensionsOf(dependencies.embedder.model.modelId);
  const patienceMs = SEARCH_LIMITS.loadingPatienceMs;
  const live =
    dependencies.live ?? new LiveIndex({ store, clock, logger, dimensions, budgetBytes, patienceMs });
  const verdicts = new Verifier(store, clock, dependencies.comparers);
  const centered = new CenteredIndex(dimensions, budgetBytes);
  const { far } = dependencies;
  const reader = far && new FarReader({ store, far, clock, logger, dimensions });
  const context = { ...dependencies, live, verdicts, centered, engine: new Engine(live, reader) };

  const app = newApi({ ...dependencies, isFar: far !== undefined });
  app.openapi(routes.search, search(context));
  app.openapi(routes.similar, similar(context));
  app.openapi(routes.listImages, listImages(context));
  app.openapi(routes.getImage, getImage(context));
  app.openapi(routes.deleteImage, deleteImage(context));
  app.openapi(routes.createUpload, createUpload(context));
  app.openapi(
    statesRoute,
    states({
      ...context,
      read: (work) => context.engine.read('strong', 'near rows', ({ view }) => work(view)),
    }),
  );
  app.openapi(routes.listRejected, listRejected(context));
  app.openapi(routes.duplicates, duplicates(context));
  app.openapi(foldersRoute, folders(context));
  app.openapi(metadataRoute, metadata(context));
  app.openapi(sampleRoute, sample(context));
  app.openapi(mapRoute, map(context));
  app.openapi(thumbnailsRoute, thumbnails(context));
  app.openapi(routes.getDecisions, getDecisions(context));
  app.openapi(routes.putFolders, putFolders(context));
  app.openapi(routes.postNotDuplicates, postNotDuplicates(context));
  app.openapi(listTrashRoute, listTrash(context));
  app.openapi(restoreRoute, restore(context));
  app.openapi(emptyTrashRoute, emptyTrash(context));
  app.openapi(routes.stats, stats(context));
  app.openapi(routes.health, health(context));
  app.doc31('/openapi.json', {
    openapi: '3.1.0',
    info: {
      title: 'Likeness',
      version: '1',
      description: 'Image similarity search that lives in your own AWS account.',
    },
  });

  return app;
}
