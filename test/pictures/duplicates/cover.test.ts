/** The rule for copies that have something plain put on them: it must see them, and let no variant pass. */

import sharp from 'sharp';
import { describe, expect, test } from 'vitest';
import { comparisonOf } from '../../../pictures/duplicates/compare.ts';
import { isCovered } from '../../../pictures/duplicates/cover.ts';
import { fingerprintOf } from '../../../pictures/duplicates/fingerprint.ts';
import { Prepared } from '../../../pictures/duplicates/prepared.ts';
import { confidenceOf, LIKELY_FROM, SAME_FROM } from '../../../pictures/duplicates/verdict.ts';
import { face, landscape } from '../../factories/drawings.ts';

const prepared = async (bytes: Buffer): Promise<Prepared> => new Prepared(await fingerprintOf(bytes));

/** A copy as JPEG with an SVG of the picture's size laid over it. */
async function under(picture: Buffer, content: string): Promise<Buffer> {
  const { width, height } = await sharp(picture).metadata();
  const svg = `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}">${content}</svg>`;
  return sharp(picture)
    .composite([{ input: Buffer.from(svg) }])
    .jpeg({ quality: 90 })
    .toBuffer();
}

/** Asked from both sides, which must agree. */
async function coveredEitherWay(one: Buffer, other: Buffer): Promise<boolean> {
  const [a, b] = await Promise.all([prepared(one), prepared(other)]);
  const covered = isCovered(a, b);
  expect(isCovered(b, a)).toBe(covered);
  return covered;
}

/** Strokes as wide as those of letters, which need no font. */
const letters = (left: number, top: number, count: number): string =>
  Array.from(
    { length: count },
    (_, i) => `<rect x="${left + 14 * i}" y="${top}" width="6" height="16"/>`,
  ).join('');
const BAR = `<rect x="24" y="130" width="200" height="34" fill="#fff"/>${letters(34, 139, 12)}`;
const RUNNING = `<rect x="24" y="130" width="200" height="34" fill="#fff"/>${letters(34, 139, 15)}`;
const STICKER = `<circle cx="160" cy="80" r="36" fill="#ffd21f" stroke="#222" stroke-width="4"/><circle cx="150" cy="72" r="5"/><circle cx="170" cy="72" r="5"/>`;
const OVAL = '<ellipse cx="128" cy="96" rx="48" ry="32" fill="#202428"/>';

describe('a copy', () => {
  test.each([
    ['a bar of text on a scene', landscape, BAR],
    ['a bar whose text runs over its end', landscape, RUNNING],
    ['a bar of text on a drawing', face, BAR],
    ['a sticker on a scene', landscape, STICKER],
    ['a sticker on a drawing', face, STICKER],
    ['an oval on a scene', landscape, OVAL],
  ])('with %s is likely and not the same', async (_, original, content) => {
    const [one, other] = [await original(), await under(await original(), content)];
    expect(await coveredEitherWay(one, other)).toBe(true);
    const [a, b] = await Promise.all([prepared(one), prepared(other)]);
    expect(comparisonOf(a, b)).toEqual(comparisonOf(b, a));
    const confidence = confidenceOf(comparisonOf(a, b)!, 0.9);
    expect(confidence).toBeGreaterThanOrEqual(LIKELY_FROM);
    expect(confidence).toBeLessThan(SAME_FROM);
  });
});

describe('no cover', () => {
  test.each([
    ['a moustache, which is too small', '<rect x="100" y="168" width="56" height="14" fill="#502010"/>'],
    [
      'hair, around which a face is left',
      '<path d="M38 140 A90 90 0 0 1 218 140 L200 140 A72 72 0 0 0 56 140 Z" fill="#502010"/>',
    ],
    ['a third of the picture', '<rect x="0" y="0" width="256" height="90" fill="#20a060"/>'],
    [
      'a star',
      '<path d="M128 60 L150 130 L220 130 L165 170 L185 240 L128 200 L71 240 L91 170 L36 130 L106 130 Z" fill="#20a060"/>',
    ],
    ['two stickers', `${STICKER}<circle cx="70" cy="200" r="30" fill="#ffd21f"/>`],
  ])('is %s', async (_, wears) => {
    expect(await coveredEitherWay(await face(), await face(wears))).toBe(false);
  });

  test('is another shade of skin, with a sticker or without', async () => {
    const darker = await face('', '#c08050');
    expect(await coveredEitherWay(await face(), darker)).toBe(false);
    expect(await coveredEitherWay(await face(), await under(darker, STICKER))).toBe(false);
  });

  test('is what lies on a picture that is another one, brighter, or of another shape', async () => {
    const covered = await under(await landscape(), STICKER);
    const brighter = await sharp(await landscape())
      .linear(1.3, 0)
      .png()
      .toBuffer();
    const square = await sharp(await landscape())
      .resize(192, 192, { fit: 'fill' })
      .png()
      .toBuffer();
    expect(await coveredEitherWay(brighter, covered)).toBe(false);
    expect(await coveredEitherWay(square, covered)).toBe(false);
    expect(await coveredEitherWay(await face(), covered)).toBe(false);
    expect(await coveredEitherWay(await landscape(), await landscape())).toBe(false);
  });

  test('is a circle on one surface, of which nothing is known', async () => {
    const plain = await sharp({ create: { width: 256, height: 192, channels: 3, background: '#5080c0' } })
      .png()
      .toBuffer();
    expect(await coveredEitherWay(plain, await under(plain, STICKER))).toBe(false);
  });
});
