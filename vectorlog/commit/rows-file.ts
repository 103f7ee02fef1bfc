/** The rows file: what row i of the FAISS file is, as line i; JSON Lines. */

import { type Entry, flatten, unflatten } from '../log/record.ts';
import type { ObjectStore } from '../store/object-store.ts';
import { IndexDamaged } from './errors.ts';

/** How much of the file is in memory at a time. */
const READ_BYTES = 8 * 1024 * 1024;
const NEWLINE = 0x0a;

/** One line, with its newline. */
export const encodeRow = (entry: Entry): string => `${JSON.stringify(flatten(entry))}\n`;

/** Reads one line. @throws IndexDamaged */
function decodeRow(file: string, line: string): Entry {
  try {
    return unflatten(JSON.parse(line) as Record<string, unknown>);
  } catch (cause) {
    throw new IndexDamaged(file, `not a row: ${line.slice(0, 80)}`, { cause });
  }
}

/** Reads whole lines. @throws IndexDamaged when the bytes do not end with a line */
export function decodeRows(file: string, bytes: Uint8Array): Entry[] {
  if (bytes.byteLength === 0) return [];
  if (bytes.at(-1) !== NEWLINE) throw new IndexDamaged(file, 'it ends within a line');
  const lines = new TextDecoder().decode(bytes).split('\n');
  lines.pop();
  return lines.map((line) => decodeRow(file, line));
}

/**
 * Reads the lines from byte `start` to byte `end`, some thousand at a time, holding a few MiB in memory.
 *
 * @throws ObjectNotFound, RangeNotSatisfiable, IndexDamaged
 */
export async function* readRows(
  store: ObjectStore,
  file: string,
  range: { start: number; end: number },
): AsyncIterable<Entry[]> {
  for await (const lines of readLines(store, file, range)) yield decodeRows(file, lines);
}

/** The same, as the bytes of whole lines. */
export async function* readLines(
  store: ObjectStore,
  file: string,
  range: { start: number; end: number },
): AsyncIterable<Uint8Array> {
  let rest = new Uint8Array(0);
  for (let at = range.start; at < range.end; at += READ_BYTES) {
    const block = await store.read(file, { start: at, end: Math.min(at + READ_BYTES, range.end) });
    const bytes = rest.byteLength === 0 ? block : Buffer.concat([rest, block]);
    const whole = bytes.lastIndexOf(NEWLINE) + 1;
    if (whole > 0) yield bytes.subarray(0, whole);
    rest = bytes.slice(whole);
  }
  if (rest.byteLength > 0) throw new IndexDamaged(file, 'it ends within a line');
}
