/** Many uploads in a few numbers. */

import type { Upload, UploadState } from './upload-queue.ts';

export interface Summary {
  readonly total: number;
  /** Files of each step. */
  readonly steps: Readonly<Record<UploadState['step'], number>>;
  /** Files that have not come to their end. */
  readonly underway: number;
  /** How much of the way the files that arrive have gone together, 0 to 1; sending counts for nine tenths of it. */
  readonly progress: number;
}

/** Ends at which nothing arrives. */
const NEVER = new Set<UploadState['step']>(['exists', 'refused', 'failed', 'cancelled']);

const SENDING_SHARE = 0.9;

function wayOf({ state, file }: Upload): number {
  switch (state.step) {
    case 'waiting':
      return 0;
    case 'sending':
      return file.size > 0 ? SENDING_SHARE * Math.min(state.sent / file.size, 1) : 0;
    case 'indexing':
      return SENDING_SHARE;
    case 'done':
      return 1;
    // What will not arrive has gone no way; it does not count either.
    default:
      return 0;
  }
}

export function summarise(uploads: readonly Upload[]): Summary {
  const steps = {
    waiting: 0,
    sending: 0,
    indexing: 0,
    done: 0,
    exists: 0,
    refused: 0,
    failed: 0,
    cancelled: 0,
  };
  let way = 0;
  let counting = 0;
  for (const upload of uploads) {
    steps[upload.state.step] += 1;
    way += wayOf(upload);
    if (!NEVER.has(upload.state.step)) counting += 1;
  }
  return {
    total: uploads.length,
    steps,
    underway: steps.waiting + steps.sending + steps.indexing,
    progress: counting > 0 ? way / counting : 0,
  };
}
