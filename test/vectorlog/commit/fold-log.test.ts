/** What folding makes of an index, without any store: which rows come and go, what is remembered, and what can be in it no more. */

import { describe, expect, it } from 'vitest';
import { KeyTable } from '../../../vectorlog/commit/base.ts';
import { foldAppends, readPortion } from '../../../vectorlog/commit/fold-log.ts';
import { LOG_LIMITS } from '../../../vectorlog/commit/limits.ts';
import type { Tombstone } from '../../../vectorlog/commit/manifest.ts';
import { Tombstones } from '../../../vectorlog/commit/tombstones.ts';
import type { LogRecord } from '../../../vectorlog/log/record.ts';
import { StoreUnavailable } from '../../../vectorlog/store/errors.ts';
import { MemoryStore } from '../../../vectorlog/testing/memory-store.ts';
import { putRecord } from '../../factories/log-records.ts';

const DIMENSIONS = 2;

/** An index with these rows. */
function tableOf(rows: readonly (readonly [key: string, version: string | undefined])[]): KeyTable {
  const table = new KeyTable();
  table.append(rows.map(([key, version]) => ({ key, version, eTag: `e${version}` })));
  return table;
}

const deletion = (key: string, version: string | undefined): LogRecord => ({ op: 'delete', key, version });

/** Folds one append; its rows are [0, 1], [2, 3], [4, 5]. */
const folded = (table: KeyTable, records: readonly LogRecord[], markers: readonly Tombstone[] = []) =>
  foldAppends(
    table,
    { markers, tombstones: Tombstones.NONE },
    [{ records, vectors: Float32Array.of(0, 1, 2, 3, 4, 5) }],
    DIMENSIONS,
  );

describe('folding the log', () => {
  it('adds what is new with its vector, and kills the row that it replaces', () => {
    const table = tableOf([
      ['a', '1'],
      ['b', '1'],
    ]);
    const { added, died, markers, dropped } = folded(table, [
      { ...putRecord('b', '2'), row: 1 } as LogRecord,
    ]);
    expect(added).toEqual([
      {
        entry: { key: 'b', version: '2', eTag: 'e2', attributes: {} },
        vector: Float32Array.of(2, 3),
      },
    ]);
    expect(died).toEqual([1]);
    expect(markers).toEqual([]);
    expect(dropped).toEqual([{ key: 'b', version: '1', eTag: 'e1' }]);
  });

  it('passes over what is older than the row that is there, which can be in the index no more', () => {
    const { added, died, markers, dropped } = folded(tableOf([['a', '5']]), [
      putRecord('a', '4'),
      deletion('a', '3'),
    ]);
    expect({ added, died, markers }).toEqual({ added: [], died: [], markers: [] });
    expect(dropped).toEqual([{ key: 'a', version: '4', eTag: 'e4' }]);
  });

  it('passes over a repetition, and drops nothing for it', () => {
    const { added, died, dropped } = folded(tableOf([['a', '5']]), [putRecord('a', '5')]);
    expect({ added, died, dropped }).toEqual({ added: [], died: [], dropped: [] });
  });

  it('remembers a deletion, and drops what it deletes and what is older', () => {
    const { added, died, markers, dropped } = folded(tableOf([['a', '1']]), [
      putRecord('a', '2'),
      deletion('a', '3'),
    ]);
    expect(added).toEqual([]);
    expect(died).toEqual([0]);
    expect(markers).toEqual([{ key: 'a', version: '3', at: null }]);
    expect(dropped).toEqual([
      { key: 'a', version: '2', eTag: 'e2' },
      { key: 'a', version: '1', eTag: 'e1' },
    ]);
  });

  it('keeps out a put that is older than a deletion that is remembered, and takes a newer one', () => {
    const marker = { key: 'a', version: '3', at: 7 };
    const older = folded(new KeyTable(), [putRecord('a', '2')], [marker]);
    expect({ added: older.added, markers: older.markers }).toEqual({ added: [], markers: [marker] });
    expect(older.dropped).toEqual([{ key: 'a', version: '2', eTag: 'e2' }]);
    const newer = folded(new KeyTable(), [putRecord('a', '4')], [marker]);
    expect(newer.added).toHaveLength(1);
    expect({ markers: newer.markers, dropped: newer.dropped }).toEqual({ markers: [], dropped: [] });
  });

  it('drops nothing where only comparisons speak, which have no order', () => {
    const basis = { state: 'live', version: undefined, eTag: 'eundefined' } as const;
    const { died, markers, dropped } = folded(tableOf([['a', undefined]]), [
      { op: 'delete', key: 'a', version: undefined, basis },
    ]);
    expect(died).toEqual([0]);
    expect(markers).toEqual([{ key: 'a', at: null }]);
    expect(dropped).toEqual([]);
  });

  it('drops a row without a version once an event of its key is known', () => {
    const { dropped } = folded(tableOf([['a', undefined]]), [putRecord('a', '1')]);
    expect(dropped).toEqual([{ key: 'a', version: undefined, eTag: 'eundefined' }]);
  });
});

describe('reading a portion of the log', () => {
  const waiting = [{ name: 'log/a', size: 10 }];

  it('goes on where an append is gone', async () => {
    const { appends, unreadable } = await readPortion(new MemoryStore(), waiting, DIMENSIONS, LOG_LIMITS);
    expect({ appends: appends.size, unreadable }).toEqual({ appends: 0, unreadable: [] });
  });

  it('fails where the store does, so that nothing is taken for gone', async () => {
    const store = new MemoryStore();
    store.get = async () => {
      throw new StoreUnavailable('away');
    };
    await expect(readPortion(store, waiting, DIMENSIONS, LOG_LIMITS)).rejects.toThrow(StoreUnavailable);
  });
});
