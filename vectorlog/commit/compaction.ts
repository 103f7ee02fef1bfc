/**
 * Compaction: folds the log into the index files and commits them by a manifest.
 *
 * Any number of compactions may run at once, be killed between any two steps, or sleep for hours: one commits each
 * generation, and until then all have only written objects that nobody refers to. docs/compaction.md has the protocol
 * and why it is safe.
 */

import type { Clock } from '../clock.ts';
import { type AppendInfo, appendTime, listAppends } from '../log/append-log.ts';
import type { Logger } from '../logger.ts';
import { indexNames, manifestName } from '../names.ts';
import type { ObjectStore } from '../store/object-store.ts';
import { type Base, emptyBase, type KeyedRow, loadBase } from './base.ts';
import { encodeRow } from './file-formats.ts';
import { type Folding, foldAppends, isWorthFolding, type Portion, readPortion } from './fold-log.ts';
import {
  expiredNames,
  historyOf,
  type IndexFile,
  listIndexFiles,
  NO_HISTORY,
  namesOf,
  orphansOf,
  stillRemembered,
  withoutGoneAppends,
  withoutGoneFiles,
} from './garbage.ts';
import { LOG_LIMITS, type LogLimits } from './limits.ts';
import {
  assertOrigin,
  type CommitTime,
  type Committed,
  commitManifest,
  listManifests,
  type Manifest,
  type ManifestInfo,
  originOf,
} from './manifest.ts';
import { ManifestReader, type Newest } from './newest-manifest.ts';
import { rebase } from './rebase.ts';
import { spill, Tombstones } from './tombstones.ts';
import { assertSpace, type Space, type WrittenGeneration, writeGeneration } from './write-generation.ts';

export interface CompactionReport {
  /**
   * `idle`: there was nothing to do. `committed`: this run made the highest generation, or did when it committed.
   * `lost`: another run was first; nothing is lost but the work.
   */
  readonly outcome: 'idle' | 'committed' | 'lost';
  /** The highest generation that this run knows of; 0 when there is none. */
  readonly generation: number;
  /** Rows in the index, dead ones included. */
  readonly rows: number;
  /** Pictures in the index. */
  readonly live: number;
  /** Appends that this run put into the index. */
  readonly folded: number;
  /** Appends that wait for the next run, being more than one commit takes. */
  readonly pending: number;
  readonly rowsAdded: number;
  readonly rowsDied: number;
  /** Whether a new lineage was begun, without the dead rows. */
  readonly rewritten: boolean;
  /** Objects that were deleted as no longer needed. */
  readonly deleted: number;
  /** Appends and newest manifests that cannot be read; they stay where they are, and `verify` tells of them. */
  readonly unreadable: readonly string[];
  /** How long the oldest append had waited that this run found, at its end. */
  readonly oldestWaitMs: number;
}

const NOTHING_DONE: CompactionReport = {
  outcome: 'idle',
  generation: 0,
  rows: 0,
  live: 0,
  folded: 0,
  pending: 0,
  rowsAdded: 0,
  rowsDied: 0,
  rewritten: false,
  deleted: 0,
  unreadable: [],
  oldestWaitMs: 0,
};

export interface CompactionDeps extends Space {
  /** The index store, in the model's namespace. */
  readonly index: ObjectStore;
  readonly modelId: string;
  /** The names of the store and of what the entries are of, where they have any; an index of others is refused. */
  readonly store?: string | undefined;
  readonly source?: string | undefined;
  /** Numbers in a vector. */
  readonly dimensions: number;
  readonly clock: Clock;
  readonly logger: Logger;
  /**
   * Is told after a commit of entries that it left behind, and that no later one can bring back: what else is kept of
   * them can go. Not of all: what a crash kept from being told of, and what was replaced without an event, is left.
   * Must not reject.
   */
  readonly onDropped?: ((entries: readonly KeyedRow[]) => Promise<void>) | undefined;
  /** @default LOG_LIMITS */
  readonly limits?: Partial<LogLimits>;
}

/** Keeps what it knows of the index from run to run, so that a warm one reads only what is new. */
export class Compactor {
  readonly #deps: CompactionDeps;
  readonly #limits: LogLimits;
  readonly #manifests: ManifestReader;
  #warm: Base | undefined;
  /** Holds the segments that were read, which never change. */
  #tombstones = Tombstones.NONE;

  constructor(deps: CompactionDeps) {
    this.#deps = deps;
    this.#limits = { ...LOG_LIMITS, ...deps.limits };
    this.#manifests = new ManifestReader(deps.index, deps.logger);
  }

