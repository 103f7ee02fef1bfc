/** The fold rule: whatever the order, the highest version wins, and a backfill never undoes an event. */

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  ABSENT,
  compareVersions,
  fold,
  type KeyState,
  type LogRecord,
} from '../../../vectorlog/log/record.ts';

const put = (version: string | undefined, eTag: string, basis?: KeyState): LogRecord => ({
  op: 'put',
  key: 'k',
  version,
  eTag,
  ...(basis && { basis }),
  attributes: { size: 1, contentType: undefined, metadata: {}, lastModified: '2026-06-01T12:00:00.000Z' },
  row: 0,
});
const remove = (version: string | undefined, basis?: KeyState): LogRecord => ({
  op: 'delete',
  key: 'k',
  version,
  ...(basis && { basis }),
});

const foldAll = (records: readonly LogRecord[], from: KeyState = ABSENT): KeyState =>
  records.reduce((state, record) => fold(state, record) ?? state, from);

const number = fc.integer({ min: 0, max: 300 });
const hex = (value: number) => value.toString(16).toUpperCase().padStart(3, '0');
/** Events of one key: whether it is a put follows from the version, as one version is one event. */
const events = fc
  .array(number, { minLength: 1, maxLength: 8 })
  .map((numbers) => numbers.map((n) => (n % 3 === 0 ? remove(hex(n)) : put(hex(n), `e${n}`))));

describe('versions', () => {
  it('are aligned on the left, whatever their length and case', () => {
    fc.assert(
      fc.property(number, number, fc.nat(6), (a, b, zeros) => {
        const padded = hex(a).toLowerCase() + '0'.repeat(zeros);
        expect(Math.sign(compareVersions(padded, hex(b)))).toBe(Math.sign(a - b));
      }),
    );
    expect(compareVersions('FF', '100')).toBeGreaterThan(0);
    expect(compareVersions('0055AED6DD8', '0055AED6DD80')).toBe(0);
    expect(compareVersions('0055AED6DD80', '0055AED6DD8')).toBe(0);
    // Half a second later, written shorter.
    expect(compareVersions('0055AED6DD8', '0055AED6DCD90281E5')).toBeGreaterThan(0);
  });
});

describe('folding', () => {
  it('ends with the highest version, in any order and with any duplicates', () => {
    fc.assert(
      fc.property(
        events.chain((all) =>
          fc.tuple(fc.constant(all), fc.shuffledSubarray([...all, ...all], { minLength: 2 * all.length })),
        ),
        ([all, delivered]) => {
          const highest = Math.max(...all.map(({ version }) => Number.parseInt(version!, 16)));
          const expected: KeyState =
            highest % 3 === 0
              ? { state: 'deleted', version: hex(highest) }
              : { state: 'live', version: hex(highest), eTag: `e${highest}` };
          expect(foldAll(delivered)).toEqual(expected);
        },
      ),
    );
  });

  const states: readonly KeyState[] = [
    ABSENT,
    { state: 'live', version: '10', eTag: 'one' },
    { state: 'live', version: '10', eTag: 'other' },
    { state: 'live', version: '11', eTag: 'one' },
    { state: 'live', version: undefined, eTag: 'one' },
    { state: 'deleted', version: '10' },
    { state: 'deleted', version: '11' },
    { state: 'deleted', version: undefined },
  ];
  it.each(states.flatMap((known) => states.map((seen) => [known, seen] as const)))(
    'of what is %o applies what was asked for when it was %o only if they are the same',
    (known, seen) => {
      const applies = fold(known, put(undefined, 'new', seen)) !== undefined;
      expect(applies).toBe(states.indexOf(known) === states.indexOf(seen));
    },
  );

  it('lets a backfill apply only where the key is as it saw it', () => {
    const seen: KeyState = { state: 'live', version: '10', eTag: 'old' };
    const found = put(undefined, 'new', seen);
    expect(fold(seen, found)).toEqual({ state: 'live', version: '10', eTag: 'new' });
    expect(fold({ ...seen, version: '11' }, found)).toBeUndefined();
    expect(fold({ ...seen, eTag: 'other' }, found)).toBeUndefined();
    expect(fold({ state: 'deleted', version: '10' }, found)).toBeUndefined();
    expect(fold(ABSENT, found)).toBeUndefined();
    expect(fold(seen, remove(undefined, seen))).toEqual({ state: 'deleted', version: '10' });
  });

  it('keeps old events old after a backfill has replaced what they wrote', () => {
    const seen: KeyState = { state: 'live', version: '10', eTag: 'old' };
    const after = foldAll([put(undefined, 'new', seen), put('09', 'older'), put('10', 'old')], seen);
    expect(after).toEqual({ state: 'live', version: '10', eTag: 'new' });
    expect(foldAll([put('11', 'newest')], after)).toMatchObject({ eTag: 'newest' });
  });

  it('gives an event the last word over a backfill, whichever comes first', () => {
    const found = put(undefined, 'found', ABSENT);
    const event = put('10', 'event');
    expect(foldAll([found, event])).toEqual(foldAll([event, found]));
    expect(foldAll([remove('10'), found])).toEqual({ state: 'deleted', version: '10' });
  });
});
