/** Checks of the files of a generation: lengths, header, every row and every line. */

import { type FileHandle, mkdtemp, open, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { IndexDamaged } from '../commit/errors.ts';
import {
  type CodesHeader,
  CodesLayout,
  codesLayoutOf,
  deadBytes,
  decodeCodesHeader,
  decodeDead,
  decodeFaissHeader,
  encodeFaissHeader,
  FAISS_HEADER_BYTES,
  rowOffset,
} from '../commit/file-formats.ts';
import { liveRows } from '../commit/key-states.ts';
import { LOG_LIMITS } from '../commit/limits.ts';
import type { Manifest } from '../commit/manifest.ts';
import { Tombstones } from '../commit/tombstones.ts';
import { Bitset } from '../scan/bitset.ts';
import { ObjectNotFound } from '../store/errors.ts';
import type { ObjectStore } from '../store/object-store.ts';
import { Findings } from './findings.ts';

/** How far a vector's length may be from 1. */
const UNIT_TOLERANCE = 1e-3;
/** Above this FAISS is not asked to open the file: it would take it into memory whole. */
const LARGEST_OPENED_BYTES = 1024 * 1024 * 1024;

/** How a check of files goes: in one go, or from a row on and until there is no time left. */
export interface Course {
  /** Rows that were read before. @default 0 */
  readonly from?: number;
  /** Is told how many rows have been read. */
  readonly onRows?: (rows: number) => void;
  /** Asked between blocks of rows. @default never */
  readonly isOver?: () => boolean;
}

/** Checks the files. @returns how many rows have been read: all, unless the time was over before the last one */
export async function verifyFiles(
  store: ObjectStore,
  manifest: Manifest,
  dimensions: number,
  findings: Findings,
  course: Course = {},
): Promise<number> {
  const { files, rows } = manifest;
  const lengths = {
    [files.faiss]: rowOffset(rows, dimensions),
    [files.rows]: files.rowsBytes,
    [files.dead]: deadBytes(rows),
    ...(files.codes && { [files.codes]: codesLayoutOf(files, dimensions).offset(rows) }),
  };
  let complete = true;
  for (const [name, length] of Object.entries(lengths)) {
    const found = await store.head(name);
    if (!found) findings.add('error', 'file-missing', name, `generation ${manifest.generation} needs it`);
    // Where a folder is written by one server, the next generation may have grown the file already.
    else if (found.size < length || (name === files.dead && found.size > length))
      findings.add('error', 'file-damaged', name, `it has ${found.size} bytes and not ${length}`);
    complete &&= found !== undefined && found.size >= length;
  }
  if (!complete) return rows;
  if (!course.from) await verifyTombstones(store, manifest, findings);
  const read = await verifyVectors(store, manifest, dimensions, findings, course);
  if (read === rows) await verifyLines(store, manifest, findings);
  return read;
}

async function verifyTombstones(store: ObjectStore, manifest: Manifest, findings: Findings): Promise<void> {
  try {
    await Tombstones.read(store, manifest);
  } catch (error) {
    if (error instanceof IndexDamaged) findings.add('error', 'file-damaged', error.file, error.message);
    else if (error instanceof ObjectNotFound)
      findings.add('error', 'file-missing', error.key, `generation ${manifest.generation} needs it`);
    else throw error;
  }
}

/** Reads the FAISS file through, keeping a copy of one that is read in one go on disk for FAISS itself to open. */
async function verifyVectors(
  store: ObjectStore,
  { files, rows }: Manifest,
  dimensions: number,
  findings: Findings,
  { from = 0, onRows = () => {}, isOver = () => false }: Course,
): Promise<number> {
  const dead = rows > 0 ? decodeDead(files.dead, (await store.get(files.dead)).body, rows) : new Bitset(0);
  const header = await store.read(files.faiss, { start: 0, end: FAISS_HEADER_BYTES });
  // What is wrong with the headers was said by the run that began.
  const ofHeaders = from === 0 ? findings : new Findings();
  try {
    const declared = decodeFaissHeader(files.faiss, header, dimensions);
    if (declared < rows)
      ofHeaders.add('error', 'file-damaged', files.faiss, `its header says ${declared} rows and not ${rows}`);
    const found = await store.head(files.faiss);
    if (found && found.size < rowOffset(declared, dimensions))
      ofHeaders.add(
        'error',
        'file-damaged',
        files.faiss,
        `its header says ${declared} rows, and it has ${found.size} bytes`,
      );
  } catch (error) {
    if (!(error instanceof IndexDamaged)) throw error;
    ofHeaders.add('error', 'file-damaged', files.faiss, error.message);
  }

  const codes = await codesHeader(store, { files, rows }, dimensions, ofHeaders);
  const folder = await mkdtemp(join(tmpdir(), 'likeness-verify-'));
  let copy: FileHandle | undefined;
  try {
    const path = join(folder, 'index.faiss');
    if (from === 0 && rowOffset(rows, dimensions) <= LARGEST_OPENED_BYTES) copy = await open(path, 'w');
    await copy?.write(encodeFaissHeader(rows, dimensions));
    for (let start = from; start < rows; start += LOG_LIMITS.rowsPerBlock) {
      if (start > from && isOver()) return start;
      const end = Math.min(start + LOG_LIMITS.rowsPerBlock, rows);
      const block = await store.read(files.faiss, {
        start: rowOffset(start, dimensions),
        end: rowOffset(end, dimensions),
      });
      await copy?.write(block);
      const vectors = new Float32Array(block.buffer, block.byteOffset, block.byteLength / 4);
      for (let row = start; row < end; row++)
        if (!dead.has(row) && !isUnit(vectors, row - start, dimensions))
          findings.add('error', 'not-a-unit-vector', files.faiss, `row ${row}`);
      if (codes) await verifyRecords(store, codes, { file: files.codes!, start, vectors }, findings);
      onRows(end);
    }
    if (copy) await openInFaiss(path, files.faiss, { rows, dimensions }, findings);
    return rows;
  } finally {
    await copy?.close();
    await rm(folder, { recursive: true, force: true });
  }
}

/** The header of the codes; `undefined` when the index has none, or they cannot be read. */
async function codesHeader(
  store: ObjectStore,
  { files, rows }: Pick<Manifest, 'files' | 'rows'>,
  dimensions: number,
  findings: Findings,
): Promise<CodesHeader | undefined> {
  const { codes: file } = files;
  if (!file) return undefined;
  try {
    const layout = codesLayoutOf(files, dimensions);
    const bytes = await store.read(file, { start: 0, end: layout.headerBytes });
    const header = decodeCodesHeader(file, bytes, layout);
    if (header.rows >= rows) return header;
    findings.add('error', 'file-damaged', file, `its header says ${header.rows} rows and not ${rows}`);
  } catch (error) {
    if (!(error instanceof IndexDamaged)) throw error;
    findings.add('error', 'file-damaged', file, error.message);
  }
  return undefined;
}

/** Compares records with those of the vectors: they are the same bytes wherever they are made. */
async function verifyRecords(
  store: ObjectStore,
  { frame }: CodesHeader,
  { file, start, vectors }: { readonly file: string; readonly start: number; readonly vectors: Float32Array },
  findings: Findings,
): Promise<void> {
  const { dimensions, directions } = frame;
  const layout = new CodesLayout(dimensions, directions.length);
  const bytes = layout.recordBytes;
  const rows = vectors.length / dimensions;
  const range = { start: layout.offset(start), end: layout.offset(start + rows) };
  const found = Buffer.from(await store.read(file, range));
  const made = frame.encode(vectors);
  if (found.equals(made)) return;
  for (let row = 0; row < rows; row++) {
    // Of a vector that is damaged itself it is told already.
    if (!isUnit(vectors, row, dimensions)) continue;
    if (found.compare(made, row * bytes, (row + 1) * bytes, row * bytes, (row + 1) * bytes) !== 0)
      findings.add('error', 'file-damaged', file, `row ${start + row} is not what its vector makes`);
  }
}

async function openInFaiss(
  path: string,
  file: string,
  { rows, dimensions }: { readonly rows: number; readonly dimensions: number },
  findings: Findings,
): Promise<void> {
  const { default: faiss } = await import('faiss-node').catch(() => ({ default: undefined }));
  if (!faiss) {
    findings.add(
      'warning',
      'not-opened-by-faiss',
      file,
      'faiss-node does not load here: run "npm run setup -- --faiss" in a clone, or install faiss-node',
    );
    return;
  }
  try {
    const index = faiss.IndexFlatIP.read(path);
    if (index.ntotal() !== rows || index.getDimension() !== dimensions)
      findings.add('error', 'not-opened-by-faiss', file, `FAISS sees ${index.ntotal()} rows`);
  } catch (error) {
    findings.add('error', 'not-opened-by-faiss', file, (error as Error).message);
  }
}

/** Whether vector `i` of some has length 1. */
export function isUnit(vectors: Float32Array, i: number, dimensions: number): boolean {
  let square = 0;
  for (let j = i * dimensions; j < (i + 1) * dimensions; j++) square += vectors[j]! * vectors[j]!;
  // Written so that NaN fails.
  return Math.abs(Math.sqrt(square) - 1) <= UNIT_TOLERANCE;
}

async function verifyLines(store: ObjectStore, manifest: Manifest, findings: Findings): Promise<void> {
  const { files, live } = manifest;
  const keys = new Set<string>();
  let count = 0;
  try {
    for await (const block of liveRows(store, manifest))
      for (const { key } of block) {
        if (keys.has(key)) findings.add('error', 'duplicate-key', key, 'it is live in more than one row');
        keys.add(key);
        count++;
      }
    if (count !== live)
      findings.add('error', 'rows-inconsistent', files.rows, `${count} rows are live and not ${live}`);
  } catch (error) {
    if (!(error instanceof IndexDamaged)) throw error;
    findings.add('error', 'file-damaged', error.file, error.message);
  }
}
