/** What all stores share: ranges and the memory they are read into, metadata, and looking a key up. */

import { describe, expect, it } from 'vitest';
import { ObjectOutOfReach, ObjectUnreadable, StoreUnavailable } from '../../../vectorlog/store/errors.ts';
import {
  assertKey,
  assertWithin,
  compareKeys,
  type ListOptions,
  lookUp,
  lookUpIfInReach,
  normalMetadata,
  type ObjectInfo,
  rangeLength,
  targetOf,
} from '../../../vectorlog/store/object-store.ts';

describe('a key', () => {
  it.each([
    ['', 'it is empty'],
    ['a\ud800', 'it is not well-formed Unicode'],
    ['é'.repeat(513), 'it has 1026 bytes of UTF-8, and 1024 are the most'],
  ])('that no store takes says why (%#)', (key, reason) => {
    expect(() => assertKey(key)).toThrow(`cannot be an object key: ${reason}`);
  });

  it('may have 1,024 bytes', () => {
    expect(() => assertKey('é'.repeat(512))).not.toThrow();
  });

  it('stands before those whose bytes come after its own', () => {
    const inOrder = [
      '',
      'a',
      'a\0',
      'aa',
      'b',
      '\ud7ff',
      '\ue000',
      '\uffff',
      '\u{10000}',
      '\u{103fe}',
      '\u{103ff}',
      '\u{10ffff}',
    ];
    for (const [i, a] of inOrder.entries())
      for (const [j, b] of inOrder.entries())
        expect(Math.sign(compareKeys(a, b)), `${i} and ${j}`).toBe(Math.sign(i - j));
  });
});

describe('the memory of a read', () => {
  it('is new, as long as the range, or that of the caller', () => {
    expect(targetOf({ start: 3, end: 7 }, undefined)).toEqual(new Uint8Array(4));
    expect(targetOf({ start: 3, end: 3 }, undefined)).toHaveLength(0);
    const own = new Uint8Array(4);
    expect(targetOf({ start: 3, end: 7 }, own)).toBe(own);
    expect(rangeLength({ start: 3, end: 7 })).toBe(4);
  });

  it.each([
    [4, 3, 'not a byte range: 4 to 3'],
    [-1, 3, 'not a byte range: -1 to 3'],
    [0.5, 3, 'not a byte range: 0.5 to 3'],
    [0, 3.5, 'not a byte range: 0 to 3.5'],
    [0, 2 ** 53, 'not a byte range: 0 to 9007199254740992'],
  ])('is none for %d to %d', (start, end, message) => {
    expect(() => targetOf({ start, end }, undefined)).toThrow(new RangeError(message));
  });

  it('is not that of a caller who brings another length', () => {
    expect(() => targetOf({ start: 3, end: 7 }, new Uint8Array(5))).toThrow(
      new RangeError('a target of 5 bytes for a range of 4'),
    );
  });

  it('is filled from an object that ends where the range does, and not before', () => {
    expect(() => assertWithin('k', { start: 0, end: 10 }, 10)).not.toThrow();
    expect(() => assertWithin('k', { start: 10, end: 11 }, 10)).toThrow(
      '"k" is shorter than the range asked for',
    );
  });
});

it('metadata has names in lower case', () => {
  expect(normalMetadata({ Owner: 'Ada', b: 'C' })).toEqual({ owner: 'Ada', b: 'C' });
  expect(normalMetadata()).toEqual({});
});

describe('looking a key up', () => {
  const info = (key: string): ObjectInfo => ({ key, size: 3, eTag: `e-${key}`, lastModified: new Date(0) });
  /** A store that keeps heads from us, and lists `keys`. */
  const storeOf = (keys: readonly string[], failure?: Error) => {
    const asked: ListOptions[] = [];
    const head = async () => {
      if (failure) throw failure;
      return undefined;
    };
    async function* list(options: ListOptions) {
      asked.push(options);
      if (keys.length > 0) yield keys.map(info);
    }
    return { store: { head, list }, asked };
  };
  const unreadable = new ObjectUnreadable('k', 'forbidden', 'no permission');

  it('asks for its head, and for nothing else where that is given', async () => {
    const { store, asked } = storeOf(['k']);
    expect(await lookUp(store, 'k')).toBeUndefined();
    expect(asked).toEqual([]);
  });

  it('asks a list where the head is kept from us', async () => {
    const { store, asked } = storeOf(['k'], unreadable);
    expect(await lookUp(store, 'k')).toEqual(info('k'));
    expect(asked).toEqual([{ prefix: 'k', pageSize: 1 }]);
    expect(await lookUp(storeOf(['k2'], unreadable).store, 'k')).toBeUndefined();
    expect(await lookUp(storeOf([], unreadable).store, 'k')).toBeUndefined();
  });

  it('passes on what is wrong with the store', async () => {
    const failure = new StoreUnavailable('down');
    const { store, asked } = storeOf(['k'], failure);
    await expect(lookUp(store, 'k')).rejects.toBe(failure);
    await expect(lookUpIfInReach(store, 'k')).rejects.toBe(failure);
    expect(asked).toEqual([]);
  });

  it('says that a key is out of reach only to those who ask', async () => {
    const failure = new ObjectOutOfReach('k');
    await expect(lookUp(storeOf([], failure).store, 'k')).rejects.toBe(failure);
    expect(await lookUpIfInReach(storeOf([], failure).store, 'k')).toBe('out-of-reach');
    expect(await lookUpIfInReach(storeOf(['k'], unreadable).store, 'k')).toEqual(info('k'));
  });
});
