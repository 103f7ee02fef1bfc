/** Many deletions: manifests stay small, and every deletion is remembered for its hour by all who ask. */

import { beforeEach, describe, expect, it } from 'vitest';
import { Compactor } from '../../../vectorlog/commit/compaction.ts';
import { IndexDamaged } from '../../../vectorlog/commit/errors.ts';
import { knownKeys } from '../../../vectorlog/commit/key-states.ts';
import { LOG_LIMITS, type LogLimits } from '../../../vectorlog/commit/limits.ts';
import { latestManifest } from '../../../vectorlog/commit/newest-manifest.ts';
import { decodeSegment, spill, Tombstones } from '../../../vectorlog/commit/tombstones.ts';
import { writeAppend } from '../../../vectorlog/log/append-log.ts';
import type { LogRecord } from '../../../vectorlog/log/record.ts';
import { silentLogger } from '../../../vectorlog/logger.ts';
import { manifestName } from '../../../vectorlog/names.ts';
import { LiveIndex } from '../../../vectorlog/read/live-index.ts';
import type { ObjectStore } from '../../../vectorlog/store/object-store.ts';
import { MemoryStore } from '../../../vectorlog/testing/memory-store.ts';
import { countingStore } from '../../factories/counting-store.ts';
import { putRecord as put } from '../../factories/log-records.ts';
import { movableClock } from '../../factories/movable-clock.ts';

const DIMENSIONS = 32;
const MINUTE = 60_000;
const clock = movableClock();
let store: MemoryStore;
let compactor: Compactor;

const compactorOf = (index: ObjectStore, limits: Partial<LogLimits> = {}) =>
  new Compactor({ index, modelId: 'm', dimensions: DIMENSIONS, clock, logger: silentLogger, limits });

beforeEach(() => {
  store = new MemoryStore({ clock });
  compactor = compactorOf(store);
});

async function append(...records: LogRecord[]): Promise<void> {
  const vectors = new Float32Array(records.some(({ op }) => op === 'put') ? DIMENSIONS : 0);
  if (vectors.length > 0) vectors[0] = 1;
  await writeAppend(store, clock, { records, vectors }, DIMENSIONS);
}

const deletions = (from: number, count: number): LogRecord[] =>
  Array.from({ length: count }, (_, i) => ({ op: 'delete', key: `gone ${from + i}`, version: '50' }));

async function manifest() {
  const { manifest } = (await latestManifest(store))!;
  const { body } = await store.get(manifestName(manifest.generation));
  return { ...manifest, bytes: body.byteLength };
}

/** What a search and a comparison know of a key. */
async function seen(key: string): Promise<string | undefined> {
  const reader = new LiveIndex({
    store,
    clock,
    logger: silentLogger,
    dimensions: DIMENSIONS,
    budgetBytes: 2 ** 30,
  });
  const bySearch = await reader.read('strong', (view) => view.find(key)?.eTag);
  let byComparison: string | undefined;
  for await (const known of knownKeys(store))
    if (known.key === key && known.state.state === 'live') byComparison = known.state.eTag;
  expect(byComparison).toBe(bySearch);
  return bySearch;
}

