/** What fingerprints say of pixels: the same as ever, since those that are stored are compared with new ones. */

import { createHash } from 'node:crypto';
import { expect, test } from 'vitest';
import { describePixels, type Pixels } from '../../../pictures/duplicates/describe.ts';
import { encodeFingerprint } from '../../../pictures/duplicates/fingerprint-format.ts';
import { blocks } from '../../factories/pixels.ts';

const digestOf = (pixels: Pixels): string => {
  const { width, height } = pixels;
  const fingerprint = { hash: '00'.repeat(16), width, height, hasExif: false, ...describePixels(pixels) };
  return createHash('sha256').update(encodeFingerprint(fingerprint)).digest('hex').slice(0, 16);
};

test.each([
  ['a landscape in colour', blocks(256, 171, 3), '3b759b620a9ffad3'],
  ['a portrait in grey', blocks(97, 256, 1), 'e246d1cd1bec7e13'],
  ['a square', blocks(256, 256, 3), '1fa9bc3ba2c276c9'],
  ['a strip too narrow for corners', blocks(256, 9, 3), '654b1f5ea39bda40'],
  ['a line', blocks(256, 1, 1), '49269c81c398907e'],
])('%s is described as it always was', (_, pixels, digest) => {
  expect(digestOf(pixels)).toBe(digest);
});
