/** Holds the promises against the bytes in the store after every change of them. */

import { DIMENSIONS } from '../../pictures/dimensions.ts';
import { decodeDead, decodeFaissHeader, decodeRows, rowOffset } from '../../vectorlog/commit/file-formats.ts';
import type { Manifest } from '../../vectorlog/commit/manifest.ts';
import { decodeSegment } from '../../vectorlog/commit/tombstones.ts';
import { decodeAppend } from '../../vectorlog/log/append-file.ts';
import { ABSENT, type Append, fold, type KeyState } from '../../vectorlog/log/record.ts';
import { generationOf, LOG_PREFIX } from '../../vectorlog/names.ts';
import { isEmbeddingOf } from './pictures.ts';
import type { Truth } from './truth.ts';
import { Violation } from './violation.ts';

export class Checker {
  readonly #objects: ReadonlyMap<string, Uint8Array>;
  readonly #truth: Truth;
  /** Which content an eTag is of. */
  readonly #contents: ReadonlyMap<string, number>;
  readonly #appends = new Map<string, Append>();
  #files: { readonly of: string; readonly live: ReadonlyMap<string, KeyState> } | undefined;
  #highest = 0;

  constructor(objects: ReadonlyMap<string, Uint8Array>, truth: Truth, contents: ReadonlyMap<string, number>) {
    this.#objects = objects;
    this.#truth = truth;
    this.#contents = contents;
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

  /** The highest manifest. */
  manifest(): Manifest | undefined {
    const generations = [...this.#objects.keys()].map((name) => generationOf(name) ?? 0);
    const highest = Math.max(0, ...generations);
    if (highest < this.#highest)
      throw new Violation(`generation ${this.#highest} is gone, ${highest} is the highest`);
    this.#highest = highest;
    const name = [...this.#objects.keys()].find((key) => generationOf(key) === highest && highest > 0);
    return name === undefined ? undefined : JSON.parse(new TextDecoder().decode(this.#objects.get(name)));
  }

  /** Reads the files of a manifest, every row of them. */
  #liveRows({ files, rows, live, generation }: Manifest): ReadonlyMap<string, KeyState> {
    const of = `${files.faiss} ${files.rows} ${files.dead}`;
    const [faiss, lines, dead] = [files.faiss, files.rows, files.dead].map((name) => {
      const bytes = this.#objects.get(name);
      if (!bytes) throw new Violation(`generation ${generation} needs ${name}, which is gone`);
      return bytes;
    }) as [Uint8Array, Uint8Array, Uint8Array];
    if (this.#files?.of === of) return this.#files.live;

    if (
      faiss.length !== rowOffset(rows, DIMENSIONS) ||
      decodeFaissHeader(files.faiss, faiss, DIMENSIONS) !== rows
    )
      throw new Violation(`${files.faiss} is no index of ${rows} rows`);
    const pictures = decodeRows(files.rows, lines);
    if (pictures.length !== rows || lines.length !== files.rowsBytes)
      throw new Violation(`${files.rows} has ${pictures.length} rows and not ${rows}`);
    const deadRows = decodeDead(files.dead, dead, rows);
    const states = new Map<string, KeyState>();
    for (const [row, { key, version, eTag }] of pictures.entries()) {
      if (deadRows.has(row)) continue;
      if (states.has(key)) throw new Violation(`${key} is live in two rows`);
      const vector = new Float32Array(
        faiss.slice(rowOffset(row, DIMENSIONS), rowOffset(row + 1, DIMENSIONS)).buffer,
      );
      if (vector.length !== DIMENSIONS || !isEmbeddingOf(this.#contents.get(eTag)!, vector))
        throw new Violation(
          `row ${row} of generation ${generation} has the embedding of another picture than ${key}`,
        );
      states.set(key, { state: 'live', version, eTag });
    }
    if (states.size !== live)
      throw new Violation(`generation ${generation} has ${states.size} live rows, not ${live}`);
    this.#files = { of, live: states };
    return states;
  }

  #append(name: string): Append {
    const known = this.#appends.get(name);
    if (known) return known;
    const append = decodeAppend(this.#objects.get(name)!, DIMENSIONS);
    for (const record of append.records) {
      if (record.op !== 'put') continue;
      const vector = append.vectors.subarray(record.row * DIMENSIONS, (record.row + 1) * DIMENSIONS);
      if (!isEmbeddingOf(this.#contents.get(record.eTag)!, vector))
        throw new Violation(`${name} has the embedding of another picture than ${record.key}`);
    }
    this.#appends.set(name, append);
    return append;
  }
}