describe('deletions past what a manifest holds', () => {
  it('go into segments: 20,000 in five commits leave a small manifest, and each is remembered', async () => {
    for (let i = 0; i < 5; i++) {
      await append(...deletions(i * 4_000, 4_000));
      await compactor.run();
    }
    const { bytes, markers, tombstones } = await manifest();
    expect(markers).toHaveLength(0);
    expect(tombstones).toHaveLength(5);
    expect(bytes).toBeLessThan(LOG_LIMITS.tombstonesInManifest * 100);

    await append(put('gone 0', '4F'), put('gone 19999', '4F'), put('gone 7', '51'));
    expect(await seen('gone 0')).toBeUndefined();
    expect(await seen('gone 19999')).toBeUndefined();
    expect(await seen('gone 7')).toBe('e51');
    await compactor.run();
    expect(await seen('gone 0')).toBeUndefined();
    expect(await seen('gone 7')).toBe('e51');
  });

  it('are overruled by later ones, and by rows', async () => {
    compactor = compactorOf(store, { tombstonesInManifest: 0 });
    await append({ op: 'delete', key: 'a', version: '50' });
    await compactor.run();
    await append(put('a', '60'));
    await compactor.run();
    expect(await seen('a')).toBe('e60');
    await append({ op: 'delete', key: 'a', version: '70' });
    await compactor.run();
    expect((await manifest()).tombstones).toHaveLength(2);
    await append(put('a', '65'));
    expect(await seen('a')).toBeUndefined();
    await compactor.run();
    expect(await seen('a')).toBeUndefined();
  });

  it('are read once by a compactor that goes on', async () => {
    await append(...deletions(0, 1_001));
    await compactor.run();
    const segment = (await manifest()).tombstones![0]!.name;
    const counting = countingStore(store);
    const other = compactorOf(counting);
    for (const key of ['x', 'y', 'z']) {
      await append(put(key, '60'));
      await other.run();
    }
    expect(counting.calls.filter(({ method, key }) => method === 'get' && key === segment)).toHaveLength(1);
  });

  it('are forgotten after their hour, segment and all', async () => {
    await append(...deletions(0, 1_001));
    await compactor.run();
    const segment = (await manifest()).tombstones![0]!.name;
    await append(put('x', '60'));
    await compactor.run();
    expect((await manifest()).tombstones).toHaveLength(1);
    clock.skip(LOG_LIMITS.tombstoneMs + MINUTE);
    for (const key of ['y', 'z']) {
      await append(put(key, '60'));
      await compactor.run();
    }
    expect((await manifest()).tombstones).toHaveLength(0);
    expect(await store.head(segment)).toBeDefined();
    clock.skip(LOG_LIMITS.replacedGraceMs + MINUTE);
    await append(put('x', '61'));
    await compactor.run();
    await compactor.run();
    expect(await store.head(segment)).toBeUndefined();
  });
});

describe('a segment', () => {
  const at = null;

  it('keeps deletions with and without a version, and the latest of a key counts', async () => {
    const first = await spill(
      store,
      {
        markers: [
          { key: 'a', at },
          { key: 'b', version: '10', at },
        ],
        tombstones: [],
      },
      1,
      () => 'segment-1',
    );
    expect(first).toEqual({ markers: [], tombstones: [{ name: 'segment-1', at }] });
    const second = await spill(
      store,
      { ...first, markers: [{ key: 'b', version: '20', at }] },
      0,
      () => 'segment-2',
    );
    const kept = {
      ...second,
      markers: [
        { key: 'a', version: '30', at },
        { key: 'c', at },
      ],
    };
    expect(await spill(store, kept, 2, () => 'no segment')).toBe(kept);

    const tombstones = await Tombstones.read(store, kept);
    expect(['a', 'b', 'c', 'd'].map((key) => tombstones.get(key))).toEqual([
      { version: '30' },
      { version: '20' },
      { version: undefined },
      undefined,
    ]);
    expect([...tombstones.all()].sort()).toEqual([
      ['a', '30'],
      ['b', '20'],
      ['c', undefined],
    ]);
    expect((await store.get('segment-1')).contentType).toBe('application/json');
  });

  it.each([
    ['cut off', '[["a"'],
    ['no list', '{"a":"1"}'],
    ['one entry that is none', '[["a","1"],[2,"1"]]'],
    ['an empty entry', '[null]'],
    ['one version that is none', '[["a","1"],["b",2]]'],
  ])('that is damaged is refused by its name: %s', (_, json) => {
    expect(() => decodeSegment('segment-3', Buffer.from(json))).toThrow(IndexDamaged);
    expect(() => decodeSegment('segment-3', Buffer.from(json))).toThrow('segment-3');
  });
});
