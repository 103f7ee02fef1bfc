/** Tests the lists that leave the page, and what is said of progress and of files that are not taken. */

import { describe, expect, it } from 'vitest';
import type { Stats } from '../../client/index.ts';
import { toCsv, toJson } from '../../console/selection/export.ts';
import { inWords, progressOf } from '../../console/status/progress.ts';
import { whyNot } from '../../console/uploads/picked-files.ts';
import { moved, WHOLE, zoomed } from '../../console/viewer/zoom.ts';

const picture = (key: string, metadata: Record<string, string> = {}) => ({
  key,
  url: 'https://signed.example/secret',
  lastModified: '2026-01-01T00:00:00.000Z',
  size: 7,
  metadata,
});

describe('a list of pictures', () => {
  it('is CSV that spreadsheets read and do not run', () => {
    const csv = toCsv([picture('=cmd|"x".jpg', { album: 'a,b' }), picture('b.jpg', { rating: '5' })]);
    const [head, first, second] = csv.split('\r\n');
    expect(head).toMatch(/^key,size,.*,album,rating$/);
    expect(first).toMatch(/^"'=cmd\|""x"".jpg",7,.*,"a,b",$/);
    expect(second).toMatch(/,,5$/);
  });

  it('is JSON without addresses that let anybody in', () => {
    expect(toJson([picture('a.jpg')])).not.toContain('secret');
  });
});

describe('progress', () => {
  const stats = (part: object) => part as unknown as Stats;

  it('says what remains, and for how long', () => {
    const progress = progressOf(stats({ indexing: { done: 1_240, total: 3_991, perSecond: 15 } }));
    expect(inWords(progress!)).toBe('1,240 of 3,991, about 4 minutes left');
  });

  it('says how much waits where nothing is counted', () => {
    expect(inWords(progressOf(stats({ queue: { waiting: 12, failed: 0 } }))!)).toBe('12 to index');
    expect(progressOf(stats({ queue: { waiting: 0, failed: 0 } }))).toBeUndefined();
    expect(progressOf(undefined)).toBeUndefined();
  });
});

describe('a file that is not taken', () => {
  it.each([
    ['logo.ai', '', 'Illustrator'],
    ['leaflet.pdf', 'application/pdf', 'PDF'],
    ['notes.txt', 'text/plain', 'not a picture'],
  ])('%s says why', (name, type, reason) => {
    expect(whyNot({ name, type })).toContain(reason);
  });

  it('is none of those that may be pictures', () => {
    expect(whyNot({ name: 'a.jpg', type: 'image/jpeg' })).toBeUndefined();
    expect(whyNot({ name: 'a.heic', type: '' })).toBeUndefined();
    expect(whyNot({ name: 'banner.psd', type: '' })).toBeUndefined();
    expect(whyNot({ name: 'IMG.CR2', type: 'image/x-canon-cr2' })).toBeUndefined();
  });
});

describe('a look at a picture', () => {
  it('stays on the point that it enlarges, and in the frame', () => {
    const look = zoomed(WHOLE, 4, 0.25, 0.25);
    expect((0.25 - look.x) / look.scale).toBeCloseTo(0.25, 10);
    expect(moved(look, 9, 9)).toEqual({ scale: 4, x: 1.5, y: 1.5 });
    expect(zoomed(look, 0.01)).toEqual(WHOLE);
  });
});
