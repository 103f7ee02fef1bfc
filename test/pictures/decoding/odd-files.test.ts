/** Files that are odd but whole are taken, files that lack pixels are not, and copies are made as strictly as embeddings. */

import { readFileSync } from 'node:fs';
import { deflateSync } from 'node:zlib';
import sharp from 'sharp';
import { describe, expect, it } from 'vitest';
import { PictureDecoder } from '../../../pictures/decoding/decoder.ts';
import { DecodingFailed, meaningOf, PictureRejected } from '../../../pictures/decoding/errors.ts';
import { damageOf } from '../../../pictures/decoding/jpeg-scan.ts';
import { type Pixels, plainTiff } from '../../../pictures/decoding/pixels.ts';
import { Turns } from '../../../pictures/decoding/turns.ts';
import { preprocess } from '../../factories/preprocess.ts';

const png = readFileSync(new URL('../../fixtures/embedding/reduced.png', import.meta.url));
const picture = () => sharp(png).removeAlpha();
const decoder = new PictureDecoder();

/** Both ways from a file to pixels: what the network sees, and a smaller copy. */
async function outcomes(bytes: Uint8Array): Promise<string[]> {
  const codeOf = (error: unknown) => (error instanceof PictureRejected ? error.code : String(error));
  return Promise.all([
    preprocess(bytes).then(() => 'taken', codeOf),
    decoder.smallCopy(bytes, { side: 64, fit: 'inside', format: 'webp' }).then(() => 'taken', codeOf),
  ]);
}

async function difference(a: Uint8Array, b: Uint8Array): Promise<number> {
  const [x, y] = await Promise.all([preprocess(a), preprocess(b)]);
  return x.reduce((sum, level, i) => sum + Math.abs(level - y[i]!), 0) / x.length;
}

/** The picture in two frames, of which the second is `spoil`ed. */
async function animation(format: 'gif' | 'webp', spoil: (bytes: Buffer) => void): Promise<Buffer> {
  const frames = [await picture().toBuffer(), await picture().negate().toBuffer()];
  const options = format === 'gif' ? { effort: 1, dither: 0 } : { lossless: true, effort: 0 };
  const bytes = await sharp(frames, { join: { animated: true } })
    .toFormat(format, options)
    .toBuffer();
  spoil(bytes);
  return bytes;
}

/** A table with one code, a zero, for `symbol`. */
const table = (kind: number, symbol = 0) => [
  ...[0xff, 0xc4, 0, 20, kind, 1, ...new Array<number>(15).fill(0), symbol],
];
/** What a grey JPEG begins with: divisors of 1 and its size. */
const greyStart = (frame: 0xc0 | 0xc2, width: number, height: number) => [
  ...[0xff, 0xd8, 0xff, 0xdb, 0, 67, 0, ...new Array<number>(64).fill(1)],
  ...[0xff, frame, 0, 11, 8, height >> 8, height & 255, width >> 8, width & 255, 1, 1, 0x11, 0],
];
const scanStart = (from: number, to: number) => [0xff, 0xda, 0, 8, 1, 1, 0, from, to, 0];

/** A grey picture of 16 blocks, each interval of four in a piece of its own. */
function greyWithRestarts(): Buffer[] {
  const start = [
    ...[...greyStart(0xc0, 32, 32), ...table(0), ...table(0x10)],
    ...[0xff, 0xdd, 0, 4, 0, 4, ...scanStart(0, 63)],
  ];
  // "As the last one" and "end of block" are a zero each.
  return [start, [0, 0xff, 0xd0], [0, 0xff, 0xd1], [0, 0xff, 0xd2], [0, 0xff, 0xd9]].map((piece) =>
    Buffer.from(piece),
  );
}

async function pixelsOf(bytes: Buffer): Promise<Pixels> {
  const { data, info } = await sharp(bytes).raw().toBuffer({ resolveWithObject: true });
  return { data, width: info.width, height: info.height };
}

const scanOf = (jpeg: Buffer): number => {
  const marker = jpeg.lastIndexOf(Buffer.of(0xff, 0xda));
  return marker + 2 + jpeg.readUInt16BE(marker + 2);
};

