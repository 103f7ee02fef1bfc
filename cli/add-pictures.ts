/** Uploads many pictures and waits until each can be found, or is known not to be. */

import { readFile } from 'node:fs/promises';
import type { Client } from '../client/client.ts';
import { ProblemError } from '../client/problem-error.ts';
import { PICTURE_LIMITS } from '../pictures/decoding/limits.ts';
import { mapInParallel } from '../vectorlog/parallel.ts';
import type { PictureFile } from './files.ts';
import { withRetries } from './retry.ts';

export interface AddOptions {
  readonly client: Client;
  /** Return when all is uploaded, without waiting for the index. */
  readonly wait: boolean;
  /** Upload also what the library has already. */
  readonly force: boolean;
  /** Give up when nothing has moved for so long. */
  readonly patienceMs: number;
  /** Requests at the same time. On AWS each is an instance of a function, of which a new account has ten. */
  readonly atOnce: number;
  readonly onUploaded?: (uploaded: number) => void;
  readonly onFinished?: (finished: number) => void;
}

/** What became of the pictures, by key. */
export interface AddOutcome {
  readonly added: string[];
  /** Were in the library already, with this size and no older. */
  readonly unchanged: string[];
  readonly refused: { readonly key: string; readonly reason: string }[];
  /** Uploaded, but not in the index when waiting ended. */
  readonly pending: string[];
}

const POLL_MS = 250;
/** Keys asked for in one round. */
const ASKED_AT_ONCE = 16;

export async function addPictures(files: readonly PictureFile[], options: AddOptions): Promise<AddOutcome> {
  const outcome: AddOutcome = { added: [], unchanged: [], refused: [], pending: [] };
  const uploaded: string[] = [];
  const finished = () => outcome.added.length + outcome.unchanged.length + outcome.refused.length;
  let seen = 0;

  const uploading = mapInParallel(options.atOnce, files, async (file) => {
    const result = await uploadOne(file, options);
    if (result === 'uploaded') uploaded.push(file.key);
    else if (result === 'unchanged') outcome.unchanged.push(file.key);
    else outcome.refused.push({ key: file.key, reason: result.refused });
    options.onUploaded?.(++seen);
    options.onFinished?.(finished());
  });
  if (!options.wait) {
    await uploading;
    outcome.pending.push(...uploaded);
    return outcome;
  }

  let isUploading = true;
  const waiting = waitFor(
    uploaded,
    () => isUploading,
    outcome,
    options,
    () => options.onFinished?.(finished()),
  );
  try {
    // Both, so that neither fails unheard while the other goes on.
    await Promise.all([uploading.finally(() => (isUploading = false)), waiting]);
  } finally {
    await Promise.allSettled([uploading, waiting]);
  }
  return outcome;
}

async function uploadOne(
  file: PictureFile,
  { client, force }: AddOptions,
): Promise<'uploaded' | 'unchanged' | { refused: string }> {
  if (file.size === 0) return { refused: 'the file is empty' };
  if (file.size > PICTURE_LIMITS.maxBytesOfLargeKinds) {
    return { refused: `the file has more than ${PICTURE_LIMITS.maxBytesOfLargeKinds / 1024 ** 2} MiB` };
  }
  if (!force && (await isThere(client, file))) return 'unchanged';
  const about = { key: file.key, contentType: file.contentType };
  try {
    await withRetries(async () => client.upload(await readFile(file.path), about));
    return 'uploaded';
  } catch (error) {
    if (error instanceof ProblemError && error.status >= 400 && error.status < 500)
      return { refused: error.message };
    throw error;
  }
}

/** Whether the library has the file as it is: this is how a second run goes on where the first was interrupted. */
async function isThere(client: Client, file: PictureFile): Promise<boolean> {
  const image = await withRetries(() => client.image(file.key));
  return (
    image.state === 'indexed' &&
    image.size === file.size &&
    Date.parse(image.lastModified) >= Math.floor(file.modifiedAt)
  );
}

/** Asks what became of the oldest uploads until all are settled or nothing moves any more. */
async function waitFor(
  uploaded: string[],
  isUploading: () => boolean,
  outcome: AddOutcome,
  { client, patienceMs, atOnce }: AddOptions,
  onSettled: () => void,
): Promise<void> {
  let movedAt = Date.now();
  while (isUploading() || uploaded.length > 0) {
    const asked = uploaded.splice(0, ASKED_AT_ONCE);
    const open: string[] = [];
    await mapInParallel(atOnce, asked, async (key) => {
      const image = await withRetries(() => client.image(key));
      if (image.state === 'indexed') outcome.added.push(key);
      else if (image.state === 'rejected') outcome.refused.push({ key, reason: image.reason.message });
      else open.push(key);
    });
    // To the back: pictures whose events wait in the dead letters must not keep the others from being asked about.
    uploaded.push(...open);
    if (open.length < asked.length || isUploading()) movedAt = Date.now();
    if (open.length < asked.length) onSettled();
    else if (Date.now() - movedAt > patienceMs) break;
    else await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
  outcome.pending.push(...uploaded);
}
