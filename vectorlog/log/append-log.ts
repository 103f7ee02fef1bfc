/** Writing to the append log and reading from it. */

import { decodeTime } from 'ulid';
import type { Clock } from '../clock.ts';
import { appendName, LOG_PREFIX } from '../names.ts';
import { RangeNotSatisfiable, StoreUnavailable } from '../store/errors.ts';
import type { ObjectStore } from '../store/object-store.ts';
import { decodeAppend, decodeRecords, encodeAppend, headerLength } from './append-file.ts';
import { AppendUnreadable } from './errors.ts';
import type { Append, LogRecord } from './record.ts';

/** The content type that safetensors files have by custom. */
const CONTENT_TYPE = 'application/octet-stream';

/** Enough for the header of a usual append in one read. */
const FIRST_READ_BYTES = 64 * 1024;

/**
 * Writes one append. When it resolves, every search that begins afterwards takes the append in.
 *
 * @returns the object's name
 * @throws StoreUnavailable when the store did not answer; the append may then be there or come later, and writing the
 *   same records again under another name does no harm
 */
export async function writeAppend(
  store: ObjectStore,
  clock: Clock,
  append: Append,
  dimensions: number,
): Promise<string> {
  const name = appendName(clock.ulid());
  if (await store.putIfAbsent(name, encodeAppend(append, dimensions), { contentType: CONTENT_TYPE }))
    return name;
  throw new StoreUnavailable(`"${name}" is taken: two appends drew the same ULID`);
}

const APPEND_NAME = /^log\/([0-7][0-9A-HJKMNP-TV-Z]{25})\.safetensors$/;

/** Whether an object under `log/` has the name of an append; others are left alone. */
export const isAppendName = (name: string): boolean => APPEND_NAME.test(name);

/** When an append was made, by its writer's clock: milliseconds since the epoch. */
export const appendTime = (name: string): number => decodeTime(APPEND_NAME.exec(name)?.[1] ?? '');

/** An append in a list of the log. */
export interface AppendInfo {
  readonly name: string;
  /** Bytes. */
  readonly size: number;
}

/** Lists the appends that are there, those after `startAfter`, in the order of their names, which is about that of their writing. */
export async function* listAppends(store: ObjectStore, startAfter?: string): AsyncIterable<AppendInfo> {
  for await (const page of store.list({
    prefix: LOG_PREFIX,
    ...(startAfter !== undefined && { startAfter }),
  }))
    for (const { key, size } of page) if (isAppendName(key)) yield { name: key, size };
}

/** Reads one append. @throws ObjectNotFound, AppendUnreadable */
export async function readAppend(store: ObjectStore, name: string, dimensions: number): Promise<Append> {
  const { body } = await store.get(name);
  return named(name, () => decodeAppend(body, dimensions));
}

/** Reads what one append says without its vectors. @throws ObjectNotFound, AppendUnreadable */
export async function readRecords(
  store: ObjectStore,
  { name, size }: AppendInfo,
): Promise<readonly LogRecord[]> {
  const start = await store.read(name, { start: 0, end: Math.min(size, FIRST_READ_BYTES) });
  const end = 8 + named(name, () => headerLength(start));
  if (end <= start.byteLength) return named(name, () => decodeRecords(start));
  try {
    const whole = await store.read(name, { start: 0, end });
    return named(name, () => decodeRecords(whole));
  } catch (cause) {
    if (!(cause instanceof RangeNotSatisfiable)) throw cause;
    throw new AppendUnreadable(`${name}: the file ends within its header`, { cause });
  }
}

/** Says in the error which append it was. */
function named<T>(name: string, read: () => T): T {
  try {
    return read();
  } catch (cause) {
    if (!(cause instanceof AppendUnreadable)) throw cause;
    throw new AppendUnreadable(`${name}: ${cause.message}`, { cause });
  }
}