describe('a JPEG', () => {
  const jpeg = () => picture().jpeg({ quality: 95 }).toBuffer();

  it('that lacks its last two bytes is taken', async () => {
    const bytes = await jpeg();
    expect(await outcomes(bytes.subarray(0, -2))).toEqual(['taken', 'taken']);
  });

  it('whose scan has a hole, or ends in the middle, is refused', async () => {
    const holed = await jpeg();
    const middle = (scanOf(holed) + holed.length) >> 1;
    const half = Buffer.concat([holed.subarray(0, middle), Buffer.of(0xff, 0xd9)]);
    const noise = Buffer.from(
      Array.from({ length: 4_096 }, (_, i) => Math.imul(i + 1, 2_654_435_761) >>> 24),
    );
    for (const filler of [Buffer.of(0), Buffer.of(0x55), Buffer.of(0xaa), Buffer.of(0xff), noise])
      expect(await outcomes(Buffer.from(holed).fill(filler, middle, middle + 4_096))).toEqual([
        'corrupt',
        'corrupt',
      ]);
    expect(await outcomes(half)).toEqual(['corrupt', 'corrupt']);
    expect(await outcomes(half.subarray(0, -2))).toEqual(['corrupt', 'corrupt']);
  });

  it('whose scan ends below what an embedding or a copy looks at is refused by both', async () => {
    const high = await picture().resize(240, 400, { fit: 'fill' }).jpeg({ quality: 95 }).toBuffer();
    const early = high.subarray(0, Math.floor(high.length * 0.97));
    expect(await outcomes(early)).toEqual(['corrupt', 'corrupt']);
    expect(await outcomes(Buffer.concat([early, Buffer.of(0xff, 0xd9)]))).toEqual(['corrupt', 'corrupt']);
  });

  it('that is progressive and has a hole is refused, wherever it is', async () => {
    const whole = await picture().resize(600).jpeg({ quality: 80, progressive: true }).toBuffer();
    const first = whole.indexOf(Buffer.of(0xff, 0xda)) + 20;
    const length = (whole.length - first) >> 3;
    for (const filler of [0, 0x55, 0xaa])
      for (let place = 0; place < 6; place++) {
        const at = Math.floor(first + ((whole.length - length - first - 2) * (place + 0.25)) / 6);
        const holed = Buffer.from(whole).fill(filler, at, at + length);
        expect(await outcomes(holed), `${filler} at ${place}`).toEqual(['corrupt', 'corrupt']);
      }
  });

  it('of nothing but noise at the best quality is taken, also where its last code ends with a long value', async () => {
    for (let seed = 0; seed < 24; seed++) {
      const noise = Buffer.from(
        Array.from({ length: 4_096 }, (_, i) => Math.imul(i + 1 + seed * 4_096, 2_654_435_761) >>> 24),
      );
      const grey = sharp(noise, { raw: { width: 64, height: 64, channels: 1 } }).toColourspace('b-w');
      for (const progressive of [false, true])
        expect(await outcomes(await grey.clone().jpeg({ quality: 100, progressive }).toBuffer())).toEqual([
          'taken',
          'taken',
        ]);
    }
  });

  it('with restarts is taken, and refused where one is missing', async () => {
    const grey = greyWithRestarts();
    expect(await outcomes(Buffer.concat(grey))).toEqual(['taken', 'taken']);
    expect(await outcomes(Buffer.concat(grey.filter((_, i) => i !== 2)))).toEqual(['corrupt', 'corrupt']);
  });

  it('whose averages become brighter than light is refused: data of something else go that way', async () => {
    // Each block is 2,047 more than the one before: a zero, eleven ones, and a zero for no more.
    const bits = '0111111111110'.repeat(16);
    const data = Array.from({ length: 26 }, (_, i) => Number.parseInt(bits.slice(i * 8, i * 8 + 8), 2));
    const stuffed = data.flatMap((byte) => (byte === 0xff ? [0xff, 0] : [byte]));
    const start = [...greyStart(0xc0, 32, 32), ...table(0, 11), ...table(0x10), ...scanStart(0, 63)];
    const jpeg = Buffer.from([...start, ...stuffed, 0xff, 0xd9]);
    expect(await outcomes(jpeg)).toEqual(['corrupt', 'corrupt']);
  });

  describe('that is small and costs many looks at millions of blocks', () => {
    /** 210 million pixels; each scan says in 375 bytes that no block has anything. */
    const scans = (count: number): Buffer =>
      Buffer.from([
        ...[...greyStart(0xc2, 12_800, 16_384), ...table(0), ...table(0x10, 0xe0)],
        ...[...scanStart(0, 0), ...new Array<number>((200 * 16_384) / 8).fill(0)],
        ...Array.from({ length: count - 1 }, () => [
          ...scanStart(1, 63),
          ...new Array<number>((200 * 15) / 8).fill(0),
        ]).flat(),
        ...[0xff, 0xd9],
      ]);

    it('lets others have their turn meanwhile', async () => {
      let turns = 0;
      const look = damageOf(scans(20), new Turns(60_000)).finally(() => clearImmediate(next));
      let next = setImmediate(function count() {
        turns++;
        next = setImmediate(count);
      });
      expect(await look).toBeUndefined();
      expect(turns).toBeGreaterThan(1);
    });

    it('is given up when its time is over', async () => {
      await expect(damageOf(scans(20), new Turns(-1))).rejects.toMatchObject({ code: 'decode-timeout' });
    });

    it('is refused when it has more scans than any encoder writes', async () => {
      const tables = new Array<number[]>(1_000).fill(table(0x11)).flat();
      const grey = [...greyStart(0xc2, 32, 32), ...table(0), ...table(0x10, 0x40), ...tables];
      const one = [...scanStart(1, 63), 0];
      const jpeg = Buffer.from([...grey, ...new Array<number[]>(201).fill(one).flat(), 0xff, 0xd9]);
      await expect(decoder.header(jpeg)).rejects.toMatchObject({ code: 'unsupported-format' });
    });
  });

  it('of every way of coding is taken', async () => {
    for (const options of [
      { chromaSubsampling: '4:2:0' },
      { chromaSubsampling: '4:4:4', optimiseCoding: false },
      { progressive: true },
      { mozjpeg: true },
      { quality: 1 },
      { quality: 100 },
    ])
      expect(await outcomes(await picture().resize(203, 117).jpeg(options).toBuffer())).toEqual([
        'taken',
        'taken',
      ]);
    for (const space of ['b-w', 'cmyk'])
      expect(await outcomes(await picture().toColourspace(space).jpeg().toBuffer())).toEqual([
        'taken',
        'taken',
      ]);
  });

  it('with the scan parameters of a telephone, or junk between markers, is taken', async () => {
    const telephone = await jpeg();
    telephone.fill(0, scanOf(telephone) - 3, scanOf(telephone));
    const whole = await jpeg();
    const table = whole.indexOf(Buffer.of(0xff, 0xdb), 3);
    const junk = Buffer.concat([whole.subarray(0, table), Buffer.alloc(14), whole.subarray(table)]);

    expect(await outcomes(telephone)).toEqual(['taken', 'taken']);
    expect(await outcomes(junk)).toEqual(['taken', 'taken']);
  });
});

