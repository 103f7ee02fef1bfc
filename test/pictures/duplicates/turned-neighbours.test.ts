/** Turned pictures found at a glance: signatures turn as pictures do, and only what is nearer when it is turned is named. */

import sharp, { type Sharp } from 'sharp';
import { describe, expect, it, test } from 'vitest';
import { type Signature, signatureOf, turnedSignatures } from '../../../pictures/duplicates/signature.ts';
import { TurnedNeighbours } from '../../../pictures/duplicates/turned-neighbours.ts';
import { random } from '../../vectorlog/scan/rows.ts';

interface Grey {
  readonly width: number;
  readonly height: number;
  readonly luma: Uint8Array;
}

/** Smooth shapes that no turn leaves as they are; the same for the same seed. */
function grey(seed: number, width: number, height: number): Grey {
  const next = random(seed);
  const waves = Array.from(
    { length: 12 },
    () => [8 * next() - 4, 8 * next() - 4, 6.28 * next(), next()] as const,
  );
  const luma = Uint8Array.from({ length: width * height }, (_, at) => {
    const [x, y] = [(at % width) / width, Math.floor(at / width) / height];
    const sum = waves.reduce(
      (total, [u, v, shift, weight]) => total + weight * Math.sin(u * x + v * y + shift),
      0,
    );
    return 128 + 20 * sum;
  });
  return { width, height, luma };
}

const turns: Readonly<Record<string, (picture: Grey) => Grey>> = {
  'a mirror': ({ width, height, luma }) => ({
    width,
    height,
    luma: luma.map((_, at) => luma[at - (at % width) + width - 1 - (at % width)]!),
  }),
  'a half turn': (picture) => ({ ...picture, luma: picture.luma.toReversed() }),
  'a quarter turn': ({ width, height, luma }) => ({
    width: height,
    height: width,
    luma: luma.map((_, at) => luma[(height - 1 - (at % height)) * width + Math.floor(at / height)]!),
  }),
};

const signature = (picture: Grey): Signature => signatureOf(picture)!;
const distance = (a: Float32Array, b: Float32Array) => Math.hypot(...a.map((value, i) => value - b[i]!));

describe.each(Object.entries(turns))('%s', (_, turn) => {
  test.each([
    [64, 64],
    [64, 43],
    [40, 64],
    [64, 9],
  ])('of a picture of %i x %i makes of its signature what is computed', (width, height) => {
    const picture = grey(width + height, width, height);
    const [one, other] = [signature(picture), signature(turn(picture))];
    expect(distance(one.upright, other.upright)).toBeGreaterThan(0.1);
    expect(
      Math.min(...turnedSignatures(one.upright).map((each) => distance(each, other.upright))),
    ).toBeLessThan(1e-5);
    expect(distance(one.unturned, other.unturned)).toBeLessThan(1e-5);
  });

  it('is found among many pictures, from either side, and nothing else is named', () => {
    const pictures = Array.from({ length: 300 }, (_, i) => grey(i + 1, 64, 48));
    const all = [...pictures, turn(pictures[17]!)];
    // What stands for a row is the row's number.
    const neighbours = new TurnedNeighbours(
      all.map((each, i) => ({ row: 3 * i, signature: signature(each) })),
    );
    expect(neighbours.of(3 * 17)).toEqual([3 * 300]);
    expect(neighbours.of(3 * 300)).toEqual([3 * 17]);
    for (let i = 18; i < 40; i++) expect(neighbours.of(3 * i)).toEqual([]);
    expect(neighbours.of(1)).toEqual([]);
  });
});

test('what looks the same in a mirror is not named for a picture that is like it anyway', () => {
  const half = grey(5, 32, 48);
  const whole = (shade: number): Grey => ({
    width: 64,
    height: 48,
    luma: Uint8Array.from({ length: 64 * 48 }, (_, at) => {
      const x = at % 64;
      return half.luma[Math.floor(at / 64) * 32 + (x < 32 ? x : 63 - x)]! * shade;
    }),
  });
  const [one, other] = [whole(1), whole(0.9)].map((each, row) => ({ row, signature: signature(each) }));
  expect(new TurnedNeighbours([one!, other!]).of(0)).toEqual([]);
});

test('a picture in which there is nothing to see has no signature, and no picture has no neighbours', () => {
  expect(signatureOf({ width: 20, height: 20, luma: new Uint8Array(400).fill(77) })).toBeUndefined();
  expect(new TurnedNeighbours([]).of(0)).toEqual([]);
});

test('is made anew only when a picture or a row is another one', () => {
  const signed = [1, 2, 3].map((seed) => ({ row: seed, signature: signature(grey(seed, 30, 30)) }));
  const neighbours = new TurnedNeighbours(signed);
  expect(neighbours.isOf([...signed])).toBe(true);
  expect(neighbours.isOf(signed.slice(1))).toBe(false);
  expect(neighbours.isOf(signed.map((each) => ({ ...each, row: each.row + 1 })))).toBe(false);
  expect(neighbours.isOf(signed.with(1, { row: 2, signature: signature(grey(9, 30, 30)) }))).toBe(false);
});

test('survives strong compression', async () => {
  const { luma } = grey(40, 256, 256);
  const raw = { width: 256, height: 256, channels: 1 } as const;
  const jpeg = await sharp(luma, { raw }).rotate(90).jpeg({ quality: 10 }).toBuffer();
  const small = (picture: Sharp) => picture.resize(64).greyscale().raw().toBuffer();
  const both = await Promise.all([small(sharp(luma, { raw })), small(sharp(jpeg))]);
  const rows = both.map((each, row) => ({
    row,
    signature: signature({ width: 64, height: 64, luma: each }),
  }));
  expect(new TurnedNeighbours(rows).of(0)).toEqual([1]);
});
