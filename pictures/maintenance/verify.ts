/** Re-reads the whole index and checks that it keeps its promises. */

import { type Clock, systemClock } from '../../vectorlog/clock.ts';
import { IndexDamaged, IndexForeign } from '../../vectorlog/commit/errors.ts';
import { listIndexFiles, orphansOf } from '../../vectorlog/commit/garbage.ts';
import { listManifests, type Manifest, readManifest } from '../../vectorlog/commit/manifest.ts';
import { AppendUnreadable } from '../../vectorlog/log/append-file.ts';
import { listAppends, readAppend } from '../../vectorlog/log/append-log.ts';
import { manifestName } from '../../vectorlog/names.ts';
import { type Finding, Findings } from '../../vectorlog/repair/findings.ts';
import { isUnit, verifyFiles } from '../../vectorlog/repair/verify-files.ts';
import { ObjectNotFound } from '../../vectorlog/store/errors.ts';
import type { ObjectStore } from '../../vectorlog/store/object-store.ts';
import { dimensionsOf } from '../dimensions.ts';
import { Known } from '../ingest/known.ts';
import { reconcile } from '../ingest/reconcile.ts';
import { isOutdated, listRejections } from '../ingest/rejections.ts';
import type { PictureFilter } from '../picture-names.ts';
import { orphanedThumbnails } from '../thumbnails/kept.ts';
import { readFingerprinted } from './fingerprints.ts';

export interface VerifyDeps {
  /** The index store, in the model's namespace. */
  readonly index: ObjectStore;
  readonly modelId: string;
  /** The pictures' bucket; without it they are not compared. */
  readonly pictures?: ObjectStore;
  /**
   * Whether every picture is to have a fingerprint that can be read, as on one machine; in the cloud they are made when pictures
   * are first compared, and not looked at here. @default false
   */
  readonly fingerprints?: boolean;
  /** @default systemClock */
  readonly clock?: Clock;
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
  /** The first of each code. */
  readonly problems: readonly Finding[];
  /** How many there are of each code. */
  readonly counts: Readonly<Record<string, number>>;
  /** Where to go on: there while the run is not through. */
  readonly next?: VerifyPlace;
}

/** The steps, in their order. */
const STEPS = ['files', 'log', 'pictures', 'rejections'] as const;

/** Where a verification that ran out of time goes on. */
export interface VerifyPlace {
  readonly step: (typeof STEPS)[number];
  /** Of the files: rows that were read, and the history that they are of. */
  readonly rows?: number;
  readonly lineage?: string;
  /** Of the other steps: what was looked at last. */
  readonly after?: string;
}

export interface VerifyOptions {
  readonly onProgress?: (progress: VerifyProgress) => void;
  /** The report of a run that stopped: this one goes on from there, and reports both. */
  readonly from?: VerifyReport;
  /** Asked now and then; once it is so, the run stops and its report says where to go on. @default never */
  readonly isOver?: () => boolean;
  /** How many problems of each code are listed. @default 100 */
  readonly most?: number;
  /** What of the bucket belongs to the index; all else is missing from nothing. @default everything */
  readonly filter?: Partial<PictureFilter>;
}

/**
 * Checks manifests, files, log, orphans, rejections, thumbnails, fingerprints and, picture by picture, the bucket's eTags. Changes nothing. Run
 * while uploads and compactions go on, it may warn of differences that are gone a moment later.
 *
 * @throws StoreUnavailable; what is wrong with the index itself is in the report
 */
