/** The base of a commit: what it says of each key, and when what is in memory may be built on. */

import { beforeEach, describe, expect, it } from 'vitest';
import { type Base, grown, KeyTable, loadBase } from '../../../vectorlog/commit/base.ts';
import { IndexDamaged } from '../../../vectorlog/commit/errors.ts';
import { encodeDead, encodeRow } from '../../../vectorlog/commit/file-formats.ts';
import type { Committed, Manifest } from '../../../vectorlog/commit/manifest.ts';
import { Bitset } from '../../../vectorlog/scan/bitset.ts';
import { MemoryStore } from '../../../vectorlog/testing/memory-store.ts';
import { type CountingStore, countingStore } from '../../factories/counting-store.ts';

const row = (key: string, version = '1') => ({ key, version, eTag: `e${version}` });
const ABSENT = { state: 'absent' };

/** The bitset of a number of rows in which these are dead. */
function deadOf(rows: number, ...dead: readonly number[]): Bitset {
  const bits = new Bitset(rows);
  for (const each of dead) bits.add(each);
  return bits;
}

describe('a table of keys', () => {
  it('says what is known of each key', () => {
    const table = new KeyTable();
    table.append([row('a', '1'), row('b', '2')]);
    expect(table.rows).toBe(2);
    expect(table.rowOf('b')).toBe(1);
    expect(table.at(0)).toEqual({ key: 'a', version: '1', eTag: 'e1' });
    expect(table.stateOf('b')).toEqual({ state: 'live', version: '2', eTag: 'e2' });
    expect(table.stateOf('c')).toEqual(ABSENT);
  });

  it('knows nothing of a key whose row died, and the row that came in its place', () => {
    const table = new KeyTable();
    table.append([row('a', '1'), row('b', '1')]);
    table.setDead(deadOf(3, 0, 1));
    table.append([row('b', '2')]);
    expect(table.live).toBe(1);
    expect(table.stateOf('a')).toEqual(ABSENT);
    expect(table.rowOf('b')).toBe(2);
    expect(table.at(1)).toEqual({ key: 'b', version: '1', eTag: 'e1' });
  });

  it('knows a key still whose earlier row dies after the later one came', () => {
    const table = new KeyTable();
    table.append([row('a', '1'), row('a', '2')]);
    table.setDead(deadOf(2, 0));
    expect(table.stateOf('a')).toEqual({ state: 'live', version: '2', eTag: 'e2' });
  });

  it('without its dead rows has the same keys in the same order', () => {
    const table = new KeyTable();
    table.append([row('a'), row('b'), row('c')]);
    table.setDead(deadOf(3, 1));
    const { rows, live, dead } = table.withoutDead();
    expect({ rows, live, dead: [0, 1].filter((i) => dead.has(i)) }).toEqual({ rows: 2, live: 2, dead: [] });
    expect(table.withoutDead().rowOf('c')).toBe(1);
  });
});

it('a bitset grows with its bits, and shrinks to what fits', () => {
  const bits = deadOf(20, 3, 17);
  const members = (of: Bitset, length: number) =>
    Array.from({ length }, (_, i) => i).filter((i) => of.has(i));
  expect(members(grown(bits, 40), 40)).toEqual([3, 17]);
  expect(members(grown(bits, 8), 8)).toEqual([3]);
});

