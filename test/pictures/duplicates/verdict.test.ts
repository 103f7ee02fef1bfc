/** The verdict on drawings: a copy is the same picture, a variant that differs in one small place is not. */

import sharp, { type Sharp } from 'sharp';
import { expect, test } from 'vitest';
import { comparisonOf } from '../../../pictures/duplicates/compare.ts';
import { fingerprintOf } from '../../../pictures/duplicates/fingerprint.ts';
import { Prepared } from '../../../pictures/duplicates/prepared.ts';
import { confidenceOf, measuresOf } from '../../../pictures/duplicates/verdict.ts';
import { isSame } from '../../../pictures/duplicates/verifier.ts';

/** A face with a hat; what it wears besides is what variants differ in. */
const face = (wears = ''): Promise<Buffer> =>
  sharp(
    Buffer.from(
      `<svg xmlns="http://www.w3.org/2000/svg" width="256" height="256"><rect width="256" height="256" fill="#fff"/>
      <circle cx="128" cy="140" r="90" fill="#f0b080"/><rect x="60" y="30" width="136" height="50" fill="#502010"/>
      <circle cx="95" cy="125" r="12" fill="#203040"/><circle cx="161" cy="125" r="12" fill="#203040"/>
      <rect x="95" y="190" width="66" height="10" fill="#a03030"/><path d="M40 250 L128 215 L216 250 Z" fill="#3060c0"/>${wears}</svg>`,
    ),
  )
    .png()
    .toBuffer();

const confidence = async (one: Buffer, other: Buffer): Promise<number> => {
  const [a, b] = await Promise.all(
    [one, other].map(async (bytes) => new Prepared(await fingerprintOf(bytes))),
  );
  const comparison = comparisonOf(a!, b!);
  return comparison ? confidenceOf(measuresOf(comparison, 0.95)) : 0;
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
