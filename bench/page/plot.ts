/** Plots as SVG: lines over two axes, linear or logarithmic, that read well before a light and a dark page. */

export interface Line {
  readonly name: string;
  readonly points: readonly (readonly [x: number, y: number])[];
}

export interface Plot {
  readonly title: string;
  readonly x: Axis;
  readonly y: Axis;
  readonly lines: readonly Line[];
}

interface Axis {
  /** With its unit. */
  readonly name: string;
  readonly isLogarithmic: boolean;
}

const WIDTH = 740;
const HEIGHT = 400;
const MARGIN = { top: 40, right: 220, bottom: 56, left: 72 };
/** Told apart by those who see no red or green, too (Okabe and Ito). */
const COLOURS = ['#0072b2', '#d55e00', '#009e73', '#cc79a7', '#e69f00', '#56b4e9'];
const TICKS = 5;

export function svg({ title, x, y, lines }: Plot): string {
  const all = lines.flatMap(({ points }) => points);
  const across = scale(
    x,
    all.map(([value]) => value),
    MARGIN.left,
    WIDTH - MARGIN.right,
  );
  const up = scale(
    y,
    all.map(([, value]) => value),
    HEIGHT - MARGIN.bottom,
    MARGIN.top,
  );
  const parts = [
    `<title>${escaped(title)}</title>`,
    `<text x="${MARGIN.left}" y="22" font-size="15" font-weight="bold">${escaped(title)}</text>`,
    ...across.ticks.map(
      (tick) =>
        `<line x1="${across.at(tick)}" x2="${across.at(tick)}" y1="${MARGIN.top}" y2="${HEIGHT - MARGIN.bottom}" stroke="#8884"/>` +
        `<text x="${across.at(tick)}" y="${HEIGHT - MARGIN.bottom + 18}" text-anchor="middle">${short(tick)}</text>`,
    ),
    ...up.ticks.map(
      (tick) =>
        `<line x1="${MARGIN.left}" x2="${WIDTH - MARGIN.right}" y1="${up.at(tick)}" y2="${up.at(tick)}" stroke="#8884"/>` +
        `<text x="${MARGIN.left - 8}" y="${up.at(tick) + 4}" text-anchor="end">${short(tick)}</text>`,
    ),
    `<text x="${(MARGIN.left + WIDTH - MARGIN.right) / 2}" y="${HEIGHT - 14}" text-anchor="middle">${escaped(x.name)}</text>`,
    `<text transform="translate(16 ${(MARGIN.top + HEIGHT - MARGIN.bottom) / 2}) rotate(-90)" text-anchor="middle">${escaped(y.name)}</text>`,
    ...lines.flatMap(({ name, points }, i) => {
      const colour = COLOURS[i % COLOURS.length]!;
      const places = points.map(([px, py]) => [across.at(px), up.at(py)] as const);
      return [
        `<polyline fill="none" stroke="${colour}" stroke-width="2" points="${places.map((place) => place.join(',')).join(' ')}"/>`,
        ...(places.length > 30
          ? []
          : places.map(([cx, cy]) => `<circle cx="${cx}" cy="${cy}" r="3" fill="${colour}"/>`)),
        `<text x="${WIDTH - MARGIN.right + 14}" y="${MARGIN.top + 14 + i * 20}" fill="${colour}">${escaped(name)}</text>`,
      ];
    }),
  ];
  return (
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${HEIGHT}" width="${WIDTH}" height="${HEIGHT}" font-family="sans-serif" font-size="12" fill="#888">\n` +
    `${parts.join('\n')}\n</svg>\n`
  );
}

/** Where the values of an axis stand between two places, and the values that are written at it. */
function scale({ isLogarithmic }: Axis, values: readonly number[], from: number, to: number) {
  const turned = (value: number) => (isLogarithmic ? Math.log10(value) : value);
  const known = values.filter((value) => !isLogarithmic || value > 0).map(turned);
  const low = isLogarithmic ? Math.floor(Math.min(...known)) : 0;
  const step = isLogarithmic ? 1 : roundStep(Math.max(...known, Number.MIN_VALUE) / TICKS);
  const high = Math.max(low + step, Math.ceil(Math.max(...known) / step) * step);
  const count = Math.round((high - low) / step);
  return {
    at: (value: number): number => {
      const share = (Math.max(low, turned(value)) - low) / (high - low);
      return Math.round(10 * (from + share * (to - from))) / 10;
    },
    ticks: Array.from({ length: count + 1 }, (_, i) =>
      isLogarithmic ? 10 ** (low + i) : Number((low + i * step).toPrecision(12)),
    ),
  };
}

/** The next larger of 1, 2, 5, 10, 20, ... */
function roundStep(least: number): number {
  const power = 10 ** Math.floor(Math.log10(least));
  return power * ([1, 2, 5, 10].find((digit) => digit * power >= least) ?? 10);
}

const short = (value: number): string =>
  value.toLocaleString('en', { notation: 'compact', maximumSignificantDigits: 3 });

const escaped = (text: string): string =>
  text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
