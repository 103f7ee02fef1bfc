/** Writing the codes file of a generation: composed of the one before and what is new, or anew against a better frame. */

import type { Bitset } from '../scan/bitset.ts';
import { Frame } from '../scan/codes.ts';
import { DIRECTIONS } from '../scan/layout.ts';
import type { ComposePart, ObjectStore } from '../store/object-store.ts';
import {
  type CodesHeader,
  codesLayoutOf,
  decodeCodesHeader,
  encodeCodesHeader,
  rowOffset,
} from './file-formats.ts';
import type { NewRow } from './fold-log.ts';
import { LOG_LIMITS } from './limits.ts';
import type { Manifest } from './manifest.ts';
import { liveBlocks } from './write-files.ts';

type Files = Manifest['files'];

/** Rows that a frame is made of at the most; a better one would not make the codes tighter. */
const FRAME_ROWS = 16_384;
/** How many times as many rows a young index must have for its codes to be made anew against a frame of them. */
const FRAME_GROWTH = 4;

export interface CodesSource {
  readonly old: { readonly files: Files; readonly rows: number } | undefined;
  /** Rows of the old files that are left out. */
  readonly dead: Bitset | undefined;
  readonly added: readonly NewRow[];
  readonly dimensions: number;
  /** The name of the new file. */
  readonly name: string;
  /** What a new frame is to be called. */
  readonly frame: string;
}

/** What a manifest says of a codes file beside its name. */
type Coded = Pick<Files, 'centre' | 'directions'>;

/**
 * Writes the codes of the old rows that are kept and of the new ones. Costs what is new, but for the few times that a
 * young index has become several times larger than the rows its frame was made of, once for an index without codes, and
 * once when dead rows of an index without directions are left out.
 *
 * @returns what the codes are made against
 */
export async function writeCodes(store: ObjectStore, source: CodesSource): Promise<Coded> {
  const { old, dead, added, dimensions, name } = source;
  const kept = old ? old.rows - (dead?.count() ?? 0) : 0;
  const rows = kept + added.length;
  const known = await knownHeader(store, source, rows);
  if (!known) return writeAnew(store, source, rows);
  const layout = codesLayoutOf(old!.files, dimensions);

  async function* parts(): AsyncIterable<ComposePart> {
    yield encodeCodesHeader({ ...known!, rows });
    yield* liveBlocks(store, old!.files.codes!, old!.rows, dead, {
      offset: (row) => layout.offset(row),
      rowBytes: layout.recordBytes,
    });
    yield* codeBlocks(added, known!.frame);
  }
  await store.compose(name, parts(), { contentType: 'application/octet-stream' });
  return { centre: old!.files.centre, directions: old!.files.directions };
}

/** The header to go on with; `undefined` when there is none, or another frame is due. */
async function knownHeader(
  store: ObjectStore,
  { old, dead, dimensions }: CodesSource,
  rows: number,
): Promise<CodesHeader | undefined> {
  if (!old?.files.codes || !old.files.centre) return undefined;
  const layout = codesLayoutOf(old.files, dimensions);
  if (dead && layout.directions < DIRECTIONS) return undefined;
  const bytes = await store.read(old.files.codes, { start: 0, end: layout.headerBytes });
  const header = decodeCodesHeader(old.files.codes, bytes, layout);
  const isYoung = header.frameRows < FRAME_ROWS && rows >= header.frameRows * FRAME_GROWTH;
  return isYoung ? undefined : header;
}

async function writeAnew(store: ObjectStore, source: CodesSource, rows: number): Promise<Coded> {
  const { added, dimensions, name } = source;
  const sample: Float32Array[] = [];
  for await (const block of keptVectors(store, source)) {
    for (let at = 0; at < block.length && sample.length < FRAME_ROWS; at += dimensions)
      sample.push(block.slice(at, at + dimensions));
    if (sample.length >= FRAME_ROWS) break;
  }
  for (const { vector } of added) if (sample.length < FRAME_ROWS) sample.push(vector);
  const frame = await Frame.of(sample, dimensions);
  const frameRows = sample.splice(0).length;

  async function* parts(): AsyncIterable<ComposePart> {
    yield encodeCodesHeader({ frame, frameRows, rows });
    for await (const block of keptVectors(store, source)) yield frame.encode(block);
    yield* codeBlocks(added, frame);
  }
  await store.compose(name, parts(), { contentType: 'application/octet-stream' });
  return { centre: source.frame, directions: frame.directions.length };
}

/** The vectors of the old rows that are kept, block by block. */
async function* keptVectors(
  store: ObjectStore,
  { old, dead, dimensions }: CodesSource,
): AsyncIterable<Float32Array> {
  if (!old) return;
  const all = { start: 0, end: old.rows };
  for await (const { start, vectors } of readVectors(store, old.files.faiss, all, dimensions)) {
    let kept = 0;
    for (let i = 0; i * dimensions < vectors.length; i++) {
      if (dead?.has(start + i)) continue;
      vectors.copyWithin(kept * dimensions, i * dimensions, (i + 1) * dimensions);
      kept++;
    }
    if (kept > 0) yield vectors.subarray(0, kept * dimensions);
  }
}

/** The vectors of some rows of a FAISS file, block by block, to be changed at will; `start`: the first row of a block. */
export async function* readVectors(
  store: ObjectStore,
  faiss: string,
  rows: { readonly start: number; readonly end: number },
  dimensions: number,
): AsyncIterable<{ readonly start: number; readonly vectors: Float32Array }> {
  for (let { start } = rows; start < rows.end; start += LOG_LIMITS.rowsPerBlock) {
    const end = Math.min(start + LOG_LIMITS.rowsPerBlock, rows.end);
    const range = { start: rowOffset(start, dimensions), end: rowOffset(end, dimensions) };
    const bytes = await store.read(faiss, range);
    // A copy: a store may hand out bytes that lie where float32 cannot, or that are not ours to change.
    yield { start, vectors: new Float32Array(bytes.slice().buffer) };
  }
}

/** The records of new rows, block by block. */
function* codeBlocks(added: readonly NewRow[], frame: Frame): Iterable<Uint8Array> {
  const { dimensions } = frame;
  for (let start = 0; start < added.length; start += LOG_LIMITS.rowsPerBlock) {
    const rows = added.slice(start, start + LOG_LIMITS.rowsPerBlock);
    const block = new Float32Array(rows.length * dimensions);
    for (const [i, { vector }] of rows.entries()) block.set(vector, i * dimensions);
    yield frame.encode(block);
  }
}
