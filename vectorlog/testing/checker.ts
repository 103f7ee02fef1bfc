/** Holds the promises against the bytes in the store after every change of them. */

import { decodeDead, decodeFaissHeader, decodeRows, rowOffset } from '../commit/file-formats.ts';
import type { Manifest } from '../commit/manifest.ts';
import { decodeSegment } from '../commit/tombstones.ts';
import { decodeAppend } from '../log/append-file.ts';
import { ABSENT, type Append, fold, type KeyState } from '../log/record.ts';
import { generationOf, LOG_PREFIX, manifestName } from '../names.ts';
import type { Truth } from './truth.ts';

/** A promise was broken: the simulation has found a fault. */
export class Violation extends Error {}

export interface CheckerOptions {
  /** The bytes of every object in the index, by name. */
  readonly objects: ReadonlyMap<string, Uint8Array>;
  readonly truth: Truth;
  readonly dimensions: number;
  /** Whether a vector is the one that was written with an eTag. */
  readonly isVectorOf: (eTag: string, vector: Float32Array) => boolean;
  /** Whether files may be longer than their manifest says, as on one machine. @default false */
  readonly growsInPlace?: boolean;
}

/** Reads an index from its bytes alone. */
export class Checker {
  readonly #objects: ReadonlyMap<string, Uint8Array>;
  readonly #truth: Truth;
  readonly #dimensions: number;
  readonly #isVectorOf: CheckerOptions['isVectorOf'];
  readonly #grows: boolean;
  readonly #appends = new Map<string, Append>();
  #files: { readonly of: string; readonly live: ReadonlyMap<string, KeyState> } | undefined;
  #highest = 0;

  constructor({ objects, truth, dimensions, isVectorOf, growsInPlace = false }: CheckerOptions) {
    this.#grows = growsInPlace;
    this.#objects = objects;
    this.#truth = truth;
    this.#dimensions = dimensions;
    this.#isVectorOf = isVectorOf;
  }

  /** The store was restored from a copy: generations are counted again from what it has now. */
  restored(): void {
    this.#highest = 0;
    this.#files = undefined;
    this.#appends.clear();
  }

  /** Checks all keys. @throws Violation */
  check(): void {
    const states = this.states();
    for (const key of this.#truth.keys) {
      const state = states.get(key);
      const seen = state?.state === 'live' ? state.eTag : undefined;
      if (!this.#truth.allows(key, seen))
        throw new Violation(
          `the store says ${key} is ${seen?.slice(0, 4) ?? '-'}: ${this.#truth.describe(key)}`,
        );
    }
  }

  /** What the store says of every key that it knows, log included. @throws Violation when the store contradicts itself */
  states(): Map<string, KeyState> {
    const manifest = this.manifest();
    const states = new Map<string, KeyState>(manifest ? this.#liveRows(manifest) : []);
    for (const { key, version } of manifest?.markers ?? []) {
      if (states.has(key)) throw new Violation(`${key} is live and has a marker`);
      states.set(key, { state: 'deleted', version });
    }
    // Segments never change, so a key of theirs may have been put again since.
    for (const { name } of [...(manifest?.tombstones ?? [])].reverse()) {
      const bytes = this.#objects.get(name);
      if (!bytes) throw new Violation(`generation ${manifest!.generation} needs ${name}, which is gone`);
      for (const [key, version] of decodeSegment(name, bytes))
        if (!states.has(key)) states.set(key, { state: 'deleted', version });
    }
    const folded = new Set(manifest?.folded.map(({ name }) => name));
    const unfolded = [...this.#objects.keys()].filter(
      (name) => name.startsWith(LOG_PREFIX) && !folded.has(name),
    );
    for (const name of unfolded.sort())
      for (const record of this.#append(name).records) {
        const next = fold(states.get(record.key) ?? ABSENT, record);
        if (next) states.set(record.key, next);
      }
    return states;
  }

  /** The manifest that is the index: the highest, or the one before it when that is damaged. */
  manifest(): Manifest | undefined {
    const generations = [...this.#objects.keys()].map((name) => generationOf(name) ?? 0);
    const highest = Math.max(0, ...generations);
    if (highest < this.#highest)
      throw new Violation(`generation ${this.#highest} is gone, ${highest} is the highest`);
    this.#highest = highest;
    return this.#manifestOf(highest) ?? this.#manifestOf(highest - 1);
  }

  /** `undefined` where there is none, or `null` in its place. */
  #manifestOf(generation: number): Manifest | undefined {
    const bytes = this.#objects.get(manifestName(generation));
    return (bytes && JSON.parse(new TextDecoder().decode(bytes))) ?? undefined;
  }

  /** Reads the files of a manifest, every row of them. */
  #liveRows({ files, rows, live, generation }: Manifest): ReadonlyMap<string, KeyState> {
    const dimensions = this.#dimensions;
    const of = `${files.faiss} ${files.rows} ${files.dead}`;
    const [faiss, lines, dead] = [files.faiss, files.rows, files.dead].map((name) => {
      const bytes = this.#objects.get(name);
      if (!bytes) throw new Violation(`generation ${generation} needs ${name}, which is gone`);
      return bytes;
    }) as [Uint8Array, Uint8Array, Uint8Array];
    if (this.#files?.of === of) return this.#files.live;

    const declared = decodeFaissHeader(files.faiss, faiss, dimensions);
    const more = faiss.length - rowOffset(rows, dimensions);
    // A file that grows in place is longer first, and then says so; it never says more than it has.
    const isLarger = this.#grows && declared >= rows && rowOffset(declared, dimensions) <= faiss.length;
    if (more < 0 || ((declared !== rows || more > 0) && !isLarger))
      throw new Violation(`${files.faiss} is no index of ${rows} rows`);
    const pictures = decodeRows(files.rows, lines.subarray(0, files.rowsBytes));
    if (
      pictures.length !== rows ||
      lines.length < files.rowsBytes ||
      (lines.length > files.rowsBytes && !this.#grows)
    )
      throw new Violation(`${files.rows} has ${pictures.length} rows and not ${rows}`);
    const deadRows = decodeDead(files.dead, dead, rows);
    const states = new Map<string, KeyState>();
    for (const [row, { key, version, eTag }] of pictures.entries()) {
      if (deadRows.has(row)) continue;
      if (states.has(key)) throw new Violation(`${key} is live in two rows`);
      const vector = new Float32Array(
        faiss.slice(rowOffset(row, dimensions), rowOffset(row + 1, dimensions)).buffer,
      );
      if (vector.length !== dimensions || !this.#isVectorOf(eTag, vector))
        throw new Violation(`row ${row} of generation ${generation} has the vector of another than ${key}`);
      states.set(key, { state: 'live', version, eTag });
    }
    if (states.size !== live)
      throw new Violation(`generation ${generation} has ${states.size} live rows, not ${live}`);
    this.#files = { of, live: states };
    return states;
  }

  #append(name: string): Append {
    const dimensions = this.#dimensions;
    const known = this.#appends.get(name);
    if (known) return known;
    const append = decodeAppend(this.#objects.get(name)!, dimensions);
    for (const record of append.records) {
      if (record.op !== 'put') continue;
      const vector = append.vectors.subarray(record.row * dimensions, (record.row + 1) * dimensions);
      if (!this.#isVectorOf(record.eTag, vector))
        throw new Violation(`${name} has the vector of another than ${record.key}`);
    }
    this.#appends.set(name, append);
    return append;
  }
}
