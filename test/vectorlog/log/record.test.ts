/** Entries as they stand in files, and the versions of states. */

import { describe, expect, it } from 'vitest';
import {
  ABSENT,
  compareVersions,
  flatten,
  unflatten,
  versionAfter,
  versionOf,
} from '../../../vectorlog/log/record.ts';

const entry = { key: 'a', version: '1F', eTag: 'e', attributes: { size: 3, note: 'x' } };

describe('an entry', () => {
  it('stands flat in a file, the key first, and comes back', () => {
    const flat = flatten(entry);
    expect(Object.keys(flat)).toEqual(['key', 'version', 'eTag', 'size', 'note']);
    expect(unflatten(flat)).toEqual(entry);
    expect(unflatten({ ...flat, version: undefined }).version).toBeUndefined();
  });

  it.each(['key', 'version', 'eTag', 'op', 'row', 'basis'])(
    'has no attribute by the name of the field %s',
    (name) => {
      expect(() => flatten({ ...entry, attributes: { [name]: 1 } })).toThrow(
        new RangeError(`"${name}" cannot be the name of an attribute`),
      );
      const { attributes } = unflatten({ key: 'a', eTag: 'e', size: 3, version: 'v', [name]: 'b' });
      expect(attributes).toEqual({ size: 3 });
    },
  );

  it.each([
    ['no key', { eTag: 'e' }, 'no key or no eTag'],
    ['a key that is a number', { key: 1, eTag: 'e' }, 'no key or no eTag'],
    ['no eTag', { key: 'a' }, 'no key or no eTag'],
    ['a version that is a number', { key: 'a', eTag: 'e', version: 1 }, 'its version is no text'],
  ])('is refused with %s', (_, flat, message) => {
    expect(() => unflatten(flat)).toThrow(new TypeError(message));
  });
});

describe('a version', () => {
  it('is that of the event, or the one that a comparison knew', () => {
    const basis = { state: 'live', version: '2', eTag: 'e' } as const;
    expect(versionAfter({ version: '1', basis })).toBe('1');
    expect(versionAfter({ version: undefined, basis })).toBe('2');
    expect(versionAfter({ version: undefined, basis: ABSENT })).toBeUndefined();
    expect(versionAfter({ version: undefined })).toBeUndefined();
    expect(versionOf({ state: 'deleted', version: '3' })).toBe('3');
    expect(versionOf(ABSENT)).toBeUndefined();
  });

  it.each([
    ['1', '1', 0],
    ['1', '10', 0],
    ['ab', 'AB', 0],
    ['1', '2', -1],
    ['2', '1', 1],
    ['19', '2', -1],
    ['2', '19', 1],
    ['', '0', 0],
    ['', '1', -1],
  ])('%j compared with %j is %i', (a, b, expected) => {
    expect(compareVersions(a, b)).toBe(expected);
  });
});