it.each([
  ['PNG', () => picture().resize(240, 400, { fit: 'fill' }).png()],
  ['TIFF', () => picture().resize(240, 400, { fit: 'fill' }).tiff({ compression: 'none' })],
])('a %s that is cut off below what an embedding looks at is refused', async (format, make) => {
  const bytes = await make().toBuffer();
  // The directory of the TIFF stands behind its pixels: it goes before them, and they are cut off.
  const cut =
    format === 'PNG' ? bytes.subarray(0, -1_500) : plainTiff(await pixelsOf(bytes)).subarray(0, -1_500);
  expect(await outcomes(cut)).toEqual(['corrupt', 'corrupt']);
});

it('a damaged file is refused for its own fault, whatever fails or succeeds beside it', async () => {
  const jpeg = await picture().jpeg().toBuffer();
  const files = [
    jpeg.subarray(0, jpeg.length / 2),
    jpeg,
    (await picture().webp().toBuffer()).subarray(0, 3_000),
    (await picture().png().toBuffer()).subarray(0, 30_000),
  ];
  const many = Array.from({ length: 40 }, (_, i) => files[i % files.length]!);
  const shared = new PictureDecoder();

  const codes = await Promise.all(
    many.map((bytes) =>
      shared.smallCopy(bytes, { side: 224, fit: 'inside', format: 'png' }).then(
        () => 'taken',
        (error: PictureRejected) => error.code,
      ),
    ),
  );

  expect(codes).toEqual(many.map((bytes) => (bytes === jpeg ? 'taken' : 'corrupt')));
});

describe('an animation', () => {
  it.each(['gif', 'webp'] as const)('%s with a bad later frame is taken for its first', async (format) => {
    const spoiled = await animation(format, (bytes) => bytes.fill(0x55, Math.trunc(bytes.length * 0.8)));
    const cut = (await animation(format, () => {})).subarray(0, -5_000);

    expect(await outcomes(spoiled)).toEqual(['taken', 'taken']);
    expect(await difference(spoiled, await picture().png().toBuffer())).toBeLessThan(12);
    expect(await outcomes(cut)).toEqual(['taken', 'taken']);
  });

  it('whose first frame is cut is refused', async () => {
    const gif = await animation('gif', () => {});
    expect(await outcomes(gif.subarray(0, gif.length * 0.2))).toEqual(['corrupt', 'corrupt']);
  });

  it('of AVIF is taken for its first frame', async () => {
    const avif = await picture().avif({ effort: 0, quality: 90 }).toBuffer();
    const expected = await preprocess(avif);
    avif.write('avis', 8, 'latin1');

    expect(await outcomes(avif)).toEqual(['taken', 'taken']);
    expect(await preprocess(avif)).toEqual(expected);
  });
});