describe('the base of a commit', () => {
  let store: CountingStore;

  beforeEach(() => {
    store = countingStore(new MemoryStore());
  });

  /** Writes the files of an index and says that they are committed. */
  async function committed(
    generation: number,
    rows: readonly ReturnType<typeof row>[],
    dead: readonly number[] = [],
    changes: Partial<Manifest> = {},
  ): Promise<Committed> {
    const lines = Buffer.from(rows.map((each) => encodeRow({ ...each, attributes: {} })).join(''));
    const [rowsFile, deadFile] = [`rows-${generation}`, `dead-${generation}`];
    await store.put(rowsFile, lines);
    await store.put(deadFile, encodeDead(deadOf(rows.length, ...dead)));
    return {
      generation,
      eTag: `manifest-${generation}`,
      committedAt: generation,
      manifest: {
        format: 1,
        generation,
        modelId: 'm',
        createdAt: '',
        lineage: 'l',
        rows: rows.length,
        live: rows.length - dead.length,
        files: { faiss: 'f', rows: rowsFile, rowsBytes: lines.length, dead: deadFile },
        folded: [],
        markers: [],
        replaced: [],
        ...changes,
      },
    };
  }

  const states = ({ table }: Base, ...keys: string[]) => keys.map((key) => table.stateOf(key).state);
  it('is read whole where nothing is in memory', async () => {
    const first = await committed(1, [row('a'), row('b')], [0]);
    const base = await loadBase(store, first, undefined, [first]);
    expect(base.committed).toBe(first);
    expect(states(base, 'a', 'b')).toEqual(['absent', 'live']);
  });

  it('is what is in memory and the rows that came since, of the same history', async () => {
    const first = await committed(1, [row('a'), row('b')]);
    const warm = await loadBase(store, first, undefined, [first]);
    const second = await committed(2, [row('a'), row('b'), row('c')], [0]);
    store.calls.length = 0;
    const base = await loadBase(store, second, warm, [first, second]);
    expect(store.bytesRead()).toBe(encodeRow({ ...row('c'), attributes: {} }).length + 1);
    expect(base.table).toBe(warm.table);
    expect(base.committed).toBe(second);
    expect(states(base, 'a', 'b', 'c')).toEqual(['absent', 'live', 'live']);
  });

  it('is what is in memory, and nothing is read, where that is the commit', async () => {
    const first = await committed(1, [row('a')]);
    const warm = await loadBase(store, first, undefined, [first]);
    store.calls.length = 0;
    expect((await loadBase(store, first, warm, [first])).table).toBe(warm.table);
    expect(store.calls).toEqual([]);
  });

  it('is read anew in another lineage', async () => {
    const first = await committed(1, [row('a'), row('b')]);
    const warm = await loadBase(store, first, undefined, [first]);
    const second = await committed(2, [row('b')], [], { lineage: 'other' });
    const base = await loadBase(store, second, warm, [first, second]);
    expect(states(base, 'a', 'b')).toEqual(['absent', 'live']);
  });

  it('is read anew where the commit in memory is not in the list any more, or another has its number', async () => {
    const first = await committed(2, [row('a')]);
    const warm = await loadBase(store, first, undefined, [first]);
    const later = await committed(3, [row('b'), row('c')]);
    for (const listed of [
      [later],
      [{ ...first, eTag: 'another' }, later],
      [{ ...first, generation: 1 }, later],
    ]) {
      const base = await loadBase(store, later, warm, listed);
      expect(base.table).not.toBe(warm.table);
      expect(states(base, 'a', 'b', 'c')).toEqual(['absent', 'live', 'live']);
    }
  });

  it('is read anew where the commit in memory is later than the newest that can be read', async () => {
    const first = await committed(1, [row('a')]);
    const second = await committed(2, [row('a'), row('b')]);
    const warm = await loadBase(store, second, undefined, [first, second]);
    const base = await loadBase(store, first, warm, [first, second]);
    expect(states(base, 'a', 'b')).toEqual(['live', 'absent']);
  });

  it('is damaged where rows or live keys are not as many as the manifest says', async () => {
    const fewer = await committed(1, [row('a'), row('b')], [], { rows: 3, live: 3 });
    await store.put(fewer.manifest.files.dead, encodeDead(new Bitset(3)));
    await expect(loadBase(store, fewer, undefined, [fewer])).rejects.toThrow(
      new IndexDamaged('rows-1', 'it has 2 rows and not 3'),
    );
    const twice = await committed(2, [row('a'), row('a')]);
    await expect(loadBase(store, twice, undefined, [twice])).rejects.toThrow(
      new IndexDamaged('rows-2', '1 keys are live and not 2'),
    );
  });
});
