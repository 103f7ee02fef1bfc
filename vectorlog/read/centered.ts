/** Searches in which what all vectors of an index have in common does not count: they are centred on their mean. */

import type { Entry } from '../log/record.ts';
import { Bitset } from '../scan/bitset.ts';
import { RowMatrix } from '../scan/row-matrix.ts';
import { CenteredTooLarge } from './errors.ts';
import { type Filter, NO_FILTER } from './filter.ts';
import { neededBytes } from './memory.ts';
import { Shared } from './shared.ts';
import type { Everything, Found, View } from './view.ts';

/** Vectors between two looks at other work: a few milliseconds. */
const SLICE = 512;

/** Vectors nearer to the mean than this have no direction of their own, and score 0 with everything. */
const NO_LENGTH = 1e-6;

/** The centred vectors of one view. */
export interface CenteredView {
  /** The centred vector of any vector: a unit vector, or zeros for one that is the mean. */
  of(vector: Float32Array): Float32Array;
  /**
   * The `k` entries that score best: their inner product with `query`, each centred. Exact; equal scores by row.
   *
   * @param query centred, of unit length
   */
  search(
    query: Float32Array,
    options: { readonly k: number; readonly minScore?: number | undefined; readonly filter: Filter },
  ): Promise<{ readonly found: Found[]; readonly searched: number }>;
}

/**
 * Keeps a centred copy of an index's vectors, made when it is first asked for. A vector is centred by taking the root of
 * each of its numbers (signs stay), scaling that to unit length, subtracting the mean of all, and scaling again.
 *
 * The mean is that of the vectors that the last compaction left alive, so that scores are the same in every process and
 * stay the same until the next compaction. Before the first one it is the mean of all that is there, and moves with it.
 *
 * @example
 * await live.read('strong', (view) => centered.read(view, (space) => space.search(space.of(vector), { k: 10, filter })));
 */
export class CenteredIndex {
  #current: CenteredRows | undefined;
  #preparing: Promise<unknown> = Promise.resolve();

  /** @param budgetBytes that the index and its centred copy may take together */
  constructor(private readonly budgetBytes: number) {}

  /** @throws CenteredTooLarge before anything is copied, StoreUnavailable */
  async read<T>(view: View, work: (space: CenteredView) => Promise<T>): Promise<T> {
    const preparing = this.#preparing.then(() => this.#prepare(view));
    this.#preparing = preparing.catch(() => {});
    const rows = await preparing;
    try {
      return await work({
        of: (vector) => rows.center(vector),
        search: async (query, { filter, ...options }) =>
          rows.search(await view.everything(filter), query, options),
      });
    } finally {
      rows.shared.release();
    }
  }

  async #prepare(view: View): Promise<CenteredRows> {
    const committed = await view.committed();
    const everything = await view.everything(NO_FILTER);
    const hasCommitted = committed.rows.length > 0;
    const basis = hasCommitted ? view.generation : view;
    if (this.#current?.basis !== basis) {
      this.#current?.shared.release();
      this.#current = undefined;
      const { manifest } = view.generation;
      const rows = new Set([...committed.rows, ...everything.rows]).size;
      const needed = neededBytes(manifest) + RowMatrix.bytesFor(rows);
      if (needed > this.budgetBytes) throw new CenteredTooLarge(rows, needed, this.budgetBytes);
      this.#current = await CenteredRows.of(basis, hasCommitted ? committed : everything, manifest.rows);
    }
    const current = this.#current;
    // For the caller, who lets go of it.
    current.shared.retain();
    await current.addTail(everything);
    return current;
  }
}

type Vectors = Pick<Everything, 'rows' | 'embedding'>;