describe('colours', () => {
  it('of 16 bits with a profile come out as those of 8 bits do', async () => {
    const plain = await picture().png().toBuffer();
    for (const profile of ['srgb', 'p3']) {
      const eight = await picture().withIccProfile(profile).png().toBuffer();
      const { icc } = await sharp(eight).metadata();
      const unprofiled = await sharp(eight, { ignoreIcc: true }).toColourspace('rgb16').png().toBuffer();
      const sixteen = withProfile(unprofiled, icc!);

      expect((await sharp(sixteen).metadata()).depth).toBe('ushort');
      expect(await difference(sixteen, eight)).toBeLessThan(0.6);
      expect(await difference(sixteen, plain)).toBeLessThan(profile === 'srgb' ? 0.6 : 3);
    }
  });

  it('of numbers without a scale are refused, since they would become one flat colour', async () => {
    const float = await picture().toColourspace('scrgb').tiff({ compression: 'none' }).toBuffer();

    expect((await sharp(float).metadata()).depth).toBe('float');
    expect(await outcomes(float)).toEqual(['unsupported-format', 'unsupported-format']);
  });

  it('of a transparent picture lie on white in copies too', async () => {
    const hole = { create: { width: 300, height: 300, channels: 4 as const, background: '#00000000' } };
    const bytes = await sharp(hole).png().toBuffer();

    const copy = await decoder.smallCopy(bytes, { side: 64, fit: 'inside', format: 'jpeg' });

    const [red] = await sharp(copy).raw().toBuffer();
    expect(red).toBe(255);
  });
});

describe('files that thumbnails drew and indexing refuses', () => {
  it('are refused by both', async () => {
    const svg = Buffer.from('<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"/>');
    expect(await outcomes(svg)).toEqual(['unsupported-format', 'unsupported-format']);
    expect(await outcomes(new Uint8Array())).toEqual(['empty', 'empty']);
  });
});

describe('memory', () => {
  it.each([
    ['AVIF', () => picture().avif({ effort: 0 }), 16.5],
    ['PNG', () => picture().png(), 3],
    ['interlaced PNG', () => picture().toColourspace('rgb16').png({ progressive: true }), 9],
    ['lossless WebP', () => picture().webp({ lossless: true }), 11],
    ['progressive JPEG', () => picture().jpeg({ progressive: true }), 4],
  ])('for an %s is weighed by its kind before it is decoded', async (_, make, bytesPerPixel) => {
    const bytes = await make().toBuffer();
    const { width, height } = await sharp(bytes).metadata();

    const outcome = await preprocess(bytes, {
      limits: { maxMemoryBytes: width * height * bytesPerPixel },
    }).catch((error: unknown) => error);

    expect((outcome as PictureRejected).code).toBe('too-many-pixels');
    expect((outcome as PictureRejected).message).toContain('of memory');
  });

  it('that lacks is not the fault of the picture', () => {
    const terse = meaningOf(new Error('pngload_buffer: load error'), 1_000);
    expect(terse).toMatchObject({ code: 'corrupt' });
    const damaged = new Error('VipsJpeg: premature end of JPEG image');
    expect(meaningOf(damaged, 1_000)).toMatchObject({ code: 'corrupt' });
    expect(meaningOf(new Error('vips_malloc: out of memory'), 1_000)).toBeInstanceOf(DecodingFailed);
    expect(meaningOf(new TypeError('x is not a function'), 1_000)).toBeInstanceOf(DecodingFailed);
    // A decoder that lacks memory may say nothing of it: no machine has this much.
    expect(meaningOf(damaged, 2 ** 50)).toBeInstanceOf(DecodingFailed);
    expect(
      meaningOf(new Error('tiff2vips: LZMA compression support is not configured'), 1_000),
    ).toMatchObject({
      code: 'unsupported-format',
    });
  });
});

/** A PNG with this ICC profile in front of its pixels, whatever sharp would have made of them. */
function withProfile(bytes: Buffer, profile: Buffer): Buffer {
  const body = Buffer.concat([Buffer.from('iCCPp\0\0', 'latin1'), deflateSync(profile)]);
  const chunk = Buffer.alloc(body.length + 8);
  chunk.writeUInt32BE(body.length - 4);
  body.copy(chunk, 4);
  chunk.writeUInt32BE(crc(body), body.length + 4);
  return Buffer.concat([bytes.subarray(0, 33), chunk, bytes.subarray(33)]);
}

function crc(bytes: Uint8Array): number {
  let sum = 0xffffffff;
  for (const byte of bytes) {
    sum ^= byte;
    for (let bit = 0; bit < 8; bit++) sum = (sum >>> 1) ^ (sum & 1 ? 0xedb88320 : 0);
  }
  return ~sum >>> 0;
}
