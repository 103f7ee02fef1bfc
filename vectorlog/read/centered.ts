/** Searches in which what all vectors of an index have in common does not count: they are centred on their mean. */

import type { Entry } from '../log/record.ts';
import { Bitset } from '../scan/bitset.ts';
import { RowMatrix } from '../scan/row-matrix.ts';
import { CenteredTooLarge } from './errors.ts';
import { type Filter, NO_FILTER } from './filter.ts';
import { neededBytes, ReferenceCount } from './memory.ts';
import type { Found, RowSource, View } from './view.ts';

/** Vectors between two looks at other work: a few milliseconds. */
const SLICE = 512;

/** Vectors nearer to the mean than this have no direction of their own. */
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
 * Keeps a centred copy of an index's vectors, made when it is first asked for (see `Centering`).
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

  /**
   * @param dimensions numbers in a vector
   * @param budgetBytes that the index and its centred copy may take together
   */
  constructor(
    private readonly dimensions: number,
    private readonly budgetBytes: number,
  ) {}

  /** @throws CenteredTooLarge before anything is copied, StoreUnavailable */
  async read<T>(view: View, work: (space: CenteredView) => Promise<T>): Promise<T> {
    const preparing = this.#preparing.then(() => this.#prepare(view));
    this.#preparing = preparing.catch(() => {});
    const rows = await preparing;
    try {
      return await work({
        of: (vector) => rows.centering.center(vector),
        search: async (query, { filter, ...options }) => rows.search(view.everything(filter), query, options),
      });
    } finally {
      rows.references.release();
    }
  }

  async #prepare(view: View): Promise<CenteredRows> {
    const committed = view.committed();
    const everything = view.everything(NO_FILTER);
    const hasCommitted = committed.rows.length > 0;
    const basis = hasCommitted ? view.generation : view;
    if (this.#current?.basis !== basis) {
      const before = this.#current;
      this.#current = undefined;
      before?.references.release();
      // Its memory is for the next one; two side by side were not counted.
      await before?.references.closed;
      const { manifest } = view.generation;
      const rows = new Set([...committed.rows, ...everything.rows]).size;
      // Twice: the vectors themselves are kept in memory too, where there is room.
      const needed = neededBytes(manifest, this.dimensions) + 2 * RowMatrix.bytesFor(rows, this.dimensions);
      if (needed > this.budgetBytes) throw new CenteredTooLarge(rows, needed, this.budgetBytes);
      this.#current = await CenteredRows.of(
        basis,
        hasCommitted ? committed : everything,
        manifest.rows,
        this.dimensions,
      );
    }
    const current = this.#current;
    await current.addTail(everything);
    // For the caller, who lets go of it.
    current.references.retain();
    return current;
  }
}

type Vectors = Pick<RowSource, 'rows' | 'read'>;

/** Centred vectors around one mean. */
class CenteredRows {
  readonly #matrix: RowMatrix;
  readonly references = new ReferenceCount(() => this.#matrix.close());
  /** Where the centred vector of a row of the files stands; -1 for none. */
  readonly #ofRow: Int32Array;
  /** The same for entries of the tail, whose rows are numbered anew now and then. */
  readonly #ofTail = new Map<string, number>();

  private constructor(
    /** What the mean is of. */
    readonly basis: object,
    readonly centering: Centering,
    committedRows: number,
  ) {
    this.#matrix = new RowMatrix(centering.dimensions);
    this.#ofRow = new Int32Array(committedRows).fill(-1);
  }

  static async of(
    basis: object,
    vectors: Vectors,
    committedRows: number,
    dimensions: number,
  ): Promise<CenteredRows> {
    const made = new CenteredRows(basis, await centeringOf(vectors, dimensions), committedRows);
    await made.#add(
      vectors,
      vectors.rows.filter((row) => row < committedRows),
    );
    return made;
  }

  /** Takes in what the log says since the last compaction. */
  async addTail(everything: RowSource): Promise<void> {
    const added = everything.rows.filter((row) => this.#position(everything, row) === undefined);
    const first = this.#matrix.length;
    await this.#add(everything, added);
    for (const [i, row] of added.entries()) {
      if (row >= this.#ofRow.length) this.#ofTail.set(nameOf(everything.entry(row)), first + i);
    }
  }

  async search(
    among: RowSource,
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
    if (among.rows.length === 0) return { found: [], searched: 0 };
    const [hits] = await this.#matrix.search([query], {
      k,
      allowed,
      rows: { start: 0, end: allowed.length },
      ...(minScore !== undefined && { minScore }),
    });
    const found = hits!.map(({ row, score }) => ({ entry: among.entry(rowAt[row]!), score }));
    return { found, searched: among.rows.length };
  }

  async #add(vectors: Vectors, rows: readonly number[]): Promise<void> {
    for (let at = 0; at < rows.length; at += SLICE) {
      const slice = rows.slice(at, at + SLICE);
      const centred = (await vectors.read(slice)).map((vector) => this.centering.center(vector));
      const together = new Float32Array(this.centering.dimensions * slice.length);
      for (const [i, vector] of centred.entries()) together.set(vector, i * vector.length);
      const first = this.#matrix.length;
      this.#matrix.append(together);
      for (const [i, row] of slice.entries()) if (row < this.#ofRow.length) this.#ofRow[row] = first + i;
      await others();
    }
  }

  #position(everything: RowSource, row: number): number | undefined {
    if (row >= this.#ofRow.length) return this.#ofTail.get(nameOf(everything.entry(row)));
    return this.#ofRow[row]! < 0 ? undefined : this.#ofRow[row]!;
  }
}

/** One state of one key. */
const nameOf = ({ key, version, eTag }: Entry): string => JSON.stringify([key, version, eTag]);

async function centeringOf({ rows, read }: Vectors, dimensions: number): Promise<Centering> {
  const centering = new Centering(dimensions);
  for (let at = 0; at < rows.length; at += SLICE) {
    for (const vector of await read(rows.slice(at, at + SLICE))) centering.add(vector);
    await others();
  }
  return centering;
}

/** Lets other requests have their turn. */
const others = () => new Promise<void>((resolve) => setImmediate(resolve));

/** Centres vectors: the root of each number (signs stay), at unit length, less the mean of all, at unit length again. */
export class Centering {
  readonly #sum: Float64Array;
  #vectors = 0;

  /** @param dimensions numbers in a vector */
  constructor(readonly dimensions: number) {
    this.#sum = new Float64Array(dimensions);
  }

  /** Takes a vector into the mean. */
  add(vector: Float32Array): void {
    const root = rootOf(vector);
    for (let i = 0; i < root.length; i++) this.#sum[i]! += root[i]!;
    this.#vectors++;
  }

  /** A unit vector; zeros for a vector that is the mean. */
  center(vector: Float32Array): Float32Array {
    const rest = rootOf(vector);
    const vectors = this.#vectors || 1;
    for (let i = 0; i < rest.length; i++) rest[i]! -= this.#sum[i]! / vectors;
    const length = lengthOf(rest);
    return Float32Array.from(rest, length > NO_LENGTH ? (x) => x / length : () => 0);
  }
}

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
