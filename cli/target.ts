/** The library that a command works on directly: a folder on this machine, or two buckets on S3. */

import { join, resolve } from 'node:path';
import type { Command } from 'commander';
import { isLoopback } from '../local/caller.ts';
import { keepSelection } from '../local/library-settings.ts';
import { modelFolder } from '../local/model-choice.ts';
import { openPictures } from '../local/picture-folder.ts';
import { FolderAway, Presence, sampleOf } from '../local/presence.ts';
import type { Library } from '../local/server.ts';
import { readModelInfo } from '../pictures/embedding/model-folder.ts';
import { PICTURE_ENDINGS, type PictureFilter, parseEndings } from '../pictures/picture-names.ts';
import { systemClock } from '../vectorlog/clock.ts';
import type { Origin } from '../vectorlog/commit/manifest.ts';
import type { Logger } from '../vectorlog/logger.ts';
import { FileStore } from '../vectorlog/store/file-store.ts';
import type { ObjectStore } from '../vectorlog/store/object-store.ts';
import { prefixed } from '../vectorlog/store/prefixed-store.ts';
import { probe } from '../vectorlog/store/probe.ts';
import { UsageError } from './errors.ts';
import type { Sender } from './sender.ts';

export interface TargetFlags {
  readonly endpoint: string;
  readonly index?: string;
  readonly imagesBucket?: string;
  readonly indexBucket?: string;
  readonly queueUrl?: string;
  readonly function?: string;
  readonly model?: string;
  readonly s3Endpoint?: string;
}

export interface Target {
  readonly pictures: ObjectStore;
  /** The index store, in the model's namespace. */
  readonly index: ObjectStore;
  readonly modelId: string;
  /** What the index belongs to; one of another origin is refused. */
  readonly origin: Origin;
  /** Whether what is sent is embedded on this machine. */
  readonly local: boolean;
  /** Resolves when all that is indexed of it can be read, disks that are mounted in it included. @throws FolderAway */
  assertThere(): Promise<void>;
  /** @throws UsageError when neither a queue nor a function was named */
  openSender(logger: Logger): Promise<Sender>;
}

/** What belongs to the index by its name: what a flag says, or in a bucket what is called a picture; a folder shows nothing else. */
export const endingsOf = (
  flag: string | undefined,
  { local }: Pick<Target, 'local'>,
): PictureFilter['endings'] => (flag ? parseEndings(flag) : local ? 'all' : PICTURE_ENDINGS);

export const TARGET_HELP = `
Without a folder and without buckets, it works on the folder that the server at --endpoint serves. It may run while
the server does.`;

const GO = 'what is indexed of it would go; let it be read, or leave it alone with "serve --exclude"';

export const addTargetFlags = (command: Command): Command =>
  command
    .argument('[folder]', 'the pictures on this machine')
    .option('--index <folder>', 'where the index is (default: .likeness in the folder)')
    .option('--images-bucket <bucket>', "the pictures' bucket on S3")
    .option('--index-bucket <bucket>', "the index's bucket on S3")
    .option(
      '--model <id>',
      'the model whose index it is (default: the one of this machine, or the only one in the bucket)',
    )
    .option('--s3-endpoint <url>', 'an S3-compatible store in place of AWS');

/**
 * @param writes whether the command changes the index: then a store on S3 is tried out first
 * @throws UsageError when the library or its model cannot be told; StoreUnsuitable when a store cannot serve
 */
export async function openTarget(
  folder: string | undefined,
  flags: TargetFlags,
  { writes }: { readonly writes: boolean },
): Promise<Target> {
  if (flags.imagesBucket || flags.indexBucket) return openBuckets(folder, flags, writes);
  const library = folder ? undefined : await servedLibrary(flags.endpoint);
  const pictures = folder ?? library?.folder;
  if (!pictures) {
    throw new UsageError(`name a folder or buckets; no server at ${flags.endpoint} says what it serves`);
  }
  const indexFolder = resolve(flags.index ?? library?.indexFolder ?? join(pictures, '.likeness'));
  return openFolder(resolve(pictures), indexFolder, flags.model ?? library?.model);
}

