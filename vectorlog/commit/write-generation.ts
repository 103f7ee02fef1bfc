/** The files of the next generation: which of the old ones serve on, and how the others are written. */

import type { Clock } from '../clock.ts';
import { indexNames } from '../names.ts';
import { Bitset } from '../scan/bitset.ts';
import { DIRECTIONS } from '../scan/layout.ts';
import type { ObjectStore } from '../store/object-store.ts';
import { type Base, grown, type KeyTable } from './base.ts';
import { SpaceLacking } from './errors.ts';
import { CodesLayout, encodeRow, rowOffset } from './file-formats.ts';
import type { Folding } from './fold-log.ts';
import type { LogLimits } from './limits.ts';
import type { Manifest } from './manifest.ts';
import { writeCodes } from './write-codes.ts';
import { composeFiles, rewriteFiles, writeDead } from './write-files.ts';

/** A generation whose files are written but which is not committed. */
export interface WrittenGeneration extends Pick<Manifest, 'lineage' | 'rows' | 'live' | 'files'> {
  /** The rows that a new lineage was begun without; `undefined` where the lineage goes on. */
  readonly leftOut: Bitset | undefined;
  /** Brings the table of the base up to this generation; for when it is committed. */
  readonly advance: () => KeyTable;
}

/** The room for files. */
export interface Space {
  /** Bytes that are free where the index is. @default nobody counts them */
  readonly freeBytes?: (() => Promise<number>) | undefined;
  /** Whether a file of so many bytes grows where it is when rows are added, and is not copied. @default none does */
  readonly grows?: ((file: string, bytes: number) => Promise<boolean>) | undefined;
}

/** @throws SpaceLacking when the files that rows are added to may not fit beside those that are there */
export async function assertSpace(
  { freeBytes, grows = async () => false, dimensions }: Space & { readonly dimensions: number },
  { committed, table: { rows } }: Base,
  { added }: Folding,
): Promise<void> {
  if (!freeBytes || added.length === 0) return;
  const files = committed?.manifest.files;
  const all = rows + added.length;
  const lines = added.reduce((sum, { entry }) => sum + Buffer.byteLength(encodeRow(entry)), 0);
  const oldLines = files?.rowsBytes ?? 0;
  const layout = new CodesLayout(dimensions, files?.codes ? (files.directions ?? 0) : DIRECTIONS);
  let needed = rowOffset(all, dimensions) + layout.offset(all) + oldLines + lines;
  const lengths: readonly (readonly [string | undefined, number])[] = [
    [files?.faiss, rowOffset(rows, dimensions)],
    [files?.codes, layout.offset(rows)],
    [files?.rows, oldLines],
  ];
  for (const [file, bytes] of lengths) if (file && (await grows(file, bytes))) needed -= bytes;
  const free = await freeBytes();
  if (needed > free) throw new SpaceLacking(needed, free);
}

/** Writes what folding has changed: nothing, only the dead rows, composed files, or a new lineage. */
export async function writeGeneration(
  { index, clock, dimensions }: { index: ObjectStore; clock: Clock; dimensions: number },
  { committed, table }: Base,
  { added, died }: Folding,
  generation: number,
  { maxDeadShare }: Pick<LogLimits, 'maxDeadShare'>,
): Promise<WrittenGeneration> {
  const old = committed?.manifest;
  const ulid = clock.ulid();
  const names = indexNames(generation, ulid);
  const entries = added.map(({ entry }) => entry);
  const rows = table.rows + added.length;
  const live = table.live - died.length + added.length;

  if (old && rows - live > rows * maxDeadShare && died.length > 0) {
    const dead = withDead(table, died, table.rows);
    const [rowsBytes, coded] = await Promise.all([
      rewriteFiles(index, { old, added, names, dimensions }, dead),
      writeCodes(index, { old, dead, added, dimensions, name: names.codes, frame: ulid }),
      writeDead(index, names.dead, new Bitset(live)),
    ]);
    const advance = () => {
      table.setDead(dead);
      const renumbered = table.withoutDead();
      renumbered.setDead(new Bitset(live));
      renumbered.append(entries);
      return renumbered;
    };
    return {
      lineage: ulid,
      rows: live,
      live,
      files: { ...names, rowsBytes, ...coded },
      leftOut: dead,
      advance,
    };
  }

  const dead = withDead(table, died, rows);
  const composes = !old || added.length > 0;
  // An index of an older version has no codes yet.
  const codes = composes || !old.files.codes;
  const [rowsBytes, coded] = await Promise.all([
    composes ? composeFiles(index, { old, added, names, dimensions }) : old.files.rowsBytes,
    codes
      ? writeCodes(index, { old, dead: undefined, added, dimensions, name: names.codes, frame: ulid })
      : { centre: old.files.centre, directions: old.files.directions },
    composes || died.length > 0 ? writeDead(index, names.dead, dead) : undefined,
  ]);
  const files = {
    faiss: composes ? names.faiss : old.files.faiss,
    rows: composes ? names.rows : old.files.rows,
    rowsBytes,
    dead: composes || died.length > 0 ? names.dead : old.files.dead,
    codes: codes ? names.codes : old.files.codes,
    ...coded,
  };
  const advance = () => {
    table.setDead(dead);
    table.append(entries);
    return table;
  };
  return { lineage: old?.lineage ?? ulid, rows, live, files, leftOut: undefined, advance };
}

function withDead(table: KeyTable, died: readonly number[], rows: number): Bitset {
  const dead = grown(table.dead, rows);
  for (const row of died) dead.add(row);
  return dead;
}
