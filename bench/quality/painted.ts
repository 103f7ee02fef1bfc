/** Pictures that a program paints, the same ones in every run: landscapes at several moments, garments in several colours. */

import sharp from 'sharp';
import { numbers, type Source } from './source.ts';

/**
 * A landscape: sky, hills, a town or trees, light and grain, no two seeds alike.
 *
 * @param moment another one shows the same place a moment later, as the next photo of a burst does: seen from a little
 *   beside, so that what is near moves more than what is far; some things have gone elsewhere; and the grain is another
 */
export const painted = (seed: number, moment = 0): Source => ({
  name: moment === 0 ? `painted/${seed}` : `painted/${seed} moment ${moment}`,
  kind: 'painted',
  family: `painted/${seed}`,
  read: async () => {
    const next = numbers(seed * 7919 + 17);
    const later = numbers(seed * 104_729 + moment * 31 + 5);
    const [w, h] = next() < 0.5 ? [640, 480] : [480, 640];
    const step = moment * w * 0.012;
    const hue = next() * 360;
    const hills = Array.from({ length: 4 }, (_, layer) => {
      let y = h * (0.35 + 0.15 * layer);
      const points = Array.from({ length: 16 }, (_, i) => {
        y += (next() - 0.5) * h * 0.12;
        return `${(((i - 1) * w) / 12 + step * layer).toFixed(1)},${y.toFixed(0)}`;
      });
      const colour = `hsl(${hue + layer * 30 + next() * 40},${25 + next() * 40}%,${60 - layer * 12}%)`;
      return `<polygon points="-${w},${h} ${points.join(' ')} ${2 * w},${h}" fill="${colour}"/>`;
    });
    const things = Array.from({ length: 30 + Math.floor(next() * 60) }, () => {
      const [left, top, size] = [next() * w, h * (0.35 + next() * 0.6), 8 + next() * 50];
      const colour = `hsl(${next() * 360},${30 + next() * 50}%,${15 + next() * 65}%)`;
      const [angle, kind, ratio] = [next() * 40 - 20, next(), next()];
      const walked = moment > 0 && later() < 0.15 ? (later() - 0.5) * w * 0.2 : 0;
      const x = left + step * (top / h) * 4 + walked;
      const tilt = `transform="rotate(${angle} ${x} ${top})"`;
      return kind < 0.5
        ? `<rect x="${x}" y="${top}" width="${size}" height="${size * (0.5 + ratio * 1.5)}" fill="${colour}" ${tilt}/>`
        : `<ellipse cx="${x}" cy="${top}" rx="${size}" ry="${size * (0.4 + ratio)}" fill="${colour}" ${tilt}/>`;
    });
    const sky =
      `<defs><linearGradient id="s" x2="0" y2="1"><stop stop-color="hsl(${hue + 180},60%,40%)"/>` +
      `<stop offset="1" stop-color="hsl(${hue + 220},50%,80%)"/></linearGradient></defs><rect width="${w}" height="${h}" fill="url(#s)"/>`;
    return photographed(`${sky}${hills.join('')}${things.join('')}`, w, h, moment === 0 ? next : later);
  },
});

/** Outlines in a square of 100: shirt, long sleeves, dress, trousers, skirt, coat. */
const CUTS = [
  'M32 12 L44 10 Q50 17 56 10 L68 12 L88 30 L78 42 L70 35 L70 90 L30 90 L30 35 L22 42 L12 30 Z',
  'M33 12 L44 10 Q50 16 56 10 L67 12 L82 26 L92 78 L81 82 L70 44 L70 88 L30 88 L30 44 L19 82 L8 78 L18 26 Z',
  'M38 8 L44 8 Q50 22 56 8 L62 8 L66 28 L61 44 L80 92 L20 92 L39 44 L34 28 Z',
  'M32 8 L68 8 L74 92 L56 92 L50 34 L44 92 L26 92 Z',
  'M36 18 L64 18 L84 84 L16 84 Z',
  'M34 8 L45 6 L50 20 L55 6 L66 8 L84 22 L90 70 L78 73 L72 42 L74 95 L52 95 L50 24 L48 95 L26 95 L28 42 L22 73 L10 70 L16 22 Z',
] as const;