async function openFolder(folder: string, indexFolder: string, model: string | undefined): Promise<Target> {
  const store = new FileStore(indexFolder);
  const modelId = model ?? (await readModelInfo(await modelFolder())).modelId;
  const index = prefixed(store, `${modelId}/`);
  const known = { sample: (prefix: string) => sampleOf(index, prefix) };
  const presence = new Presence({ folder, indexFolder, known });
  const selection = await keepSelection(indexFolder);
  const { pictures, passedOver } = openPictures({ folder, indexFolder, presence, selection });
  return {
    pictures,
    index,
    modelId,
    // A folder may be moved: it has no name that lasts.
    origin: { modelId },
    local: true,
    assertThere: async () => {
      for (const away of await presence.missing()) throw away;
      // A walk through all of it tells what cannot be read.
      for await (const _ of pictures.list({ prefix: '' }));
      for (const place of passedOver().unreadable) {
        // An index that is beyond reading knows of none.
        const indexed = await known.sample(place).catch(() => []);
        if (indexed.length > 0)
          throw new FolderAway(place, `${join(folder, place)} cannot be read now; ${GO}`);
      }
    },
    openSender: async (logger) => {
      const { embedHere } = await import('./embed-here.ts');
      return embedHere({ pictures, index, modelId, clock: systemClock, logger });
    },
  };
}

async function openBuckets(folder: string | undefined, flags: TargetFlags, writes: boolean): Promise<Target> {
  const { imagesBucket, indexBucket, queueUrl, s3Endpoint } = flags;
  if (folder) throw new UsageError('name either a folder or buckets');
  if (!imagesBucket || !indexBucket)
    throw new UsageError('name both buckets: --images-bucket and --index-bucket');
  if (imagesBucket === indexBucket)
    throw new UsageError(
      'pictures and index need a bucket each: what the index writes would be taken for pictures',
    );
  const [{ s3Client }, { S3Store }] = await Promise.all([
    import('../vectorlog/store/s3-client.ts'),
    import('../vectorlog/store/s3-store.ts'),
  ]);
  const endpoint = s3Endpoint ?? process.env.LIKENESS_S3_ENDPOINT;
  const client = s3Client({ endpoint });
  const store = new S3Store({ client, bucket: indexBucket });
  // Also where no endpoint is named: the profile or the environment of AWS may name one. Who only reads may have no right to write.
  if (writes || endpoint) await probe(store);
  const modelId = flags.model ?? (await onlyModel(store));
  return {
    pictures: new S3Store({ client, bucket: imagesBucket }),
    index: prefixed(store, `${modelId}/`),
    modelId,
    origin: { modelId, store: `s3://${indexBucket}`, source: `s3://${imagesBucket}` },
    local: false,
    // A bucket is never there in part.
    assertThere: async () => {},
    openSender: async () => {
      if (flags.function) {
        const { sendToFunction } = await import('./send-to-function.ts');
        return sendToFunction(flags.function);
      }
      if (!queueUrl)
        throw new UsageError(
          'name the queue of on-upload: --queue-url, or without one on-upload: --function',
        );
      const { sendToQueue } = await import('./send-to-queue.ts');
      return sendToQueue(queueUrl);
    },
  };
}

/**
 * What the server at `endpoint` serves, if it is one on this machine. It is believed only when the index that it names
 * is locked by it: whoever listens on the port could name any folder.
 */
async function servedLibrary(endpoint: string): Promise<Library | undefined> {
  if (!isLoopback(endpoint)) return undefined;
  try {
    const [{ LIBRARY_PATH }, { isHeldBy }] = await Promise.all([
      import('../local/server.ts'),
      import('../local/lock.ts'),
    ]);
    const url = new URL(LIBRARY_PATH, endpoint);
    const response = await fetch(url, { signal: AbortSignal.timeout(2_000), redirect: 'error' });
    if (!response.ok) return undefined;
    const library = (await response.json()) as Library;
    return (await isHeldBy(library.indexFolder, endpoint)) ? library : undefined;
  } catch {
    return undefined;
  }
}

/** The model whose index the store holds. @throws UsageError when there is none, or more than one */
async function onlyModel(store: ObjectStore): Promise<string> {
  const models: string[] = [];
  for (let startAfter = ''; ; ) {
    const next = await firstModelAfter(store, startAfter);
    if (!next) break;
    models.push(next);
    // Sorts after every object of this model: the character after "/" is "0".
    startAfter = `${next}0`;
  }
  const [only, ...others] = models;
  if (!only) throw new UsageError('there is no index yet; name the model with --model to begin one');
  if (others.length > 0)
    throw new UsageError(`there are several models; name one with --model: ${models.join(', ')}`);
  return only;
}

async function firstModelAfter(store: ObjectStore, startAfter: string): Promise<string | undefined> {
  for await (const page of store.list({ prefix: '', ...(startAfter && { startAfter }) })) {
    if (page[0]) return page[0].key.split('/')[0];
  }
  return undefined;
}
