/** The plots of the page, by the names of their files. */

import { svg } from './plot.ts';
import type { Results } from './results.ts';

const ROWS = { name: 'rows in the index', isLogarithmic: true } as const;

/** Those whose parts were measured. */
export function plots({ growth, cold, cost, load }: Results): Record<string, string> {
  return {
    ...(growth && { 'time-against-rows.svg': timeAgainstRows(growth.figures) }),
    ...(cold && { 'cold-start-against-pictures.svg': coldStart(cold.figures) }),
    ...(cost && {
      'cost-against-pictures.svg': costAgainst('pictures', cost.figures),
      'cost-against-searches.svg': costAgainst('searches', cost.figures),
    }),
    ...(load && { 'freshness-under-load.svg': freshness(load.figures) }),
  };
}

function timeAgainstRows({ sizes }: NonNullable<Results['growth']>['figures']): string {
  const line = (name: string, of: (size: (typeof sizes)[number]) => number) => ({
    name,
    points: sizes.map((size) => [size.rows, of(size)] as const),
  });
  return svg({
    title: 'Time against rows, one machine',
    x: ROWS,
    y: { name: 'milliseconds', isLogarithmic: true },
    lines: [
      line('search', ({ searchMs }) => searchMs),
      line('refresh, 10 new', ({ refreshMs }) => refreshMs),
      line('compaction, 1,000 new', ({ compactMs }) => compactMs),
      line('first answer', ({ loadMs }) => loadMs),
    ],
  });
}

function coldStart({ coldStarts }: NonNullable<Results['cold']>['figures']): string {
  const starts = Object.values(coldStarts);
  return svg({
    title: 'Cold start against pictures, a network like that of Lambda',
    x: ROWS,
    y: { name: 'seconds', isLogarithmic: true },
    lines: [...new Set(starts.map(({ by }) => by))].map((by) => ({
      name: by === 'key' ? 'by key' : 'by picture',
      points: starts.filter((start) => start.by === by).map(({ rows, seconds }) => [rows, seconds] as const),
    })),
  });
}

/** Searches that the plot against pictures is for, and pictures that the plot against searches is for. */
export const COST_FIXED = { pictures: 100_000, searches: 100_000 } as const;

function costAgainst(
  what: 'pictures' | 'searches',
  { months }: NonNullable<Results['cost']>['figures'],
): string {
  const fixed = what === 'pictures' ? 'searches' : 'pictures';
  const shown = months.filter((month) => month[fixed] === COST_FIXED[fixed]);
  return svg({
    title: `Cost of a month against ${what}, ${COST_FIXED[fixed].toLocaleString('en')} ${fixed}`,
    x: { name: what, isLogarithmic: true },
    y: { name: 'US dollars a month', isLogarithmic: true },
    lines: Object.keys(shown[0]?.usd ?? {}).map((name) => ({
      name,
      points: shown.map((month) => [month[what], month.usd[name]!] as const),
    })),
  });
}

function freshness({ saturated }: NonNullable<Results['load']>['figures']): string {
  const { course } = saturated;
  return svg({
    title: 'From acknowledged to found, while searches run',
    x: { name: 'seconds since the first picture went in', isLogarithmic: false },
    y: { name: 'milliseconds', isLogarithmic: false },
    lines: [
      { name: 'median', points: course.map(({ second, p50 }) => [second, p50] as const) },
      { name: 'slowest', points: course.map(({ second, most }) => [second, most] as const) },
    ],
  });
}
