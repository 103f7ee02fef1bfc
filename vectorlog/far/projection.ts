/**
 * Projects the rows of the index into the far index: those that are new since last time, and the deletion of those that
 * died. It may be killed between any two steps, repeated, or run twice at once: names and rows never change, so whatever
 * is done again changes nothing. What it leaves behind is hidden by the reader, which asks the index what is alive.
 */

import type { Clock } from '../clock.ts';
import { decodeDead, decodeRows, readLines, rowOffset } from '../commit/file-formats.ts';
import { type Committed, listManifests, type ManifestInfo } from '../commit/manifest.ts';
import { newestManifest } from '../commit/newest-manifest.ts';
import type { Attributes, Entry } from '../log/record.ts';
import type { Logger } from '../logger.ts';
import { InFlight } from '../parallel.ts';
import type { Bitset } from '../scan/bitset.ts';
import type { ObjectStore } from '../store/object-store.ts';
import type { FarIndex, FarRow, FarValue } from './far-index.ts';
import { filterableOf } from './filterable.ts';
import { FAR_LIMITS, SERVICE_LIMITS } from './limits.ts';
import {
  fingerprintOf,
  forgetDeleted,
  isContinued,
  type Place,
  type Projection,
  readDeleted,
  readProjection,
  rowName,
  START,
  writeDeleted,
  writeProjection,
} from './projection-state.ts';
import { COMPONENT_BYTES } from './put-body.ts';

export interface ProjectionDeps {
  /** The index store, in the model's namespace. */
  readonly index: ObjectStore;
  readonly far: FarIndex;
  /** Numbers in a vector. */
  readonly dimensions: number;
  readonly clock: Clock;
  readonly logger: Logger;
  /** What a search can filter by in the service, besides the key. @default nothing */
  readonly filterable?: ((attributes: Attributes) => Readonly<Record<string, FarValue>>) | undefined;
}

export interface ProjectionReport {
  /** Rows that were put and deleted by this run. */
  readonly put: number;
  readonly deleted: number;
  /** Rows that the next run is for. */
  readonly left: number;
}

/**
 * Brings the far index up to the newest commit, or as far as it comes in the time.
 *
 * @param until when to stop, by the clock, in milliseconds; what was begun is ended first, which takes some seconds
 * @throws FarUnavailable (retryable), FarUnsuitable, IndexDamaged, StoreUnavailable; the next run goes on from there
 */
export async function project(
  deps: ProjectionDeps,
  until = Number.POSITIVE_INFINITY,
): Promise<ProjectionReport> {
  const listed = await listManifests(deps.index);
  const { committed, damage } = await newestManifest(deps.index);
  // The next commit after a damaged one begins a lineage of its own: rows of this one would be projected in vain.
  if (!committed || damage) return { put: 0, deleted: 0, left: 0 };
  const run = new Run(deps, committed, until);
  return run.all(listed);
}

/** Consecutive rows that are put together; the dead ones among them are left out. */
interface Batch {
  readonly first: number;
  readonly entries: readonly Entry[];
  readonly lines: readonly string[];
  /** Where the rows end. */
  readonly end: Place;
}

class Run {
  readonly #deps: ProjectionDeps;
  readonly #committed: Committed;
  readonly #until: number;
  /** When the service may be sent more vectors, by its limit. */
  #due: number;
  #put = 0;
  #deleted = 0;

  constructor(deps: ProjectionDeps, committed: Committed, until: number) {
    this.#deps = deps;
    this.#committed = committed;
    this.#until = until;
    this.#due = deps.clock.now();
  }

