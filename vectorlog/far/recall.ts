/** Measures the recall of the far index: which share of the truly nearest rows it finds. */

import type { Clock } from '../clock.ts';
import { decodeDead, rowOffset } from '../commit/file-formats.ts';
import { listManifests } from '../commit/manifest.ts';
import { latestManifest } from '../commit/newest-manifest.ts';
import type { Bitset } from '../scan/bitset.ts';
import type { ObjectStore } from '../store/object-store.ts';
import type { FarIndex } from './far-index.ts';
import { byRows } from './filterable.ts';
import { FAR_LIMITS, RECALL_LIMITS } from './limits.ts';
import {
  isContinued,
  type Projection,
  type Recall,
  readProjection,
  rowOfName,
  writeProjection,
} from './projection-state.ts';

export interface RecallDeps {
  /** The index store, in the model's namespace. */
  readonly index: ObjectStore;
  readonly far: FarIndex;
  /** Numbers in a vector. */
  readonly dimensions: number;
  readonly clock: Clock;
  /** From 0 to 1, to draw rows by. @default Math.random */
  readonly random?: () => number;
}

/** A row that is asked for its neighbours. */
interface Question {
  readonly row: number;
  readonly vector: Float32Array;
  /** Scores of its nearest rows, the worst first. */
  readonly best: number[];
  /** The rows that the far index gave, and what they score. */
  readonly given: Map<number, number>;
}

/** Two scores that are so near are taken for equal: copies of a picture are as good as it. */
const EQUAL = 1e-6;

/**
 * Measures the recall and writes it where searches read it, when the last measurement is old or of another index.
 *
 * It draws rows out of a stretch of the projected ones, finds their nearest rows among the stretch exactly, and asks the
 * far index for the same: with as many candidates as a search has, and, where the stretch is not all of the index, with
 * a filter for it.
 *
 * @returns the measurement, or `undefined` when none was due
 * @throws FarUnavailable, FarUnsuitable, IndexDamaged, StoreUnavailable
 */
export async function measureRecall(deps: RecallDeps): Promise<Recall | undefined> {
  const { index, clock } = deps;
  const listed = await listManifests(index);
  const committed = await latestManifest(index);
  const projection = (await readProjection(index))?.projection;
  if (!committed || !projection || !isDue(projection, clock.now())) return undefined;
  if (!(await isContinued(index, projection, committed, listed, deps.far.name))) return undefined;
  const { files, rows } = committed.manifest;
  const { body } = await index.get(files.dead);
  const recall = await measure(deps, projection, files.faiss, decodeDead(files.dead, body, rows));
  if (recall) await writeProjection(index, { ...projection, recall });
  return recall;
}

function isDue({ recall, end }: Projection, now: number): boolean {
  if (end.rows <= RECALL_LIMITS.k) return false;
  if (!recall) return true;
  const hasGrown = end.rows > recall.projected * (1 + RECALL_LIMITS.maxGrowth);
  return hasGrown || now - Date.parse(recall.at) > RECALL_LIMITS.maxAgeMs;
}

async function measure(
  deps: RecallDeps,
  projection: Projection,
  faiss: string,
  dead: Bitset,
): Promise<Recall | undefined> {
  const { clock, random = Math.random } = deps;
  const projected = projection.end.rows;
  const length = Math.min(projected, RECALL_LIMITS.rows);
  const start = Math.floor(random() * (projected - length + 1));
  const living: number[] = [];
  for (let row = start; row < start + length; row++) if (!dead.has(row)) living.push(row);
  if (living.length <= RECALL_LIMITS.k) return undefined;

  const questions = await drawn(deps, faiss, living);
  const filter = length < projected ? { filter: byRows(start, start + length) } : {};
  for (const { row, vector, given } of questions) {
    const candidates = await deps.far.query(vector, { count: FAR_LIMITS.minCandidates, ...filter });
    for (const { name } of candidates) {
      const found = rowOfName(projection, name);
      if (found !== undefined && found !== row && !dead.has(found))
        given.set(found, Number.NEGATIVE_INFINITY);
    }
  }
  for await (const { row, vector } of readRowsOf(deps, faiss, living))
    for (const question of questions) compare(question, row, vector);

  const shares = questions.map(({ best, given }) => {
    const threshold = best[0]! - EQUAL;
    const hits = [...given.values()].filter((score) => score >= threshold).length;
    return Math.min(1, hits / best.length);
  });
  const value = shares.reduce((sum, share) => sum + share, 0) / shares.length;
  return {
    k: RECALL_LIMITS.k,
    value,
    ...interval(value, shares.length),
    queries: shares.length,
    rows: living.length,
    projected,
    at: new Date(clock.now()).toISOString(),
  };
}

/** Draws rows to ask for. */
async function drawn(deps: RecallDeps, faiss: string, living: readonly number[]): Promise<Question[]> {
  const { random = Math.random } = deps;
  const rows = new Set<number>();
  const wanted = Math.min(RECALL_LIMITS.queries, living.length);
  while (rows.size < wanted) rows.add(living[Math.floor(random() * living.length)]!);
  const questions: Question[] = [];
  for await (const { row, vector } of readRowsOf(
    deps,
    faiss,
    [...rows].sort((a, b) => a - b),
  ))
    questions.push({ row, vector: vector.slice(), best: [], given: new Map() });
  return questions;
}

/** Vectors of ascending rows, a block of memory at a time; each is good until the next. */
async function* readRowsOf(
  { index, dimensions }: RecallDeps,
  faiss: string,
  rows: readonly number[],
): AsyncIterable<{ row: number; vector: Float32Array }> {
  for (let at = 0; at < rows.length; ) {
    const first = rows[at]!;
    let next = at;
    while (
      next < rows.length &&
      rows[next]! - first < FAR_LIMITS.maxRowsPerRead &&
      rows[next]! - first <= 2 * (next - at)
    )
      next++;
    const count = rows[next - 1]! - first + 1;
    const block = new Float32Array(count * dimensions);
    const range = { start: rowOffset(first, dimensions), end: rowOffset(first + count, dimensions) };
    await index.read(faiss, range, new Uint8Array(block.buffer));
    for (; at < next; at++) {
      const from = (rows[at]! - first) * dimensions;
      yield { row: rows[at]!, vector: block.subarray(from, from + dimensions) };
    }
  }
}

function compare({ row, vector, best, given }: Question, other: number, of: Float32Array): void {
  if (row === other) return;
  let score = 0;
  for (let i = 0; i < vector.length; i++) score += vector[i]! * of[i]!;
  if (given.has(other)) given.set(other, score);
  if (best.length === RECALL_LIMITS.k && score <= best[0]!) return;
  if (best.length === RECALL_LIMITS.k) best.shift();
  const at = best.findIndex((each) => each > score);
  best.splice(at < 0 ? best.length : at, 0, score);
}

/** Of a normal distribution, where 95 % lie within. */
const Z = 1.96;

/**
 * Wilson's interval of a share, as if each question were one trial: its ten neighbours are found or missed together more
 * often than not, so that counting them apart would promise too much.
 */
function interval(value: number, trials: number): { low: number; high: number } {
  const middle = (value + Z ** 2 / (2 * trials)) / (1 + Z ** 2 / trials);
  const half =
    (Z / (1 + Z ** 2 / trials)) * Math.sqrt((value * (1 - value)) / trials + Z ** 2 / (4 * trials ** 2));
  return { low: Math.max(0, middle - half), high: Math.min(1, middle + half) };
}
