/** Re-reads the whole index and checks that it keeps its promises. */

import { IndexDamaged } from '../../vectorlog/commit/errors.ts';
import { listIndexFiles, orphansOf } from '../../vectorlog/commit/garbage.ts';
import { listManifests, type Manifest, readManifest } from '../../vectorlog/commit/manifest.ts';
import { AppendUnreadable } from '../../vectorlog/log/append-file.ts';
import { listAppends, readAppend } from '../../vectorlog/log/append-log.ts';
import { manifestName } from '../../vectorlog/names.ts';
import { type Finding, Findings, isUnit, verifyFiles } from '../../vectorlog/repair/verify-files.ts';
import { ObjectNotFound } from '../../vectorlog/store/errors.ts';
import type { ObjectStore } from '../../vectorlog/store/object-store.ts';
import { DIMENSIONS } from '../dimensions.ts';
import { reconcile } from '../ingest/reconcile.ts';
import { listRejections } from '../ingest/rejections.ts';

export interface VerifyDeps {
  /** The index store, in the model's namespace. */
  readonly index: ObjectStore;
  readonly modelId: string;
  /** The pictures' bucket; without it they are not compared. */
  readonly pictures?: ObjectStore;
}

export interface VerifyProgress {
  readonly step: 'manifests' | 'files' | 'log' | 'pictures';
  readonly done: number;
  /** `undefined` where nobody knows. */
  readonly total: number | undefined;
}

export interface VerifyReport {
  /** No promise is broken; there may be warnings. */
  readonly ok: boolean;
  /** 0 where nothing is committed yet. */
  readonly generation: number;
  readonly rows: number;
  readonly live: number;
  readonly appends: number;
  /** Keys that were compared with the bucket. */
  readonly compared: number;
  /** The first 100 of each code. */
  readonly problems: readonly Finding[];
  /** How many there are of each code. */
  readonly counts: Readonly<Record<string, number>>;
}

/**
 * Checks manifests, files, log, orphans, rejections and, picture by picture, the bucket's eTags. Changes nothing. Run
 * while uploads and compactions go on, it may warn of differences that are gone a moment later.
 *
 * @throws StoreUnavailable; what is wrong with the index itself is in the report
 */
export async function verify(
  { index, modelId, pictures }: VerifyDeps,
  { onProgress = () => {} }: { readonly onProgress?: (progress: VerifyProgress) => void } = {},
): Promise<VerifyReport> {
  const findings = new Findings();
  const manifest = await verifyManifests(index, modelId, findings);
  onProgress({ step: 'manifests', done: 1, total: 1 });
  if (manifest) {
    const total = manifest.rows;
    await verifyFiles(index, manifest, DIMENSIONS, findings, (done) =>
      onProgress({ step: 'files', done, total }),
    );
    for (const name of orphansOf(manifest, await listIndexFiles(index)))
      findings.add('warning', 'orphan', name, 'no manifest refers to it; the next compaction deletes it');
  }
  let appends = 0;
  // What is folded only waits to be deleted; nobody reads it again.
  const folded = new Set(manifest?.folded.map(({ name }) => name));
  for await (const { name } of listAppends(index)) {
    if (!folded.has(name)) await verifyAppend(index, name, findings);
    onProgress({ step: 'log', done: ++appends, total: undefined });
  }
  let compared = 0;
  if (pictures && findings.errors === 0) {
    compared = await verifyPictures({ index, pictures }, findings, (done) =>
      onProgress({ step: 'pictures', done, total: undefined }),
    );
    await verifyRejections({ index, pictures }, findings);
  }
  const { generation = 0, rows = 0, live = 0 } = manifest ?? {};
  const { listed, counts } = findings;
  return { ok: findings.errors === 0, generation, rows, live, appends, compared, problems: listed, counts };
}

/** Reads all manifests that are there; returns the highest. */
async function verifyManifests(
  index: ObjectStore,
  modelId: string,
  findings: Findings,
): Promise<Manifest | undefined> {
  let before: Manifest | undefined;
  let latest: Manifest | undefined;
  const listed = await listManifests(index);
  for (const { generation } of listed) {
    const isHighest = generation === listed.at(-1)?.generation;
    const name = manifestName(generation);
    const wrong = (detail: string) => findings.add('error', 'manifest-inconsistent', name, detail);
    latest = undefined;
    try {
      const manifest = await readManifest(index, generation);
      latest = manifest;
      const { lineage, rows, live, files } = manifest;
      if (manifest.modelId !== modelId) wrong(`it is of the model ${manifest.modelId}`);
      if (live > rows) wrong(`${live} live rows of ${rows}`);
      if (before?.lineage === lineage && (before.rows > rows || before.files.rowsBytes > files.rowsBytes))
        wrong('it has fewer rows than one before it in the same lineage');
      before = manifest;
    } catch (error) {
      // An old one is only history, and cleaned away in time.
      const severity = isHighest ? 'error' : 'warning';
      if (error instanceof IndexDamaged) findings.add(severity, 'manifest-unreadable', name, error.message);
      // Cleaned away since it was listed.
      else if (!(error instanceof ObjectNotFound)) throw error;
    }
  }
  return latest;
}

async function verifyAppend(index: ObjectStore, name: string, findings: Findings): Promise<void> {
  try {
    const { vectors } = await readAppend(index, name, DIMENSIONS);
    for (let i = 0; i < vectors.length / DIMENSIONS; i++)
      if (!isUnit(vectors, i, DIMENSIONS)) findings.add('error', 'not-a-unit-vector', name, `row ${i}`);
  } catch (error) {
    if (error instanceof AppendUnreadable) findings.add('error', 'append-unreadable', name, error.message);
    else if (!(error instanceof ObjectNotFound)) throw error;
  }
}

const DIFFERENCES = {
  missing: ['picture-missing', 'it is in the bucket and not in the index; backfill adds it'],
  changed: ['picture-changed', 'the index has another content of it; backfill updates it'],
  gone: ['picture-gone', 'it is in the index and not in the bucket; backfill removes it'],
} as const;

async function verifyPictures(
  stores: { readonly index: ObjectStore; readonly pictures: ObjectStore },
  findings: Findings,
  onKeys: (done: number) => void,
): Promise<number> {
  let compared = 0;
  for await (const { key, verdict } of reconcile(stores)) {
    if (verdict !== 'same') findings.add('warning', DIFFERENCES[verdict][0], key, DIFFERENCES[verdict][1]);
    onKeys(++compared);
  }
  return compared;
}

async function verifyRejections(
  { index, pictures }: { readonly index: ObjectStore; readonly pictures: ObjectStore },
  findings: Findings,
): Promise<void> {
  for await (const { key, eTag } of listRejections(index))
    if ((await pictures.head(key))?.eTag !== eTag)
      findings.add('warning', 'rejection-outdated', key, 'the picture it is about is not there any more');
}