  async all(listed: readonly ManifestInfo[]): Promise<ProjectionReport> {
    const { index } = this.#deps;
    const { manifest } = this.#committed;
    const { body } = await index.get(manifest.files.dead);
    const dead = decodeDead(manifest.files.dead, body, manifest.rows);
    let projection = await this.#begin(listed);
    projection = await this.#putRows(projection, dead);
    await this.#deleteDead(projection, dead);
    const left = manifest.rows - projection.end.rows;
    // While rows are still to come, those of before are of more use than the room they take.
    if (left < FAR_LIMITS.minRowsPerPut) await this.#deleteRetired(projection);
    return { put: this.#put, deleted: this.#deleted, left };
  }

  /** What there is to go on from: the projection of this history, or a new one. */
  async #begin(listed: readonly ManifestInfo[]): Promise<Projection> {
    const { index, far, clock, logger } = this.#deps;
    const { manifest, committedAt, generation, eTag } = this.#committed;
    const known = await readProjection(index);
    if (known && (await isContinued(index, known.projection, this.#committed, listed, far.name))) {
      const { projection, writtenAt } = known;
      const isSettled = committedAt - writtenAt >= FAR_LIMITS.settleMs;
      return isSettled ? { ...projection, settled: projection.end } : projection;
    }
    if (known) logger.warn('the far index has no rows of this history: all are projected', { far: far.name });
    const before = known?.projection.target === far.name ? known.projection : undefined;
    const projection: Projection = {
      format: 1,
      id: clock.ulid(),
      target: far.name,
      lineage: manifest.lineage,
      generation,
      eTag,
      end: START,
      settled: START,
      fingerprint: await fingerprintOf(index, manifest.files.rows, START),
      unfit: 0,
      retired: before
        ? [...before.retired, { id: before.id, from: 0, rows: before.end.rows + FAR_LIMITS.rowsPerNote * 2 }]
        : [],
    };
    // Before the first row has this name, so that whoever comes next knows of it.
    await writeProjection(index, projection);
    return projection;
  }

  async #putRows(from: Projection, dead: Bitset): Promise<Projection> {
    let projection = from;
    let unfit = from.unfit;
    let end = from.end;
    const inFlight = new InFlight(FAR_LIMITS.putsAtOnce);
    const note = async () => {
      await inFlight.done();
      projection = await this.#note({ ...projection, unfit }, end);
    };
    try {
      for await (const batch of this.#batches(from.end, dead)) {
        if (this.#deps.clock.now() >= this.#until) break;
        const { rows, tooLarge } = await this.#rowsOf(projection, batch, dead);
        await this.#pace(rows.length);
        if (rows.length > 0) await inFlight.begin(() => this.#deps.far.put(rows));
        this.#put += rows.length;
        unfit += tooLarge;
        end = batch.end;
        if (end.rows - projection.end.rows >= FAR_LIMITS.rowsPerNote) await note();
      }
    } finally {
      await inFlight.settled();
    }
    if (end.rows > projection.end.rows) await note();
    return projection;
  }

  /** Writes down how far the projection has come. */
  async #note(projection: Projection, end: Place): Promise<Projection> {
    const { index } = this.#deps;
    const { manifest, generation, eTag } = this.#committed;
    const fingerprint = await fingerprintOf(index, manifest.files.rows, end);
    const noted = { ...projection, generation, eTag, end, fingerprint };
    await writeProjection(index, noted);
    return noted;
  }

  /** The rows from `from` on, as many at a time as one request takes. Too few for a request are left. */
  async *#batches(from: Place, dead: Bitset): AsyncIterable<Batch> {
    const { index, dimensions } = this.#deps;
    const { files, rows } = this.#committed.manifest;
    let end = from;
    if (rows - end.rows < FAR_LIMITS.minRowsPerPut) return;
    for await (const bytes of readLines(index, files.rows, { start: from.bytes, end: files.rowsBytes })) {
      const entries = decodeRows(files.rows, bytes);
      const lines = new TextDecoder().decode(bytes).split('\n');
      for (let at = 0; at < entries.length; ) {
        if (rows - end.rows < FAR_LIMITS.minRowsPerPut) return;
        const count = countOf(lines, at, entries.length, { end, dead, dimensions });
        const some = lines.slice(at, at + count);
        const batchBytes = some.reduce((sum, line) => sum + Buffer.byteLength(line) + 1, 0);
        const first = end.rows;
        end = { rows: first + count, bytes: end.bytes + batchBytes };
        yield { first, entries: entries.slice(at, at + count), lines: some, end };
        at += count;
      }
    }
  }

  async #rowsOf(
    projection: Projection,
    { first, entries, lines }: Batch,
    dead: Bitset,
  ): Promise<{ rows: FarRow[]; tooLarge: number }> {
    const { index, dimensions, filterable, logger } = this.#deps;
    const { faiss } = this.#committed.manifest.files;
    const range = {
      start: rowOffset(first, dimensions),
      end: rowOffset(first + entries.length, dimensions),
    };
    const vectors = new Float32Array(entries.length * dimensions);
    await index.read(faiss, range, new Uint8Array(vectors.buffer));
    const rows: FarRow[] = [];
    let tooLarge = 0;
    for (const [i, { key, attributes }] of entries.entries()) {
      const row = first + i;
      if (dead.has(row)) continue;
      const line = lines[i]!;
      if (Buffer.byteLength(line) > FAR_LIMITS.maxEntryBytes) {
        logger.error('a row has more attributes than the far index takes, and is not found', { key, row });
        tooLarge++;
        continue;
      }
      rows.push({
        name: rowName(projection, row),
        vector: vectors.subarray(i * dimensions, (i + 1) * dimensions),
        filterable: filterableOf(key, row, filterable?.(attributes) ?? {}),
        line,
      });
    }
    return { rows, tooLarge };
  }

