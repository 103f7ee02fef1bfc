import { describe, expect, it } from 'vitest';
import { passOverAll, Sequencer } from '../../local/sequencer.ts';
import { writeRejection } from '../../pictures/ingest/rejections.ts';
import { knownKeys } from '../../vectorlog/commit/key-states.ts';
import { compareVersions } from '../../vectorlog/log/record.ts';
import { library } from '../factories/library.ts';

describe('Sequencer', () => {
  it('gives 18 upper-case hexadecimal digits, as S3 does', () => {
    const sequencer = new Sequencer({ now: () => Date.UTC(2026, 0, 1) });

    expect(sequencer.next()).toMatch(/^[0-9A-F]{18}$/);
  });

  it('grows within a millisecond, with time, and when the clock is set back', () => {
    let now = 1_000_000;
    const sequencer = new Sequencer({ now: () => now });
    const given = [sequencer.next(), sequencer.next()];
    now += 1;
    given.push(sequencer.next());
    now -= 500_000;
    given.push(sequencer.next());

    for (let i = 1; i < given.length; i++) expect(compareVersions(given[i - 1]!, given[i]!)).toBeLessThan(0);
  });

  it('sorts after versions that an earlier run gave out, also longer ones', () => {
    const sequencer = new Sequencer({ now: () => 1 });
    sequencer.passOver('00FFFFFFFFFFFFFFFFFFFF');
    sequencer.passOver('0A');

    expect(compareVersions(sequencer.next(), '00FFFFFFFFFFFFFFFFFFFF')).toBeGreaterThan(0);
  });
});

it('passes over every version of an index, those of deleted and of rejected pictures included', async () => {
  const { index, append, compact } = library();
  await append({ put: 'a.jpg' }, { put: 'b.jpg' });
  await append({ delete: 'b.jpg' });
  await compact();
  await append({ put: 'c.jpg' }, { delete: 'c.jpg' });
  const known: string[] = [];
  for await (const { state } of knownKeys(index)) if (state.version) known.push(state.version);

  const version = 'FFFFFFFFFFFFFFFF00';
  const about = { eTag: 'any', size: 4, reason: 'it is text', at: '2026-01-01T00:00:00Z' };
  await writeRejection(index, { ...about, key: 'd.jpg', version, code: 'not-an-image' });
  known.push(version);

  const sequencer = new Sequencer({ now: () => 0 });
  await passOverAll(sequencer, index);

  const next = sequencer.next();
  expect(known).toHaveLength(4);
  for (const version of known) expect(compareVersions(next, version)).toBeGreaterThan(0);
});
