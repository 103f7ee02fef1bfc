/** Bugs to plant, one at a time: each is a mistake that someone could make, and the simulation must find it. */

import type { Patch } from './bundle.ts';

export interface Mutant {
  /** What someone did wrong. */
  readonly mistake: string;
  readonly patches: readonly Patch[];
}

const COMPACTION = 'vectorlog/commit/compaction.ts';

export const MUTANTS: readonly Mutant[] = [
  {
    mistake: 'drop the fence: believe every commit that was won',
    patches: [{ file: COMPACTION, replace: 'if (info && highest === generation)', by: 'if (info)' }],
  },
  {
    mistake: 'delete the log before the commit',
    patches: [
      {
        file: COMPACTION,
        replace: 'if (!(await commitManifest(index, manifest)))',
        by: 'await index.delete([...appends.keys()]);\nif (!(await commitManifest(index, manifest)))',
      },
    ],
  },
  {
    mistake: 'delete the log right after the commit, without the minute for searches',
    patches: [
      { file: 'vectorlog/commit/garbage.ts', replace: 'at !== null && now - at', by: 'now - (at ?? 0)' },
    ],
  },
  {
    mistake: 'align versions on the right',
    patches: [
      {
        file: 'vectorlog/log/record.ts',
        replace: "const x = a.toUpperCase().padEnd(length, '0');",
        by: "const x = a.toUpperCase().padStart(length, '0');",
      },
      {
        file: 'vectorlog/log/record.ts',
        replace: "const y = b.toUpperCase().padEnd(length, '0');",
        by: "const y = b.toUpperCase().padStart(length, '0');",
      },
    ],
  },
  {
    mistake: 'forget deletions: no markers',
    patches: [
      { file: 'vectorlog/commit/fold-log.ts', replace: "if (state.state === 'deleted')", by: 'if (false)' },
    ],
  },
  {
    mistake: 'reuse object names: two writers of one generation write the same files',
    patches: [
      {
        file: 'vectorlog/commit/write-generation.ts',
        replace: 'indexNames(generation, ulid)',
        by: "indexNames(generation, 'x')",
      },
    ],
  },
  {
    mistake: 'commit by put in place of create-if-absent',
    patches: [
      {
        file: 'vectorlog/commit/manifest.ts',
        replace: 'return store.putIfAbsent(',
        by: 'return store.put(',
      },
    ],
  },
  {
    mistake: 'take every file that no manifest names for an orphan, those of runs at work too',
    patches: [
      {
        file: COMPACTION,
        replace: '...orphansOf(manifest, indexFiles, own.committedAt - limits.orphanGraceMs)',
        by: '...orphansOf({ ...manifest, generation: 1e9 }, await listIndexFiles(index))',
      },
    ],
  },
  {
    mistake: 'forget which appends are folded: keep only the names of this run',
    patches: [
      {
        file: 'vectorlog/commit/garbage.ts',
        replace: 'there.has(name)),\n});\n\n/** The history without the replaced',
        by: 'there.has(name) && false),\n});\n\n/** The history without the replaced',
      },
    ],
  },
  {
    mistake: 'leave the old row of a replaced picture alive',
    patches: [
      { file: 'vectorlog/commit/fold-log.ts', replace: 'if (old !== undefined) died.push(old);', by: '' },
    ],
  },
  {
    mistake: 'bring the table in memory up to a generation before its commit is known',
    patches: [
      {
        file: COMPACTION,
        replace: 'if (!(await commitManifest(index, manifest)))',
        by: 'written.advance();\nif (!(await commitManifest(index, manifest)))',
      },
    ],
  },
  {
    mistake: 'keep a table whose loading failed half-way',
    patches: [
      {
        file: COMPACTION,
        replace: 'this.#warm = undefined;\n    this.#warm = committed',
        by: 'this.#warm = committed',
      },
    ],
  },
  {
    mistake: 'apply what a backfill asks for without looking at what has changed since',
    patches: [
      {
        file: 'vectorlog/log/record.ts',
        replace: 'if (!record.basis || !sameState(known, record.basis)) return undefined;',
        by: '',
      },
    ],
  },
  {
    mistake: 'acknowledge events before their append is written',
    patches: [
      {
        file: 'pictures/ingest/ingest.ts',
        replace: 'attempt(message, () => written)',
        by: 'written.catch(() => {})',
      },
    ],
  },
  {
    mistake: 'let a picture that cannot be indexed leave the one that it replaced',
    patches: [
      {
        file: 'pictures/ingest/ingest.ts',
        replace: "if (outcome?.state === 'gone') return undefined;",
        by: "if (outcome?.state === 'gone' || outcome?.state === 'rejected') return undefined;",
      },
    ],
  },
  {
    mistake: 'number the rows of a new lineage as they were in the old',
    patches: [
      { file: 'vectorlog/commit/write-generation.ts', replace: 'return renumbered;', by: 'return table;' },
    ],
  },
  {
    mistake: 'search: list the commits first, and the log minutes later',
    patches: [
      {
        file: 'vectorlog/read/live-index.ts',
        replace: 'if (age() > LOG_LIMITS.foldedGraceMs) return false;',
        by: '',
      },
      {
        file: 'vectorlog/read/store-state.ts',
        replace: 'for await (const page of this.store.list(options))',
        by: "for (const prefix of ['manifest/', 'log/'])\n      for await (const page of this.store.list({ ...options, prefix, startAfter: prefix }))",
      },
    ],
  },
  {
    mistake: 'search: take the first page of log and commits for all of them',
    patches: [
      {
        file: 'vectorlog/read/store-state.ts',
        replace: 'for await (const page of this.store.list(options))',
        by: 'for await (const page of [(await this.store.list(options)[Symbol.asyncIterator]().next()).value ?? []])',
      },
    ],
  },
  {
    mistake: 'search: forget the markers when the log is laid over the index',
    patches: [
      {
        file: 'vectorlog/read/view.ts',
        replace: "return marker ? { state: 'deleted', version: marker.version } : { state: 'absent' };",
        by: "return { state: 'absent' };",
      },
    ],
  },
  {
    mistake: 'forget the deletions in segments',
    patches: [
      {
        file: 'vectorlog/commit/tombstones.ts',
        replace: 'if (segment.has(key)) return',
        by: 'if (false) return',
      },
    ],
  },
  {
    mistake: 'ask the oldest segment of deletions first',
    patches: [
      {
        file: 'vectorlog/commit/tombstones.ts',
        replace: '[...this.#segments.values()].reverse()',
        by: '[...this.#segments.values()]',
      },
    ],
  },
  {
    mistake: 'name only the newest segment of deletions',
    patches: [
      {
        file: 'vectorlog/commit/tombstones.ts',
        replace: '[...known.tombstones, { name: segment, at: null }]',
        by: '[{ name: segment, at: null }]',
      },
    ],
  },
  {
    mistake: 'take segments of deletions for orphans',
    patches: [
      {
        file: 'vectorlog/commit/garbage.ts',
        replace: '    ...tombstones.map(({ name }) => name),\n',
        by: '',
      },
    ],
  },
  {
    mistake: 'search: join a refresh that has begun already',
    patches: [
      {
        file: 'vectorlog/read/follower.ts',
        replace: 'this.#next ??= this.#running.then(start, start);\n    return this.#next;',
        by: 'return start && this.#running;',
      },
    ],
  },
  {
    mistake: 'search: leave the row alive that the log has replaced',
    patches: [{ file: 'vectorlog/read/view.ts', replace: 'this.#live.delete(row);', by: '' }],
  },
  {
    mistake: 'search: give the memory of a tail back to others while searches use it',
    patches: [
      {
        file: 'vectorlog/read/tail.ts',
        replace: 'if (this.matrix.length <= Math.max(BLOCK_ROWS, 2 * kept)) return this;',
        by: 'this.matrix.close();',
      },
    ],
  },
  {
    mistake: 'take the end of an old version for a deletion of the picture',
    patches: [
      {
        file: 'pictures/ingest/messages.ts',
        replace: "op: 'look', key, version, ...(!versionId && { deleted: true as const })",
        by: "op: 'delete', key, version",
      },
    ],
  },
  {
    mistake: 'leave a picture in the index when its newest version went and the one before is a bad one',
    patches: [
      {
        file: 'pictures/ingest/ingest.ts',
        replace: 'KEPT_FROM_US.has(outcome.reason.code)',
        by: 'outcome.reason !== undefined',
      },
    ],
  },
  {
    mistake: 'search: take a file that has grown for a damaged one',
    patches: [
      {
        file: 'vectorlog/read/lineage.ts',
        replace: 'declared < this.#fileRows',
        by: 'declared !== this.#fileRows',
      },
    ],
  },
  {
    mistake: 'read the rows of a file to its end, and not to where the manifest says',
    patches: [
      {
        file: 'vectorlog/commit/base.ts',
        replace: '{ start, end: files.rowsBytes }',
        by: '{ start, end: (await store.head(files.rows))!.size }',
      },
    ],
  },
  {
    mistake: "forget deletions by the own clock, in place of the store's",
    patches: [
      {
        file: COMPACTION,
        replace: 'stillRemembered(some, committed.committedAt,',
        by: 'stillRemembered(some, clock.now(),',
      },
    ],
  },
  {
    mistake:
      'name thumbnails by their content alone: a picture that comes back shares that of the one before',
    patches: [
      {
        file: 'pictures/thumbnails/thumbnails.ts',
        replace: "eTag, version = '' }: KeyedRow): string {",
        by: "eTag }: KeyedRow): string {\n  const version = '';",
      },
    ],
  },
  {
    mistake: 'remove thumbnails that no picture has yet, however young',
    patches: [
      {
        file: 'pictures/thumbnails/kept.ts',
        replace: 'lastModified.getTime() < now - ORPHAN_AGE_MS &&',
        by: '',
      },
    ],
  },
  {
    mistake: 'take an index whose newest manifest is damaged for one that is yet to begin',
    patches: [
      {
        file: 'vectorlog/commit/compaction.ts',
        replace: 'return await this.#compact(listed, newest);',
        by: 'return await this.#compact(listed, newest.damage ? { committed: undefined, damage: undefined } : newest);',
      },
    ],
  },
  {
    mistake: 'rebuild: keep the lineage, so that readers take its rows for those of the new index',
    patches: [
      {
        file: 'pictures/maintenance/rebuild.ts',
        replace: 'lineage: ulid,',
        by: 'lineage: old?.manifest.lineage ?? ulid,',
      },
    ],
  },
];