export async function verify(
  { index, modelId, pictures, fingerprints = false, clock = systemClock }: VerifyDeps,
  { onProgress = () => {}, from, isOver = () => false, most, filter = {} }: VerifyOptions = {},
): Promise<VerifyReport> {
  const problems = new Findings({ before: from, ...(most !== undefined && { most }) });
  // What a run before this one has said of the manifests is said.
  const manifest = await verifyManifests(index, modelId, from ? new Findings() : problems);
  onProgress({ step: 'manifests', done: 1, total: 1 });
  const place: VerifyPlace = from?.next ?? { step: 'files' };
  let { appends = 0, compared = 0 } = from ?? {};
  const report = (next?: VerifyPlace): VerifyReport => {
    const { generation = 0, rows = 0, live = 0 } = manifest ?? {};
    const { ok, listed, counts } = problems;
    return { ok, generation, rows, live, appends, compared, problems: listed, counts, ...(next && { next }) };
  };
  /** Whether a step is still to be done, and what of it was looked at last. */
  const isDue = (step: VerifyPlace['step']) => STEPS.indexOf(step) >= STEPS.indexOf(place.step);
  const begunAt = (step: VerifyPlace['step']) => (place.step === step ? place.after : undefined);

  if (manifest && isDue('files')) {
    const { rows: total, lineage } = manifest;
    const rows = await verifyFiles(index, manifest, dimensionsOf(modelId), problems, {
      // Rows of one history never change; those of another are others.
      from: place.lineage === lineage ? (place.rows ?? 0) : 0,
      onRows: (done) => onProgress({ step: 'files', done, total }),
      isOver,
    });
    if (rows < total) return report({ step: 'files', rows, lineage });
    for (const name of orphansOf(manifest, await listIndexFiles(index)))
      problems.add('warning', 'orphan', name, 'no manifest refers to it; the next compaction deletes it');
  }
  if (isDue('log')) {
    // What is folded only waits to be deleted; nobody reads it again.
    const folded = new Set(manifest?.folded.map(({ name }) => name));
    for await (const { name } of listAppends(index, begunAt('log'))) {
      if (!folded.has(name)) await verifyAppend(index, name, dimensionsOf(modelId), problems);
      onProgress({ step: 'log', done: ++appends, total: undefined });
      if (isOver()) return report({ step: 'log', after: name });
    }
  }
  if (!pictures || !problems.ok) return report();
  const now = clock.now();
  const known = await Known.read(index, 'where-any');
  if (isDue('pictures')) {
    const after = begunAt('pictures');
    for await (const { key, verdict } of reconcile(
      { index, pictures, known },
      { ...filter, ...(after !== undefined && { startAfter: after }) },
    )) {
      if (verdict !== 'same') problems.add('warning', DIFFERENCES[verdict][0], key, DIFFERENCES[verdict][1]);
      onProgress({ step: 'pictures', done: ++compared, total: undefined });
      if (isOver()) return report({ step: 'pictures', after: key });
    }
  }
  for await (const { key, eTag, name } of listRejections(index, begunAt('rejections'))) {
    if (await isOutdated(pictures, { key, eTag }))
      problems.add('warning', 'rejection-outdated', key, 'the picture it is about is not there any more');
    if (isOver()) return report({ step: 'rejections', after: name });
  }
  await orphanedThumbnails(index, known.expected(), now, (names) => {
    for (const name of names) problems.add('warning', 'thumbnail-orphan', name, 'backfill removes it');
  });
  const { without } = fingerprints ? await readFingerprinted(index, known.states) : { without: [] };
  for (const { key, isUnreadable } of without) {
    if (isUnreadable) problems.add('warning', 'fingerprint-unreadable', key, FINGERPRINTS.unreadable);
    else problems.add('warning', 'fingerprint-missing', key, FINGERPRINTS.missing);
  }
  return report();
}

/** Reads all manifests that are there; returns the one that is the index. */
async function verifyManifests(
  index: ObjectStore,
  modelId: string,
  problems: Findings,
): Promise<Manifest | undefined> {
  let before: Manifest | undefined;
  const listed = await listManifests(index);
  for (const { generation } of listed) {
    const isHighest = generation === listed.at(-1)?.generation;
    // The last one that can be read has all that this one had.
    const isNext = generation === (before?.generation ?? 0) + 1;
    const name = manifestName(generation);
    const wrong = (detail: string) => problems.add('error', 'manifest-inconsistent', name, detail);
    try {
      const manifest = await readManifest(index, generation);
      const { lineage, rows, live, files } = manifest;
      if (manifest.modelId !== modelId) wrong(`it is of the model ${manifest.modelId}`);
      if (live > rows) wrong(`${live} live rows of ${rows}`);
      if (before?.lineage === lineage && (before.rows > rows || before.files.rowsBytes > files.rowsBytes))
        wrong('it has fewer rows than one before it in the same lineage');
      before = manifest;
    } catch (error) {
      // An old one is only history, and cleaned away in time.
      const isForeign = error instanceof IndexForeign;
      const isFatal = isHighest && (isForeign || !isNext);
      if (isForeign || error instanceof IndexDamaged) {
        problems.add(isFatal ? 'error' : 'warning', 'manifest-unreadable', name, error.message);
        if (isFatal) return undefined;
        // Cleaned away since it was listed.
      } else if (!(error instanceof ObjectNotFound)) throw error;
    }
  }
  return before;
}

async function verifyAppend(
  index: ObjectStore,
  name: string,
  dimensions: number,
  problems: Findings,
): Promise<void> {
  try {
    const { vectors } = await readAppend(index, name, dimensions);
    for (let i = 0; i < vectors.length / dimensions; i++)
      if (!isUnit(vectors, i, dimensions)) problems.add('error', 'not-a-unit-vector', name, `row ${i}`);
  } catch (error) {
    if (error instanceof AppendUnreadable) problems.add('error', 'append-unreadable', name, error.message);
    else if (!(error instanceof ObjectNotFound)) throw error;
  }
}

const FINGERPRINTS = {
  missing: 'it has none to be compared by; duplicates makes it, and so does backfill',
  unreadable:
    'what it is compared by is damaged or of another version; duplicates makes it, and so does backfill',
} as const;

const DIFFERENCES = {
  missing: ['picture-missing', 'it is in the bucket and not in the index; backfill adds it'],
  changed: ['picture-changed', 'the index has another content of it; backfill updates it'],
  bare: ['thumbnail-missing', 'it has no thumbnail, as others have; backfill makes it'],
  archived: ['picture-archived', 'it is in an archive and not in the index; restore it, and it is indexed'],
  gone: ['picture-gone', 'it is in the index and not in the bucket; backfill removes it'],
} as const;
