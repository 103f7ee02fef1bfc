/** The verdict on drawings: a copy is the same picture, a variant that differs in one small place is not. */

import sharp, { type Sharp } from 'sharp';
import { expect, test } from 'vitest';
import { comparisonOf } from '../../../pictures/duplicates/compare.ts';
import { fingerprintOf } from '../../../pictures/duplicates/fingerprint.ts';
import { Prepared } from '../../../pictures/duplicates/prepared.ts';
import { confidenceOf, LIKELY_FROM } from '../../../pictures/duplicates/verdict.ts';
import { isSame } from '../../../pictures/duplicates/verifier.ts';
import { face } from '../../factories/drawings.ts';

const confidence = async (one: Buffer, other: Buffer): Promise<number> => {
  const [a, b] = await Promise.all(
    [one, other].map(async (bytes) => new Prepared(await fingerprintOf(bytes))),
  );
  const comparison = comparisonOf(a!, b!);
  return comparison ? confidenceOf(comparison, 0.95) : 0;
};

test('a small JPEG of a drawing is the same picture', async () => {
  const copy = await sharp(await face())
    .resize(128)
    .jpeg({ quality: 70 })
    .toBuffer();
  expect(isSame(await confidence(await face(), copy))).toBe(true);
});

const light = {
  'in a black border': (it: Sharp) =>
    it.extend({ top: 20, bottom: 20, left: 20, right: 20, background: '#000' }),
  'turned a little, its corners black': (it: Sharp) => it.rotate(3, { background: '#000' }),
  blurred: (it: Sharp) => it.blur(3),
};
test.each([
  ['brighter', (it: Sharp) => it.linear(1.3, 0)],
  ['of more contrast', (it: Sharp) => it.linear(1.4, -0.4 * 128)],
] as const)('what is clipped in a copy %s is no difference', async (_, change) => {
  const copy = await change(sharp(await face()))
    .png()
    .toBuffer();
  const [a, b] = await Promise.all(
    [face(), copy].map(async (each) => new Prepared(await fingerprintOf(await each))),
  );
  // Of 255 grey values: the white around the drawing stays white, though all else is brighter by 30 %.
  expect(comparisonOf(a!, b!)!.p90).toBeLessThan(12);
});

test.each(Object.entries(light))('a copy %s is the same picture', async (_, change) => {
  const copy = await change(sharp(await face()))
    .jpeg({ quality: 90 })
    .toBuffer();
  expect(await confidence(await face(), copy)).toBeGreaterThan(0.5);
});

test('a drawing that differs in a moustache is another picture', async () => {
  const moustache = '<rect x="100" y="168" width="56" height="14" fill="#502010"/>';
  expect(isSame(await confidence(await face(), await face(moustache)))).toBe(false);
});

test('the verdict does not depend on the order', async () => {
  const copy = await sharp(await face())
    .resize(128)
    .jpeg({ quality: 70 })
    .toBuffer();
  expect(await confidence(await face(), copy)).toBe(await confidence(copy, await face()));
});

test('a rule makes a pair likely and no more, and takes nothing from one that is surer', async () => {
  const measured = async (one: Buffer, other: Buffer) => {
    const [a, b] = [new Prepared(await fingerprintOf(one)), new Prepared(await fingerprintOf(other))];
    return comparisonOf(a, b)!;
  };
  const copy = await sharp(await face())
    .jpeg({ quality: 90 })
    .toBuffer();
  const same = await measured(await face(), copy);
  expect(confidenceOf({ ...same, byRule: true }, 0.9)).toBe(confidenceOf({ ...same, byRule: false }, 0.9));

  const variant = await measured(await face(), await face('', '#8a5a3a'));
  expect(variant.byRule).toBe(false);
  expect(confidenceOf(variant, 0.9)).toBeLessThan(LIKELY_FROM);
  const byRule = confidenceOf({ ...variant, byRule: true }, 0.9);
  expect(byRule).toBeGreaterThan(LIKELY_FROM);
  expect(isSame(byRule)).toBe(false);
});