  /**
   * Folds one portion of the log and cleans up. The runs of one Compactor must follow each other.
   *
   * @throws SpaceLacking before anything is written; IndexDamaged when the index files contradict each other, or so many
   *   manifests are damaged that what they committed may be missing from the last good one; IndexForeign when the index is of
   *   another origin; StoreUnavailable when the store did not answer: whether the run committed is then unknown, which the
   *   next run finds out
   */
  async run(): Promise<CompactionReport> {
    const { index } = this.#deps;
    const listed = await listManifests(index);
    const highest = listed.at(-1);
    try {
      const newest = await this.#manifests.newest(listed);
      if (newest.damage?.mayLack) throw newest.damage.error;
      return await this.#compact(listed, newest);
    } catch (error) {
      // If this run was slow, what it builds on may have been cleaned away under it: then it has lost.
      const now = (await listManifests(index)).at(-1);
      if (!now || now.generation === highest?.generation) throw error;
      return { ...NOTHING_DONE, outcome: 'lost', generation: now.generation };
    }
  }

  async #compact(listed: readonly ManifestInfo[], { committed, damage }: Newest): Promise<CompactionReport> {
    const { index, dimensions, clock, logger, onDropped } = this.#deps;
    const limits = this.#limits;
    const old = committed?.manifest;
    if (old) assertOrigin(old, this.#deps);
    const idle = {
      ...NOTHING_DONE,
      generation: old?.generation ?? 0,
      rows: old?.rows ?? 0,
      live: old?.live ?? 0,
      unreadable: damage?.names ?? [],
    };

    const log: AppendInfo[] = [];
    for await (const append of listAppends(index)) log.push(append);
    const inLog = new Set(log.map(({ name }) => name));
    let history = committed ? withoutGoneAppends(historyOf(committed), inLog) : NO_HISTORY;
    const folded = new Set(history.folded.map(({ name }) => name));
    const unfolded = log.filter(({ name }) => !folded.has(name));
    const indexBytes = (old?.rows ?? 0) * dimensions * 4;
    const worthFolding = (some: readonly AppendInfo[]): readonly AppendInfo[] =>
      isWorthFolding(some, indexBytes, limits, clock.now()) ? some : [];
    const asked = worthFolding(unfolded);
    const isCleaningDue = () => expiredNames(history, limits, clock.now()).length > 0;
    if (asked.length === 0 && !isCleaningDue()) return idle;

    const indexFiles = await listIndexFiles(index);
    history = withoutGoneFiles(history, new Set(indexFiles.map(({ name }) => name)));
    const { pending, ...portion } = await readPortion(index, asked, dimensions, limits);
    if (portion.unreadable.length > 0) logger.error('appends cannot be read', { names: portion.unreadable });
    const unreadable = [...idle.unreadable, ...portion.unreadable];
    const without = new Set(portion.unreadable);
    const readable = unfolded.filter(({ name }) => !without.has(name));
    // One that cannot be read waits for ever, and is no reason to fold the others at once.
    const waiting = without.size > 0 ? worthFolding(readable) : asked;
    const appends: Portion['appends'] = waiting.length > 0 ? portion.appends : new Map();
    if (appends.size === 0 && !isCleaningDue()) return { ...idle, unreadable };

    const base = await this.#base(committed, listed);
    if (old) this.#tombstones = await Tombstones.read(index, old, this.#tombstones);
    const deleted = { markers: history.markers, tombstones: old ? this.#tombstones : Tombstones.NONE };
    const folding = foldAppends(base.table, deleted, [...appends.values()], dimensions);
    const generation = (listed.at(-1)?.generation ?? 0) + 1;
    await assertSpace(this.#deps, base, folding);
    const written = await writeGeneration(this.#deps, base, folding, generation, limits);
    const { rows, live, files, leftOut } = written;
    // Somebody may have read the damaged manifest while it was good, and must not take its rows for these.
    const lineage = damage ? clock.ulid() : written.lineage;

    const forgets = committed && pending + readable.length - waiting.length === 0;
    const remembered = <T extends { readonly at: CommitTime }>(some: readonly T[]): readonly T[] =>
      forgets ? stillRemembered(some, committed.committedAt, limits.tombstoneMs) : some;
    const { markers, tombstones } = await spill(
      index,
      { markers: remembered(folding.markers), tombstones: remembered(history.tombstones) },
      limits.tombstonesInManifest,
      () => indexNames(generation, clock.ulid()).tombstones,
    );
    const needed = new Set([...namesOf(files), ...tombstones.map(({ name }) => name)]);
    const before = [...(old ? namesOf(old.files) : []), ...history.tombstones.map(({ name }) => name)];
    const replaced = before.filter((name) => !needed.has(name));
    const manifest: Manifest = {
      format: 1,
      generation,
      ...originOf(this.#deps, old),
      createdAt: new Date(clock.now()).toISOString(),
      lineage,
      rows,
      live,
      files,
      folded: [...history.folded, ...[...appends.keys()].map((name) => ({ name, at: null }))],
      markers,
      tombstones,
      replaced: replaced.length > 0 ? [...history.replaced, { names: replaced, at: null }] : history.replaced,
    };
    if (!(await commitManifest(index, manifest)))
      return (committed && (await this.#rebase(committed, folding, written))) ?? { ...idle, outcome: 'lost' };

    const own = await this.#isHighest(manifest);
    if (own === 'void') return { ...idle, outcome: 'lost' };
    const done: CompactionReport = {
      outcome: 'committed',
      generation,
      rows,
      live,
      folded: appends.size,
      pending,
      rowsAdded: folding.added.length,
      rowsDied: folding.died.length,
      rewritten: leftOut !== undefined,
      deleted: 0,
      unreadable,
      oldestWaitMs: waiting[0] ? Math.max(0, clock.now() - appendTime(waiting[0].name)) : 0,
    };
    if (folding.dropped.length > 0) await onDropped?.(folding.dropped);
    if (own === 'overtaken') return done;

    this.#warm = { committed: { ...own.info, manifest }, table: written.advance() };
    return { ...done, deleted: await this.#cleanUp(manifest, own.info, own.listed, indexFiles) };
  }

  /** Saves a rewrite that lost its generation. What else this run folded, others have, or will. */
  async #rebase(
    base: Committed,
    { added }: Folding,
    { files, leftOut }: WrittenGeneration,
  ): Promise<CompactionReport | undefined> {
    if (!leftOut) return undefined;
    const addedBytes = added.reduce((sum, { entry }) => sum + Buffer.byteLength(encodeRow(entry)), 0);
    const keptBytes = files.rowsBytes - addedBytes;
    const rebased = await rebase(this.#deps, { base, leftOut, files, keptBytes });
    if (!rebased) return undefined;
    this.#warm = undefined;
    if ((await this.#isHighest(rebased)) === 'void') return undefined;
    const { generation, rows, live } = rebased;
    return { ...NOTHING_DONE, outcome: 'committed', generation, rows, live, rewritten: true };
  }

  /** The base of this run. A table that fails to load half-way is wrong, so nothing is warm until it is whole. */
  async #base(committed: Committed | undefined, listed: readonly ManifestInfo[]): Promise<Base> {
    const warm = this.#warm;
    this.#warm = undefined;
    this.#warm = committed ? await loadBase(this.#deps.index, committed, warm, listed) : emptyBase();
    return this.#warm;
  }

  /**
   * The fence: whether a commit that has been won counts, and is the highest.
   *
   * A writer that slept for long can win the number of a manifest that has been cleaned away. Then there are higher
   * ones, and readers, who take the highest, never see it: it is taken back. Where the number is still among those that
   * are kept, it cannot have been cleaned away: the commit counts, and another has been built on it since.
   */
  async #isHighest({
    generation,
  }: Manifest): Promise<
    'void' | 'overtaken' | { readonly info: ManifestInfo; readonly listed: readonly ManifestInfo[] }
  > {
    const { index } = this.#deps;
    const listed = await listManifests(index);
    const info = listed.find((manifest) => manifest.generation === generation);
    const highest = listed.at(-1)?.generation ?? 0;
    if (info && highest === generation) return { info, listed };
    if (generation > highest - this.#limits.manifestsKept) return 'overtaken';
    await index.delete([manifestName(generation)]);
    return 'void';
  }

  /**
   * Deletes what the index no longer needs: for a run whose commit is the highest, and by that manifest, which all later
   * ones build on. So it does no harm however long the run sleeps before it deletes. What fails is left to the next run.
   */
  async #cleanUp(
    manifest: Manifest,
    own: ManifestInfo,
    listed: readonly ManifestInfo[],
    indexFiles: readonly IndexFile[],
  ): Promise<number> {
    const { index, logger } = this.#deps;
    const limits = this.#limits;
    const names = [
      ...expiredNames(manifest, limits, own.committedAt),
      ...orphansOf(manifest, indexFiles, own.committedAt - limits.orphanGraceMs),
      ...listed
        .filter(({ generation }) => generation <= own.generation - limits.manifestsKept)
        .map(({ generation }) => manifestName(generation)),
    ];
    try {
      if (names.length > 0) await index.delete(names);
      return names.length;
    } catch (error) {
      logger.warn('cleaning up failed, the next run does it', { error });
      return 0;
    }
  }
}
