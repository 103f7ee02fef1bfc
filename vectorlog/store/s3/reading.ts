/** Large reads from S3: ranged GETs side by side, each landing where it belongs, each resumed where it broke off. */

import type { Readable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import { GetObjectCommand, type GetObjectCommandOutput, type S3Client } from '@aws-sdk/client-s3';
import { mapInParallel } from '../../parallel.ts';
import { ObjectTooLarge, RangeNotSatisfiable, StoreUnavailable, StoreUnsuitable } from '../errors.ts';
import { STORE_LIMITS } from '../limits.ts';
import type { ByteRange, GetOptions } from '../object-store.ts';
import { storeErrorOf } from './faults.ts';

/** One object to read from, in one state if `eTag` is given (in quotes, as S3 gives it). */
export interface Source {
  readonly client: S3Client;
  readonly bucket: string;
  readonly key: string;
  readonly eTag?: string | undefined;
}

/**
 * Fills `target` with the bytes from `start` on.
 *
 * @throws RangeNotSatisfiable when the object ends before, PreconditionFailed when it is not in the state of `eTag`,
 * StoreUnavailable also when it was replaced during the read.
 */
export async function readInto(
  source: Source,
  start: number,
  target: Uint8Array,
  signal?: AbortSignal,
): Promise<void> {
  const { readPartBytes, readsAtOnce } = STORE_LIMITS;
  const failed = new AbortController();
  const stop = { signal: signal ? AbortSignal.any([signal, failed.signal]) : failed.signal };
  const states = new Set<string | undefined>();
  const starts = Array.from(
    { length: Math.ceil(target.byteLength / readPartBytes) },
    (_, part) => part * readPartBytes,
  );
  await mapInParallel(readsAtOnce, starts, async (from) => {
    stop.signal.throwIfAborted();
    try {
      const part = target.subarray(from, from + readPartBytes);
      states.add(await readPart(source, start + from, part, stop.signal));
    } catch (error) {
      const reason = stop.signal.aborted ? stop.signal.reason : error;
      failed.abort();
      throw reason;
    }
  });
  if (states.size > 1) throw new StoreUnavailable(`"${source.key}" was replaced while it was read`);
}

/** Reads one part in as many tries as it takes; gives the eTag of the object that it came from. */
async function readPart(
  source: Source,
  start: number,
  target: Uint8Array,
  signal: AbortSignal,
): Promise<string | undefined> {
  const { key } = source;
  const end = start + target.byteLength;
  let { eTag } = source;
  let done = 0;
  for (let attempt = 1; ; attempt++) {
    const answer = await requestRange({ ...source, eTag }, { start: start + done, end }, signal);
    if (answer.total < end) {
      answer.body.destroy();
      throw new RangeNotSatisfiable(key);
    }
    eTag ??= answer.eTag;
    try {
      await fill(key, target, done, answer.body, (at) => {
        done = at;
      });
      return eTag;
    } catch (error) {
      // The SDK tries again until an answer begins; what breaks off in the middle is ours to resume.
      if (attempt === STORE_LIMITS.maxAttempts || signal.aborted)
        throw new StoreUnavailable(`the answers about "${key}" break off`, { cause: error });
      await sleep(STORE_LIMITS.conflictPauseMs * 2 ** attempt * Math.random());
    }
  }
}

/**
 * Reads an object whole, in one state. One request asks for the first part and learns the length; the rest, if there is
 * any, follows side by side.
 *
 * @throws RangeNotSatisfiable for an empty object, PreconditionFailed when it is not, or no longer, in the same state,
 * ObjectTooLarge when it has more than `maxBytes`
 */
export async function readWhole(
  source: Source,
  { signal, maxBytes = Number.POSITIVE_INFINITY }: Pick<GetOptions, 'signal' | 'maxBytes'>,
): Promise<{ body: Uint8Array; output: GetObjectCommandOutput }> {
  const answer = await requestRange(source, { start: 0, end: STORE_LIMITS.readPartBytes }, signal);
  if (answer.total > maxBytes) {
    answer.body.destroy();
    throw new ObjectTooLarge(source.key, answer.total);
  }
  const same = { ...source, eTag: answer.eTag };
  const body = new Uint8Array(answer.total);
  const first = body.subarray(0, STORE_LIMITS.readPartBytes);
  const rest = body.subarray(first.byteLength);
  await Promise.all([
    fill(source.key, first, 0, answer.body).catch(() => readInto(same, 0, first, signal)),
    readInto(same, first.byteLength, rest, signal),
  ]);
  return { body, output: answer.output };
}

/** An answer whose body has begun to come. */
interface Answer {
  readonly body: Readable;
  /** Bytes of the whole object. */
  readonly total: number;
  /** In quotes. */
  readonly eTag: string | undefined;
  readonly output: GetObjectCommandOutput;
}

/** Asks for a range of an object; the answer holds less of it when the object ends before. */
async function requestRange(
  { client, bucket, key, eTag }: Source,
  range: ByteRange,
  abortSignal?: AbortSignal,
): Promise<Answer> {
  const Range = `bytes=${range.start}-${range.end - 1}`;
  const command = new GetObjectCommand({ Bucket: bucket, Key: key, Range, ...(eTag && { IfMatch: eTag }) });
  try {
    const output = await client.send(command, { ...(abortSignal && { abortSignal }) });
    const body = output.Body as Readable;
    const total = /\/(\d+)$/.exec(output.ContentRange ?? '')?.[1];
    if (total === undefined) {
      body.destroy();
      throw new StoreUnsuitable(`the store of "${bucket}" does not answer ranges`);
    }
    return { body, total: Number(total), eTag: output.ETag, output };
  } catch (error) {
    throw storeErrorOf(error, bucket, key);
  }
}

/** Fills `target` from `offset` on with an answer's bytes: the one copy between the socket and where they are used. */
async function fill(
  key: string,
  target: Uint8Array,
  offset: number,
  answer: Readable,
  progress: (offset: number) => void = () => {},
): Promise<void> {
  let at = offset;
  for await (const chunk of answer) {
    target.set(chunk, at);
    at += chunk.byteLength;
    progress(at);
  }
  if (at < target.byteLength) throw new StoreUnavailable(`the answer about "${key}" ended early`);
}