  /** Deletes rows that died since. Each is sent to the service once, or again when this run is killed before it has noted that. */
  async #deleteDead(projection: Projection, dead: Bitset): Promise<void> {
    const { index } = this.#deps;
    const { end } = projection;
    if (dead.count(0, end.rows) === 0) return;
    const deleted = await readDeleted(index, projection);
    const rows: number[] = [];
    for (const row of dead.members()) if (row < end.rows && !deleted.has(row)) rows.push(row);
    if (rows.length === 0) return;
    const done = await this.#deleteRows(projection.id, rows);
    for (const row of rows.slice(0, done)) deleted.add(row);
    if (done > 0) await writeDeleted(index, projection, deleted);
  }

  async #deleteRetired(projection: Projection): Promise<void> {
    const { index } = this.#deps;
    // One a run; the others have their turn in the next ones.
    const [first, ...others] = projection.retired;
    if (!first) return;
    const { id, from, rows } = first;
    const done = await this.#deleteRows(id, numbers(from, rows));
    const isWhole = from + done === rows;
    if (isWhole) await forgetDeleted(index, id);
    if (done > 0 || isWhole) {
      const retired = isWhole ? others : [{ id, from: from + done, rows }, ...others];
      await writeProjection(index, { ...projection, retired });
    }
  }

  /** Deletes rows until the time is over. @returns how many of them, from the first one on */
  async #deleteRows(id: string, rows: Iterable<number>): Promise<number> {
    const { far, clock } = this.#deps;
    let names: string[] = [];
    let done = 0;
    const send = async () => {
      await this.#pace(names.length);
      await far.delete(names);
      done += names.length;
      this.#deleted += names.length;
      names = [];
    };
    for (const row of rows) {
      if (clock.now() >= this.#until) return done;
      names.push(rowName({ id }, row));
      if (names.length === SERVICE_LIMITS.maxVectorsPerRequest) await send();
    }
    if (names.length > 0) await send();
    return done;
  }

  /** Waits until the service may be sent so many vectors. */
  async #pace(vectors: number): Promise<void> {
    const { clock } = this.#deps;
    const now = clock.now();
    if (this.#due > now) await clock.sleep(this.#due - now);
    this.#due = Math.max(now, this.#due) + (vectors / SERVICE_LIMITS.vectorsPerSecond) * 1_000;
  }
}

function* numbers(from: number, to: number): Iterable<number> {
  for (let number = from; number < to; number++) yield number;
}

/** What else stands around a vector in JSON, its filterable metadata in escaped form included. */
const FRAME_BYTES = 1_024 + 2 * SERVICE_LIMITS.maxFilterableBytes;

/** How many rows from `at` on go into one request. */
function countOf(
  lines: readonly string[],
  at: number,
  total: number,
  { end, dead, dimensions }: { end: Place; dead: Bitset; dimensions: number },
): number {
  let bytes = 0;
  let living = 0;
  let count = 0;
  while (at + count < total && count < FAR_LIMITS.maxRowsPerRead) {
    if (!dead.has(end.rows + count)) {
      // A line is a text in JSON, where its quotes are escaped.
      bytes += dimensions * COMPONENT_BYTES + 2 * Buffer.byteLength(lines[at + count]!) + FRAME_BYTES;
      if (living > 0 && bytes > SERVICE_LIMITS.maxRequestBytes) break;
      living++;
    }
    count++;
    if (living === SERVICE_LIMITS.maxVectorsPerRequest) break;
  }
  return count;
}