/** Centred vectors around one mean. */
class CenteredRows {
  readonly #matrix = new RowMatrix();
  readonly shared = new Shared(() => this.#matrix.close());
  /** Where the centred vector of a row of the files stands; -1 for none. */
  readonly #ofRow: Int32Array;
  /** The same for entries of the tail, whose rows are numbered anew now and then. */
  readonly #ofTail = new Map<string, number>();

  private constructor(
    /** What the mean is of. */
    readonly basis: object,
    private readonly mean: Float64Array,
    committedRows: number,
  ) {
    this.#ofRow = new Int32Array(committedRows).fill(-1);
  }

  static async of(basis: object, vectors: Vectors, committedRows: number): Promise<CenteredRows> {
    const made = new CenteredRows(basis, await meanOf(vectors), committedRows);
    await made.#add(
      vectors,
      vectors.rows.filter((row) => row < committedRows),
    );
    return made;
  }

  /** Takes in what the log says since the last compaction. */
  async addTail(everything: Everything): Promise<void> {
    const added = everything.rows.filter((row) => this.#position(everything, row) === undefined);
    const first = this.#matrix.length;
    await this.#add(everything, added);
    for (const [i, row] of added.entries()) {
      if (row >= this.#ofRow.length) this.#ofTail.set(nameOf(everything.entry(row)), first + i);
    }
  }

  center(vector: Float32Array): Float32Array {
    const root = rootOf(vector);
    if (this.mean.length === root.length) for (let i = 0; i < root.length; i++) root[i]! -= this.mean[i]!;
    const length = lengthOf(root);
    return Float32Array.from(root, length > NO_LENGTH ? (x) => x / length : () => 0);
  }

  async search(
    among: Everything,
    query: Float32Array,
    { k, minScore }: { readonly k: number; readonly minScore?: number | undefined },
  ): Promise<{ found: Found[]; searched: number }> {
    const allowed = new Bitset(this.#matrix.length);
    const rowAt = new Int32Array(this.#matrix.length);
    for (const row of among.rows) {
      const position = this.#position(among, row)!;
      allowed.add(position);
      rowAt[position] = row;
    }
    const { hits } = await this.#matrix.search([query], {
      k,
      allowed,
      ...(minScore !== undefined && { minScore }),
    });
    const found = hits[0]!.map(({ row, score }) => ({ entry: among.entry(rowAt[row]!), score }));
    return { found, searched: among.rows.length };
  }

  async #add(vectors: Vectors, rows: readonly number[]): Promise<void> {
    for (let at = 0; at < rows.length; at += SLICE) {
      const slice = rows.slice(at, at + SLICE);
      const centred = slice.map((row) => this.center(vectors.embedding(row)));
      const together = new Float32Array(this.mean.length * slice.length);
      for (const [i, vector] of centred.entries()) together.set(vector, i * vector.length);
      const first = this.#matrix.length;
      this.#matrix.append(together);
      for (const [i, row] of slice.entries()) if (row < this.#ofRow.length) this.#ofRow[row] = first + i;
      await others();
    }
  }

  #position(everything: Everything, row: number): number | undefined {
    if (row >= this.#ofRow.length) return this.#ofTail.get(nameOf(everything.entry(row)));
    return this.#ofRow[row]! < 0 ? undefined : this.#ofRow[row]!;
  }
}

/** One state of one key. */
const nameOf = ({ key, version, eTag }: Entry): string => JSON.stringify([key, version, eTag]);

/** The root of each number, its sign kept, as a unit vector. */
function rootOf(vector: Float32Array): Float64Array {
  const root = Float64Array.from(vector, (x) => (x < 0 ? -Math.sqrt(-x) : Math.sqrt(x)));
  const length = lengthOf(root) || 1;
  for (let i = 0; i < root.length; i++) root[i]! /= length;
  return root;
}

function lengthOf(vector: Float64Array): number {
  let squares = 0;
  for (const x of vector) squares += x * x;
  return Math.sqrt(squares);
}

async function meanOf({ rows, embedding }: Vectors): Promise<Float64Array> {
  const mean = new Float64Array(rows.length > 0 ? embedding(rows[0]!).length : 0);
  for (const [i, row] of rows.entries()) {
    if (i % SLICE === SLICE - 1) await others();
    const root = rootOf(embedding(row));
    for (let at = 0; at < mean.length; at++) mean[at]! += root[at]!;
  }
  return mean.map((sum) => sum / rows.length);
}

/** Lets other requests have their turn. */
const others = () => new Promise<void>((resolve) => setImmediate(resolve));
