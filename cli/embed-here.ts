/** Does on-upload's work in this process, for folders on this machine. */

import { createOnUpload } from '../functions/on-upload/handler.ts';
import { EventQueue } from '../local/event-queue.ts';
import { modelFolder } from '../local/model-choice.ts';
import { loadEmbedder } from '../pictures/embedding/load.ts';
import type { IngestDeps } from '../pictures/ingest/ingest.ts';
import { QUEUE_LIMITS } from '../pictures/ingest/limits.ts';
import { UsageError } from './errors.ts';
import type { Sender } from './sender.ts';

/** @throws UsageError when the model of this machine is another than the index's */
export async function embedHere({
  modelId,
  ...deps
}: Omit<IngestDeps, 'embedder'> & { readonly modelId: string }): Promise<Sender> {
  const embedder = await loadEmbedder(await modelFolder());
  if (embedder.model.modelId !== modelId) {
    throw new UsageError(
      `the index is of the model ${modelId}, and this machine has ${embedder.model.modelId}`,
    );
  }
  const { clock, logger } = deps;
  const queue = new EventQueue({
    handler: createOnUpload({ ...deps, embedder }),
    clock,
    logger,
    maxReceives: QUEUE_LIMITS.maxReceives,
  });
  queue.start();
  return {
    send: async (bodies) => {
      for (const body of bodies) await queue.send(body);
    },
    finish: async () => {
      await queue.drained();
      await queue.stop();
      return { failed: queue.deadLetters.length };
    },
  };
}
