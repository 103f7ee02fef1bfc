/** Writing the files of a generation: composed of the ones before and what is new, or anew without the dead rows. */

import type { Bitset } from '../scan/bitset.ts';
import type { ComposePart, ObjectStore } from '../store/object-store.ts';
import {
  encodeDead,
  encodeFaissHeader,
  encodeRow,
  FAISS_HEADER_BYTES,
  readRows,
  rowOffset,
} from './file-formats.ts';
import type { NewRow } from './fold-log.ts';
import { LOG_LIMITS } from './limits.ts';
import type { Manifest } from './manifest.ts';

type Files = Manifest['files'];

const CONTENT_TYPE = 'application/octet-stream';
const JSON_LINES = 'application/jsonl';

/** What the new files are made of. */
interface Source {
  /** The files before, and how many rows they have. */
  readonly old: { readonly files: Files; readonly rows: number } | undefined;
  readonly added: readonly NewRow[];
  readonly dimensions: number;
  /** The names of the new files. */
  readonly names: Pick<Files, 'faiss' | 'rows' | 'dead'>;
}

/** Adds rows: what is there is copied inside the store. @returns the length of the new rows file in bytes */
export async function composeFiles(
  store: ObjectStore,
  { old, added, names, dimensions }: Source,
): Promise<number> {
  const rows = old?.rows ?? 0;
  const lines = encodeLines(added);
  const oldRows: ComposePart[] =
    rows > 0 ? [copy(old!.files.faiss, FAISS_HEADER_BYTES, rowOffset(rows, dimensions))] : [];
  const oldLines: ComposePart[] = rows > 0 ? [copy(old!.files.rows, 0, old!.files.rowsBytes)] : [];
  const header = encodeFaissHeader(rows + added.length, dimensions);
  const [, { size }] = await Promise.all([
    store.compose(names.faiss, [header, ...oldRows, ...vectorBlocks(added, dimensions)], {
      contentType: CONTENT_TYPE,
    }),
    store.compose(names.rows, [...oldLines, lines], { contentType: JSON_LINES }),
  ]);
  return size;
}

/**
 * Begins a new lineage: the live rows in their order, then the new ones, read and written block by block. Blocks that
 * have no dead rows are copied inside the store.
 *
 * @returns the length of the new rows file in bytes
 */
export async function rewriteFiles(
  store: ObjectStore,
  { old, added, names, dimensions }: Source & { old: NonNullable<Source['old']> },
  dead: Bitset,
): Promise<number> {
  async function* faissParts(): AsyncIterable<ComposePart> {
    yield encodeFaissHeader(old.rows - dead.count() + added.length, dimensions);
    yield* liveBlocks(store, old.files.faiss, old.rows, dead, {
      offset: (row) => rowOffset(row, dimensions),
      rowBytes: dimensions * 4,
    });
    yield* vectorBlocks(added, dimensions);
  }
  async function* rowsParts(): AsyncIterable<ComposePart> {
    let row = 0;
    for await (const block of readRows(store, old.files.rows, { start: 0, end: old.files.rowsBytes }))
      yield Buffer.from(
        block
          .filter(() => !dead.has(row++))
          .map(encodeRow)
          .join(''),
      );
    yield encodeLines(added);
  }
  const [, { size }] = await Promise.all([
    store.compose(names.faiss, faissParts(), { contentType: CONTENT_TYPE }),
    store.compose(names.rows, rowsParts(), { contentType: JSON_LINES }),
  ]);
  return size;
}

export async function writeDead(store: ObjectStore, name: string, dead: Bitset): Promise<void> {
  await store.put(name, encodeDead(dead), { contentType: CONTENT_TYPE });
}

/** The vectors of new rows, gathered from their appends block by block. */
function* vectorBlocks(added: readonly NewRow[], dimensions: number): Iterable<Uint8Array> {
  for (let start = 0; start < added.length; start += LOG_LIMITS.rowsPerBlock) {
    const rows = added.slice(start, start + LOG_LIMITS.rowsPerBlock);
    const block = new Float32Array(rows.length * dimensions);
    for (const [i, { vector }] of rows.entries()) block.set(vector, i * dimensions);
    yield new Uint8Array(block.buffer);
  }
}

const encodeLines = (added: readonly NewRow[]): Uint8Array =>
  Buffer.from(added.map(({ entry }) => encodeRow(entry)).join(''));

/** How rows lie in a file. */
export interface RowPlaces {
  /** Where a row begins. */
  readonly offset: (row: number) => number;
  readonly rowBytes: number;
}

/** The live rows of a file, as copies of blocks that are wholly alive and bytes of those that are not. */
export async function* liveBlocks(
  store: ObjectStore,
  file: string,
  rows: number,
  dead: Bitset | undefined,
  { offset, rowBytes }: RowPlaces,
): AsyncIterable<ComposePart> {
  let copied = 0;
  for (let start = 0; dead && start < rows; start += LOG_LIMITS.rowsPerBlock) {
    const end = Math.min(start + LOG_LIMITS.rowsPerBlock, rows);
    const live: number[] = [];
    for (let row = start; row < end; row++) if (!dead.has(row)) live.push(row);
    if (live.length === end - start) continue;
    if (copied < start) yield copy(file, offset(copied), offset(start));
    copied = end;
    if (live.length === 0) continue;
    const block = await store.read(file, { start: offset(start), end: offset(end) });
    for (const [i, row] of live.entries()) {
      const from = (row - start) * rowBytes;
      block.copyWithin(i * rowBytes, from, from + rowBytes);
    }
    yield block.subarray(0, live.length * rowBytes);
  }
  if (copied < rows) yield copy(file, offset(copied), offset(rows));
}

const copy = (copyFrom: string, start: number, end: number): ComposePart => ({
  copyFrom,
  range: { start, end },
});