/** Which of the cuts the garment of a seed has. */
export const cutOf = (seed: number): number => Math.floor(numbers(seed * 6151 + 29)() * CUTS.length);

/**
 * A garment on white, as shops show them: one of six cuts, with folds, a pattern and seams.
 *
 * @param colour another one shows the same garment in another colour
 */
export const garment = (seed: number, colour = 0): Source => ({
  name: colour === 0 ? `garment/${seed}` : `garment/${seed} colour ${colour}`,
  kind: 'garment',
  family: `garment/${seed}`,
  read: async () => {
    const next = numbers(seed * 6151 + 29);
    const cut = CUTS[Math.floor(next() * CUTS.length)]!;
    const pattern = Math.floor(next() * 5);
    const [hue, saturation, light] = [next() * 360, 15 + next() * 65, 22 + next() * 55];
    const dyed = (more: number): string => {
      const turned = hue + colour * 83;
      return `hsl(${turned},${saturation}%,${Math.max(8, Math.min(90, light + more - 9 * colour))}%)`;
    };
    const [width, gap] = [1 + next() * 5, 5 + next() * 9];
    const spots = Array.from(
      { length: 14 },
      () => `<circle cx="${next() * 100}" cy="${next() * 100}" r="${1 + next() * 6}" fill="${dyed(25)}"/>`,
    );
    const stripes = (turn: number) =>
      Array.from(
        { length: 24 },
        (_, i) =>
          `<rect x="-20" y="${i * gap - 20}" width="140" height="${width}" fill="${dyed(22)}" transform="rotate(${turn} 50 50)"/>`,
      ).join('');
    const patterns = ['', stripes(0), stripes(90), stripes(0) + stripes(90), spots.join('')];
    const folds = Array.from({ length: 9 }, () => {
      const [x, y] = [20 + next() * 60, 15 + next() * 70];
      return `<path d="M${x} ${y} q${next() * 10 - 5} ${8 + next() * 12} ${next() * 16 - 8} ${15 + next() * 20}" stroke="#000" stroke-opacity="${0.06 + next() * 0.16}" stroke-width="${0.6 + next() * 2}" fill="none"/>`;
    });
    const print =
      next() < 0.4
        ? `<circle cx="50" cy="40" r="${5 + next() * 8}" fill="hsl(${next() * 360},60%,50%)"/><rect x="42" y="50" width="16" height="${1 + next() * 5}" fill="#222"/>`
        : '';
    const drawn =
      `<defs><clipPath id="c"><path d="${cut}"/></clipPath></defs><rect width="100" height="100" fill="#fcfcfc"/>` +
      `<g clip-path="url(#c)"><rect width="100" height="100" fill="${dyed(0)}"/>${patterns[pattern]}${print}${folds.join('')}</g>` +
      `<path d="${cut}" fill="none" stroke="#000" stroke-opacity="0.35" stroke-width="0.5"/>`;
    const shift = `translate(${next() * 30 - 15} ${next() * 30 - 15}) scale(${4.6 + next() * 0.6})`;
    return photographed(
      `<rect width="480" height="480" fill="#fcfcfc"/><g transform="${shift}">${drawn}</g>`,
      480,
      480,
      next,
      6,
    );
  },
});

/** Drawn, a little out of focus, with grain, as a JPEG. */
async function photographed(
  content: string,
  w: number,
  h: number,
  next: () => number,
  grain = 22,
): Promise<Buffer> {
  const svg = `<svg xmlns="http://www.w3.org/2000/svg" width="${w}" height="${h}">${content}</svg>`;
  const { data } = await sharp(Buffer.from(svg))
    .removeAlpha()
    .blur(0.8)
    .raw()
    .toBuffer({ resolveWithObject: true });
  const grainy = data.map((value) => Math.max(0, Math.min(255, value + (next() - 0.5) * grain)));
  return sharp(grainy, { raw: { width: w, height: h, channels: 3 } })
    .jpeg({ quality: 92 })
    .toBuffer();
}
