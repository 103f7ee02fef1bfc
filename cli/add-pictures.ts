/** Uploads many pictures and waits until each can be found, or is known not to be. */

import { readFile } from 'node:fs/promises';
import type { Client } from '../client/client.ts';
import { ProblemError } from '../client/problem-error.ts';
import { PICTURE_LIMITS } from '../pictures/decoding/limits.ts';
import type { PictureFile } from './files.ts';
import { eachOf } from './parallel.ts';
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
/** Pictures of the page that is asked for in one round: the newest under what the uploads have in common. */
const PAGE = 100;
/** Keys asked for by themselves in one round, of those that no page tells of. */
const ASKED_ALONE = 4;

interface Uploaded {
  readonly key: string;
  /** Whether the library had nothing under this key: to be listed then means to be indexed. */
  readonly isNew: boolean;
}

export async function addPictures(files: readonly PictureFile[], options: AddOptions): Promise<AddOutcome> {
  const outcome: AddOutcome = { added: [], unchanged: [], refused: [], pending: [] };
  const uploaded: Uploaded[] = [];
  const finished = () => outcome.added.length + outcome.unchanged.length + outcome.refused.length;
  let seen = 0;

  const uploading = eachOf(files, options.atOnce, async (file) => {
    const result = await uploadOne(file, options);
    if (result === 'new' || result === 'replaced') uploaded.push({ key: file.key, isNew: result === 'new' });
    else if (result === 'unchanged') outcome.unchanged.push(file.key);
    else outcome.refused.push({ key: file.key, reason: result.refused });
    options.onUploaded?.(++seen);
    options.onFinished?.(finished());
  });
  if (!options.wait) {
    await uploading;
    outcome.pending.push(...uploaded.map(({ key }) => key));
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
): Promise<'new' | 'replaced' | 'unchanged' | { refused: string }> {
  if (file.size === 0) return { refused: 'the file is empty' };
  if (file.size > PICTURE_LIMITS.maxBytesOfLargeKinds) {
    return { refused: `the file has more than ${PICTURE_LIMITS.maxBytesOfLargeKinds / 1024 ** 2} MiB` };
  }
  const known = force ? undefined : await withRetries(() => client.image(file.key));
  if (known && isSame(known, file)) return 'unchanged';
  const about = { key: file.key, contentType: file.contentType };
  try {
    await withRetries(async () => client.upload(await readFile(file.path), about));
    return known?.state === 'absent' ? 'new' : 'replaced';
  } catch (error) {
    if (error instanceof ProblemError && error.status >= 400 && error.status < 500)
      return { refused: error.message };
    throw error;
  }
}

/** Whether the library has the file as it is: this is how a second run goes on where the first was interrupted. */
const isSame = (image: Awaited<ReturnType<Client['image']>>, file: PictureFile): boolean =>
  image.state === 'indexed' &&
  image.size === file.size &&
  Date.parse(image.lastModified) >= Math.floor(file.modifiedAt);

/**
 * Asks what became of the uploads until all are settled or nothing moves any more: one page tells of many, and those that it
 * does not tell of are asked about a few at a time, since they may have been rejected.
 */
async function waitFor(
  uploaded: Uploaded[],
  isUploading: () => boolean,
  outcome: AddOutcome,
  { client, patienceMs, atOnce }: AddOptions,
  onSettled: () => void,
): Promise<void> {
  let movedAt = Date.now();
  while (isUploading() || uploaded.length > 0) {
    const before = uploaded.length;
    const listed = await listedOf(client, uploaded);
    const rest = uploaded.splice(0).filter(({ key, isNew }) => {
      const isDone = isNew && listed.has(key);
      if (isDone) outcome.added.push(key);
      return !isDone;
    });
    const open: Uploaded[] = [];
    await eachOf(rest.splice(0, ASKED_ALONE), atOnce, async (one) => {
      const image = await withRetries(() => client.image(one.key));
      if (image.state === 'indexed') outcome.added.push(one.key);
      else if (image.state === 'rejected')
        outcome.refused.push({ key: one.key, reason: image.reason.message });
      else open.push(one);
    });
    const isSettled = rest.length + open.length < before;
    // To the back: pictures whose events wait in the dead letters must not keep the others from being asked about. What was
    // uploaded meanwhile comes after.
    uploaded.unshift(...rest, ...open);
    if (isSettled || isUploading()) movedAt = Date.now();
    if (isSettled) onSettled();
    else if (Date.now() - movedAt > patienceMs) break;
    else await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
  outcome.pending.push(...uploaded.map(({ key }) => key));
}

/** Keys that one page of the newest pictures tells of. */
async function listedOf(client: Client, uploaded: readonly Uploaded[]): Promise<ReadonlySet<string>> {
  const keys = uploaded.filter(({ isNew }) => isNew).map(({ key }) => key);
  if (keys.length === 0) return new Set();
  const prefix = commonPrefix(keys);
  const page = await withRetries(() =>
    client.images({ order: 'newest', limit: PAGE, ...(prefix && { prefix }) }),
  );
  return new Set(page.items.map(({ key }) => key));
}

function commonPrefix([first = '', ...others]: readonly string[]): string {
  // By characters, so that none is cut in two.
  let prefix = [...first];
  for (const other of others) {
    const characters = [...other];
    const end = prefix.findIndex((character, at) => character !== characters[at]);
    if (end >= 0) prefix = prefix.slice(0, end);
  }
  return prefix.join('');
}
