/** The part of the HTTP API that needs neither model nor vectors: uploads and what became of them, deletions, decisions, health. */

import type { OpenAPIHono } from '@hono/zod-openapi';
import { dimensionsOf } from '../../pictures/dimensions.ts';
import type { ModelInfo } from '../../pictures/embedding/embedder.ts';
import { Entries } from '../../vectorlog/read/entries.ts';
import { leftOut } from '../../vectorlog/read/left-out.ts';
import { getDecisions, postNotDuplicates, putFolders } from '../search/decisions.ts';
import type { SearchDependencies } from '../search/dependencies.ts';
import { newApi } from '../search/frame.ts';
import { createUpload, deleteImage, listRejected } from '../search/pictures.ts';
import * as routes from '../search/routes.ts';
import { asFrontTooLarge, states, statesRoute } from '../search/states.ts';
import { healthOf, searchTroubles } from '../search/status.ts';
import {
  emptyTrash,
  emptyTrashRoute,
  listTrash,
  listTrashRoute,
  type Recall,
  restore,
  restoreRoute,
} from '../search/trash.ts';

export interface FrontDependencies
  extends Pick<
    SearchDependencies,
    'pictures' | 'index' | 'uploads' | 'allows' | 'trash' | 'clock' | 'logger'
  > {
  /** What searches look with. */
  readonly model: Pick<ModelInfo, 'modelId' | 'synthetic'>;
  /** Bytes that index and log may take in the memory of a search together. */
  readonly searchBudgetBytes: number;
  /** Bytes that the keys of the index may take in memory. */
  readonly keysBudgetBytes: number;
}

/**
 * What these requests wait for is a small function's start, where the search function would load its index first. The
 * search function has all of them too, for the one process on one machine.
 *
 * @example
 * const response = await createFront(dependencies).request('/v1/health');
 */
export function createFront(dependencies: FrontDependencies): OpenAPIHono {
  const { model, allows, index: store, keysBudgetBytes: budgetBytes, searchBudgetBytes } = dependencies;
  const dimensions = dimensionsOf(model.modelId);
  const entries = new Entries({ ...dependencies, store, dimensions, budgetBytes });
  const app = newApi(dependencies);
  app.openapi(routes.health, async (c) => {
    const left = await leftOut(store, { dimensions, budgetBytes: searchBudgetBytes });
    return c.json(healthOf({ model, allows, env: c.env, reasons: searchTroubles(left) }), 200);
  });
  app.openapi(routes.createUpload, createUpload(dependencies));
  app.openapi(routes.deleteImage, deleteImage(dependencies));
  app.openapi(
    statesRoute,
    states({ ...dependencies, read: (work) => entries.read(work).catch(asFrontTooLarge) }),
  );
  app.openapi(routes.listRejected, listRejected(dependencies));
  app.openapi(routes.getDecisions, getDecisions(dependencies));
  app.openapi(routes.putFolders, putFolders(dependencies));
  app.openapi(routes.postNotDuplicates, postNotDuplicates(dependencies));
  const recall: Recall = (pictures) =>
    entries.read((view) => pictures.map(({ key, eTag }) => view.recall(key, eTag)));
  app.openapi(listTrashRoute, listTrash({ ...dependencies, recall }));
  app.openapi(restoreRoute, restore(dependencies));
  app.openapi(emptyTrashRoute, emptyTrash(dependencies));
  return app;
}
