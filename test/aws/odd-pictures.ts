/** Small pictures of which no two are alike, under keys that are hard on everything between a bucket and an index. */

import { createHash } from 'node:crypto';
import sharp from 'sharp';

const SIDE = 64;

/** What keys have in them that URLs, forms, XML and JSON write in other ways. */
const ODDITIES = [
  'a b',
  'a+b',
  '100%',
  'a%20b',
  '~tilde',
  'ü',
  'u\u0308',
  'Ж',
  '日本',
  '📷',
  'a&b',
  'a=b',
  'a;b',
  'a,b',
  "it's",
  '"quoted"',
  '<tag>',
  'a#b',
  'a?b',
  'a:b',
  'a@b',
  '(1)',
  '[2]',
  '{3}',
  '*',
  'a|b',
  'a^b',
  '`',
  '$HOME',
  '!',
] as const;

/** `count` keys under a prefix, each another. */
export const oddKeys = (prefix: string, count: number): string[] =>
  Array.from({ length: count }, (_, i) => `${prefix}${ODDITIES[i % ODDITIES.length]}/${i}.jpg`);

/** A JPEG of a kilobyte or two, by its seed. */
export async function smallPicture(seed: string): Promise<Uint8Array> {
  const pixels = Buffer.alloc(SIDE * SIDE * 3);
  let state = createHash('sha256').update(seed).digest();
  for (let at = 0; at < pixels.length; at += state.length) {
    state.copy(pixels, at);
    state = createHash('sha256').update(state).digest();
  }
  return sharp(pixels, { raw: { width: SIDE, height: SIDE, channels: 3 } })
    .blur(3)
    .normalise()
    .jpeg()
    .toBuffer();
}
