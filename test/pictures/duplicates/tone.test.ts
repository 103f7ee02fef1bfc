/** The rule for copies that were made brighter or richer in contrast: it must see them, and let nothing else pass. */

import sharp, { type Sharp } from 'sharp';
import { describe, expect, test } from 'vitest';
import { comparisonOf } from '../../../pictures/duplicates/compare.ts';
import { fingerprintOf } from '../../../pictures/duplicates/fingerprint.ts';
import type { Homography } from '../../../pictures/duplicates/homography.ts';
import { Prepared } from '../../../pictures/duplicates/prepared.ts';
import { isToned } from '../../../pictures/duplicates/tone.ts';
import { confidenceOf, LIKELY_FROM, SAME_FROM } from '../../../pictures/duplicates/verdict.ts';
import { face, landscape } from '../../factories/drawings.ts';

/** Whole on whole. */
const UPRIGHT: Homography = [1, 0, 0, 0, 1, 0, 0, 0];

const prepared = async (bytes: Buffer): Promise<Prepared> => new Prepared(await fingerprintOf(bytes));
const changed = (picture: Buffer, change: (it: Sharp) => Sharp): Promise<Buffer> =>
  change(sharp(picture)).jpeg({ quality: 90 }).toBuffer();
const brighter = (picture: Buffer, gain = 1.3): Promise<Buffer> =>
  changed(picture, (it) => it.linear(gain, 0));

/** Asked from both sides, which must agree. */
async function tonedEitherWay(one: Buffer, other: Buffer): Promise<boolean> {
  const [a, b] = await Promise.all([prepared(one), prepared(other)]);
  const toned = isToned(a, b, UPRIGHT);
  expect(isToned(b, a, UPRIGHT)).toBe(toned);
  expect(comparisonOf(a, b)).toEqual(comparisonOf(b, a));
  return toned;
}

describe('a copy', () => {
  test.each([
    ['of a drawing, brighter', face, (it: Sharp) => it.linear(1.3, 0)],
    ['of a drawing, far richer in contrast', face, (it: Sharp) => it.linear(1.6, -0.6 * 128)],
    ['of a scene, richer in contrast', landscape, (it: Sharp) => it.linear(1.4, -0.4 * 128)],
    ['of a scene, brighter and half as large', landscape, (it: Sharp) => it.linear(1.4, 0).resize(128)],
  ] as const)('%s, is likely and not the same', async (_, original, change) => {
    const [one, other] = [await original(), await changed(await original(), change)];
    expect(await tonedEitherWay(one, other)).toBe(true);
    const confidence = confidenceOf(comparisonOf(await prepared(one), await prepared(other))!, 0.9);
    expect(confidence).toBeGreaterThanOrEqual(LIKELY_FROM);
    expect(confidence).toBeLessThan(SAME_FROM);
  });

  test('of which nothing is cut off is left to the verdict', async () => {
    const dark = await changed(await landscape(), (it) => it.linear(0.6, 0));
    expect(await tonedEitherWay(dark, await brighter(dark))).toBe(false);
  });
});

describe('no copy', () => {
  test.each([
    ['a moustache', '<rect x="100" y="168" width="56" height="14" fill="#502010"/>'],
    ['a green mole', '<rect x="60" y="160" width="16" height="16" fill="#30a050"/>'],
  ])('is a brighter picture that differs in %s', async (_, wears) => {
    expect(await tonedEitherWay(await face(wears), await brighter(await face()))).toBe(false);
    expect(await tonedEitherWay(await face(), await brighter(await face(wears)))).toBe(false);
  });

  test('is another shade of skin, brighter or not', async () => {
    const darker = await face('', '#c08050');
    expect(await tonedEitherWay(await face(), darker)).toBe(false);
    expect(await tonedEitherWay(await face(), await brighter(darker))).toBe(false);
  });

  test('is one surface, or one that is nearly white, however bright the other one', async () => {
    const plain = (grey: number): Promise<Buffer> =>
      sharp({ create: { width: 200, height: 150, channels: 3, background: { r: grey, g: grey, b: grey } } })
        .png()
        .toBuffer();
    expect(await tonedEitherWay(await plain(200), await plain(255))).toBe(false);
    expect(await tonedEitherWay(await plain(120), await plain(160))).toBe(false);
    const pale = await sharp(await plain(250))
      .composite([
        {
          input: await sharp(await plain(235))
            .resize(20, 20)
            .toBuffer(),
          left: 90,
          top: 60,
        },
      ])
      .png()
      .toBuffer();
    expect(await tonedEitherWay(pale, await brighter(pale))).toBe(false);
  });

  test('is nothing that is hardly seen of the other', async () => {
    const [a, b] = await Promise.all([
      prepared(await landscape()),
      prepared(await brighter(await landscape())),
    ]);
    expect(isToned(a, b, UPRIGHT)).toBe(true);
    expect(isToned(a, b, [1, 0, 60, 0, 1, 40, 0, 0])).toBe(false);
    expect(isToned(a, b, [1, 0, 200, 0, 1, 0, 0, 0])).toBe(false);
  });
});
