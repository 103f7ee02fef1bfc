/** Tests that an address says what a view shows, and that odd addresses still open something. */

import { describe, expect, it } from 'vitest';
import {
  DUPLICATES,
  formatRoute,
  HOME,
  libraryOf,
  parseRoute,
  type Route,
} from '../../console/route/route.ts';

describe('an address', () => {
  const routes: Route[] = [
    HOME,
    { ...HOME, query: { key: 'a b/ü?#&%.jpg' } },
    {
      view: 'search',
      query: { kept: '00ff' },
      crop: { x: 0.1, y: 0.25, width: 0.5, height: 0.3333 },
      also: [
        { key: 'b.jpg', away: false },
        { key: 'c.jpg', away: true },
      ],
      minScore: 0.6,
      prefix: 'holiday/',
      metadata: { album: 'beach & sea', year: '2026' },
      taken: { from: '2024-07-01', to: '2024-08-31' },
      changed: { from: '2025-01-01', to: '' },
      minWidth: 2_000,
      minHeight: 1_000,
      minBytes: 1_000_000,
      maxWidth: 6_000,
      maxHeight: 4_000,
      maxBytes: 10_000_000,
      centered: true,
    },
    libraryOf(),
    { view: 'library', prefix: 'a/b c/', find: 'beach & sea', order: 'largest' },
    { view: 'map', show: 'dir/a b.jpg' },
    { view: 'picture', key: 'dir/per cent %.png' },
    { view: 'duplicates', tier: 'alike', minScore: 0.95 },
    { view: 'duplicates', tier: 'likely', minScore: 0.97 },
    { view: 'status' },
  ];

  it.each(routes)('leads back to what it was made from: %j', (route) => {
    expect(parseRoute(formatRoute(route))).toEqual(route);
  });

  it('leaves out what is the default', () => {
    expect(formatRoute(HOME)).toBe('#/search');
    expect(formatRoute(DUPLICATES)).toBe('#/duplicates');
  });

  it.each([
    ['', HOME],
    ['#', HOME],
    ['#/nowhere', HOME],
    ['#/search?k=-1&min=7&crop=1,2', HOME],
    ['#/search?crop=0.5,0.5,0.6,0.5', HOME],
    ['#/search?crop=a,b,c,d', HOME],
    [
      '#/search?from=summer&to=2024-7&width=-5&height=1e9&bytes=-1&max-width=x&changed-to=x&centered=yes',
      HOME,
    ],
    ['#/picture', libraryOf()],
  ])('that makes no sense is taken for what is nearest: %s', (hash, route) => {
    expect(parseRoute(hash)).toEqual(route);
  });
});
