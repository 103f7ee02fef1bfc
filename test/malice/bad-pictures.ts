/** Makes bad pictures out of good ones, each from one seed: flips, cuts, splices, lying headers, bombs, loops, polyglots. */

import { deflateSync } from 'node:zlib';
import sharp, { type Sharp } from 'sharp';

/** A generator that gives the same numbers for the same seed. @returns whole numbers from 0 to below `n` */
export type Random = (n: number) => number;

export function randomOf(seed: number): Random {
  let state = seed >>> 0;
  return (n) => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return Math.floor((((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32) * n);
  };
}

/** Good pictures of every kind that is taken, by their ending. */
export async function goodPictures(): Promise<readonly (readonly [string, Buffer])[]> {
  const random = randomOf(1);
  const noise = Buffer.from(Array.from({ length: 24 * 18 * 3 }, () => random(256)));
  const large = () => sharp(noise, { raw: { width: 24, height: 18, channels: 3 } }).resize(320, 240);
  const two = [await large().png().toBuffer(), await large().negate().png().toBuffer()];
  const animated = () => sharp(two, { join: { animated: true } });
  const made: [string, Buffer][] = [];
  const add = async (ending: string, picture: Sharp) => made.push([ending, await picture.toBuffer()]);
  await add(
    'jpg',
    large()
      .withExif({ IFD0: { Make: 'Maker' } })
      .jpeg(),
  );
  await add('jpg', large().jpeg({ progressive: true }));
  await add('jpg', large().toColourspace('cmyk').jpeg());
  await add('png', large().withIccProfile('p3').png());
  await add('png', large().png({ palette: true, effort: 1 }));
  await add('png', large().toColourspace('rgb16').png({ progressive: true }));
  await add('webp', large().webp({ effort: 0 }));
  await add('webp', animated().webp({ lossless: true, effort: 0 }));
  await add('gif', animated().gif({ effort: 1 }));
  await add('tif', large().tiff({ compression: 'lzw' }));
  await add('tif', large().tiff({ compression: 'deflate', tile: true }));
  await add('avif', large().avif({ effort: 0 }));
  return made;
}

/** One bad picture, or by luck a good one. */
export function badPicture(
  goods: readonly (readonly [string, Buffer])[],
  random: Random,
): { readonly ending: string; readonly bytes: Buffer; readonly how: string } {
  const [ending, good] = goods[random(goods.length)]!;
  const [otherEnding, other] = goods[random(goods.length)]!;
  const bytes = Buffer.from(good);
  const make = (how: string, made: Buffer) => ({ ending, bytes: made, how: `${how} of ${ending}` });
  switch (random(9)) {
    case 0:
      return make('cut', bytes.subarray(0, random(bytes.length)));
    case 1:
      for (let i = 0; i <= random(12); i++) bytes[random(bytes.length)]! ^= 1 << random(8);
      return make('flips', bytes);
    case 2:
      for (let i = 0; i < 4; i++) bytes[random(Math.min(400, bytes.length))] = random(256);
      return make('wrong header', bytes);
    case 3: {
      const at = random(bytes.length);
      bytes.fill(random(256), at, Math.min(bytes.length, at + random(3_000)));
      return make('hole', bytes);
    }
    case 4:
      return make(
        `splice with ${otherEnding}`,
        Buffer.concat([bytes.subarray(0, random(bytes.length)), other.subarray(random(other.length))]),
      );
    case 5:
      return make('lying numbers', withWideNumbers(bytes, random));
    case 6: {
      const side = 1_000 + random(60_000);
      return { ending: 'png', bytes: bomb(side, random(2) === 1), how: `bomb of ${side} x ${side}` };
    }
    case 7:
      return { ending: 'tif', bytes: loop(bytes, random), how: 'directory loop' };
    default: {
      const texts = [
        '<svg xmlns="http://www.w3.org/2000/svg"/>',
        '%PDF-1.7\n',
        '<html><script>',
        'PK\x03\x04',
      ];
      const text = Buffer.from(texts[random(texts.length)]!, 'latin1');
      return make('polyglot', random(2) ? Buffer.concat([text, bytes]) : Buffer.concat([bytes, text]));
    }
  }
}

/** Somewhere near the start, a number of two or four bytes becomes the largest or none. */
function withWideNumbers(bytes: Buffer, random: Random): Buffer {
  const at = random(Math.min(200, bytes.length - 4));
  const width = random(2) ? 2 : 4;
  return bytes.fill(random(3) ? 0xff : 0, at, at + width);
}

/** A PNG of one colour and more pixels than any screen, in a few thousand bytes; interlaced or not. */
function bomb(side: number, interlaced: boolean): Buffer {
  const header = Buffer.alloc(13);
  header.writeUInt32BE(side, 0);
  header.writeUInt32BE(side, 4);
  header.set([8, 2, 0, 0, interlaced ? 1 : 0], 8);
  const data = deflateSync(Buffer.alloc(1_000_000));
  return Buffer.concat([
    Buffer.from('\x89PNG\r\n\x1a\n', 'latin1'),
    chunk('IHDR', header),
    chunk('IDAT', data),
    chunk('IEND', Buffer.alloc(0)),
  ]);
}

function chunk(name: string, data: Buffer): Buffer {
  const made = Buffer.alloc(data.length + 12);
  made.writeUInt32BE(data.length, 0);
  made.write(name, 4, 'latin1');
  data.copy(made, 8);
  let sum = 0xffffffff;
  for (const byte of made.subarray(4, data.length + 8)) {
    sum ^= byte;
    for (let bit = 0; bit < 8; bit++) sum = (sum >>> 1) ^ (sum & 1 ? 0xedb88320 : 0);
  }
  made.writeUInt32BE(~sum >>> 0, data.length + 8);
  return made;
}

/** A TIFF whose directory is followed by itself. */
function loop(bytes: Buffer, random: Random): Buffer {
  const tiff = Buffer.alloc(26 + random(100));
  tiff.write('II*\0', 'latin1');
  tiff.writeUInt32LE(8, 4);
  tiff.writeUInt16LE(1, 8);
  tiff.writeUInt16LE(0x100, 10);
  tiff.writeUInt16LE(3, 12);
  tiff.writeUInt32LE(1, 14);
  tiff.writeUInt32LE(300, 18);
  tiff.writeUInt32LE(random(2) ? 8 : 9, 22);
  return Buffer.concat([tiff, bytes.subarray(0, random(bytes.length))]);
}
