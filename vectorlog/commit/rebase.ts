/**
 * Saving a rewrite that lost its generation: while it wrote, others committed what came in. Its live rows are as good as
 * before, so the lineage that it began goes on with the rows that the others have added, copied inside the store.
 */

import type { Clock } from '../clock.ts';
import { indexNames } from '../names.ts';
import { Bitset } from '../scan/bitset.ts';
import { ObjectNotFound } from '../store/errors.ts';
import type { ComposePart, ObjectStore } from '../store/object-store.ts';
import {
  codesLayoutOf,
  decodeCodesHeader,
  decodeDead,
  encodeCodesHeader,
  encodeFaissHeader,
  FAISS_HEADER_BYTES,
  rowOffset,
} from './file-formats.ts';
import { historyOf, namesOf } from './garbage.ts';
import {
  type Committed,
  commitManifest,
  listManifests,
  type Manifest,
  type Origin,
  originOf,
  readManifest,
} from './manifest.ts';
import { readVectors } from './write-codes.ts';
import { writeDead } from './write-files.ts';

/** Commits that may come between before a rewrite is given up: each costs a copy inside the store. */
const TRIES = 3;

/** A rewrite whose files are whole, and which was not committed. */
export interface LostRewrite {
  /** What it was built on. */
  readonly base: Committed;
  /** The rows of the base that it left out. */
  readonly leftOut: Bitset;
  readonly files: Pick<Manifest['files'], 'faiss' | 'rows' | 'codes' | 'centre' | 'directions'>;
  /** Bytes of the lines of the base's rows in its rows file; what the run itself added comes after. */
  readonly keptBytes: number;
}

interface Deps extends Origin {
  readonly index: ObjectStore;
  readonly clock: Clock;
  readonly dimensions: number;
}

/**
 * Commits the rewritten rows and what came since as a new lineage.
 *
 * @returns the manifest; `undefined` when it cannot be saved: the others began a lineage themselves, or do not agree that
 *   all rows that were left out are dead, or were faster once more
 */
export async function rebase(deps: Deps, lost: LostRewrite): Promise<Manifest | undefined> {
  for (let attempt = 0; attempt < TRIES; attempt++) {
    try {
      const listed = await listManifests(deps.index);
      const highest = listed.at(-1);
      const isBaseThere = listed.some(
        ({ generation, eTag }) => generation === lost.base.generation && eTag === lost.base.eTag,
      );
      if (!highest || !isBaseThere) return undefined;
      const manifest = await readManifest(deps.index, highest.generation);
      if (manifest.lineage !== lost.base.manifest.lineage) return undefined;
      const dead = await deadAfter(deps.index, manifest, lost);
      if (!dead) return undefined;
      const rebased = await write(deps, { ...highest, manifest }, lost, dead);
      if (await commitManifest(deps.index, rebased)) return rebased;
    } catch (error) {
      // A file that was replaced has been cleaned away meanwhile.
      if (!(error instanceof ObjectNotFound)) throw error;
    }
  }
  return undefined;
}

/** The dead rows of the rebased files; `undefined` when a row that was left out is alive. */
async function deadAfter(
  store: ObjectStore,
  { files, rows }: Manifest,
  { base, leftOut }: LostRewrite,
): Promise<Bitset | undefined> {
  const dead = decodeDead(files.dead, (await store.get(files.dead)).body, rows);
  const rebased = new Bitset(rows - leftOut.count());
  let at = 0;
  for (let row = 0; row < rows; row++) {
    if (row < base.manifest.rows && leftOut.has(row)) {
      if (!dead.has(row)) return undefined;
      continue;
    }
    if (dead.has(row)) rebased.add(at);
    at++;
  }
  return rebased;
}

async function write(
  { index, clock, dimensions, ...origin }: Deps,
  onto: Committed,
  { base, files, keptBytes }: LostRewrite,
  dead: Bitset,
): Promise<Manifest> {
  const { manifest } = onto;
  const generation = onto.generation + 1;
  const ulid = clock.ulid();
  const names = indexNames(generation, ulid);
  const rows = dead.length;
  const kept = rows - (manifest.rows - base.manifest.rows);
  const vectors = range(files.faiss, FAISS_HEADER_BYTES, rowOffset(kept, dimensions));
  const since = range(
    manifest.files.faiss,
    rowOffset(base.manifest.rows, dimensions),
    rowOffset(manifest.rows, dimensions),
  );
  const lines = range(files.rows, 0, keptBytes);
  const linesSince = range(manifest.files.rows, base.manifest.files.rowsBytes, manifest.files.rowsBytes);
  const codes = await codeParts(index, { files, base, manifest, rows, kept, dimensions });
  const [, { size: rowsBytes }] = await Promise.all([
    index.compose(names.faiss, [encodeFaissHeader(rows, dimensions), ...vectors, ...since]),
    index.compose(names.rows, [...lines, ...linesSince]),
    writeDead(index, names.dead, dead),
    codes && index.compose(names.codes, codes),
  ]);
  const history = historyOf(onto);
  return {
    ...manifest,
    ...originOf(origin, manifest),
    generation,
    createdAt: new Date(clock.now()).toISOString(),
    lineage: ulid,
    rows,
    live: rows - dead.count(),
    files: {
      faiss: names.faiss,
      rows: names.rows,
      dead: names.dead,
      rowsBytes,
      ...(codes && { codes: names.codes, centre: files.centre, directions: files.directions }),
    },
    ...history,
    replaced: [...history.replaced, { names: namesOf(manifest.files), at: null }],
  };
}

/**
 * The codes of the same rows. Those of the rows that came since are made from their vectors: the others' codes may be made
 * against another frame.
 */
async function codeParts(
  index: ObjectStore,
  of: Pick<LostRewrite, 'files' | 'base'> & {
    readonly manifest: Manifest;
    readonly rows: number;
    readonly kept: number;
    readonly dimensions: number;
  },
): Promise<AsyncIterable<ComposePart> | undefined> {
  const { files, base, manifest, rows, kept, dimensions } = of;
  const { codes } = files;
  if (!codes) return undefined;
  const layout = codesLayoutOf(files, dimensions);
  const bytes = await index.read(codes, { start: 0, end: layout.headerBytes });
  const header = decodeCodesHeader(codes, bytes, layout);
  const since = { start: base.manifest.rows, end: manifest.rows };
  async function* parts(): AsyncIterable<ComposePart> {
    yield encodeCodesHeader({ ...header, rows });
    yield* range(codes!, layout.offset(0), layout.offset(kept));
    for await (const { vectors } of readVectors(index, manifest.files.faiss, since, dimensions))
      yield header.frame.encode(vectors);
  }
  return parts();
}

/** A part of another object; nothing when it is empty. */
const range = (copyFrom: string, start: number, end: number): ComposePart[] =>
  end > start ? [{ copyFrom, range: { start, end } }] : [];
