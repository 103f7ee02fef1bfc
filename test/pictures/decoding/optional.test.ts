/** Kinds that packages decode which the user adds: HEIC by two, JPEG XL, PSD, BMP and JPEG 2000 by one. */

import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ImageMagick, initializeImageMagick, MagickFormat } from '@imagemagick/magick-wasm';
import sharp from 'sharp';
import { beforeAll, describe, expect, test } from 'vitest';
import { PictureDecoder } from '../../../pictures/decoding/decoder.ts';
import { factsOf } from '../../../pictures/decoding/facts.ts';
import { PICTURE_LIMITS } from '../../../pictures/decoding/limits.ts';
import { findOptionalDecoders } from '../../../pictures/decoding/optional/find.ts';
import {
  forgetMissingDecoders,
  listRejections,
  writeRejection,
} from '../../../pictures/ingest/rejections.ts';
import { MemoryStore } from '../../../vectorlog/testing/memory-store.ts';
import { hasHeifEnc, heicOf, turnedHeic } from '../../factories/heic.ts';
import { movableClock } from '../../factories/movable-clock.ts';
import { picture } from '../../factories/pictures.ts';

const found = findOptionalDecoders();
const [libheif, magick] = found;

/** Levels that encoders of the tests lose, mostly in chroma at the edges of colours; a wrong turn costs ten times as much. */
const LOSS = 8;

/** Mean absolute difference of a small copy from that of a PNG, in levels. */
async function difference(decoder: PictureDecoder, bytes: Uint8Array, png: Uint8Array): Promise<number> {
  const options = { side: 64, fit: 'inside', format: 'png' } as const;
  const small = [await decoder.smallCopy(bytes, options), await decoder.smallCopy(png, options)];
  const [a, b] = await Promise.all(small.map((each) => sharp(each).raw().toBuffer()));
  expect(a!.length).toBe(b!.length);
  return a!.reduce((sum, level, i) => sum + Math.abs(level - b![i]!), 0) / a!.length;
}

/** 96 x 64 pixels, so that a wrong turn shows; smooth, so that compression hardly does. */
const originalPng = async () =>
  sharp(await picture(3))
    .resize(96, 64, { fit: 'fill' })
    .blur(4)
    .png()
    .toBuffer();
const original = async () => sharp(await originalPng());
const bmp = async () => written('Bmp');

async function written(format: 'Jxl' | 'Psd' | 'Bmp' | 'Jp2'): Promise<Uint8Array> {
  const png = await originalPng();
  return ImageMagick.read(png, (image) => image.write(MagickFormat[format], (data) => new Uint8Array(data)));
}

/** Whether a process runs; one that has ended and that nobody has asked about does not. */
function isThere(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return !/\) Z /.test(readFileSync(`/proc/${pid}/stat`, 'utf8'));
  } catch {
    return false;
  }
}

beforeAll(async () => {
  const wasm = createRequire(import.meta.url).resolve('@imagemagick/magick-wasm/magick.wasm');
  await initializeImageMagick(new Uint8Array(readFileSync(wasm)));
});

test('both packages are found, with their versions', () => {
  expect(found.map(({ name }) => name.replace(/[\d.]+$/, ''))).toEqual([
    'libheif-js ',
    '@imagemagick/magick-wasm ',
  ]);
});

describe('ImageMagick reads', () => {
  test.each(['Jxl', 'Psd', 'Bmp', 'Jp2'] as const)('%s', async (format) => {
    const bytes = await written(format);
    const decoder = new PictureDecoder({}, [magick!]);
    const { width, height } = await decoder.header(bytes);
    expect([width, height]).toEqual([96, 64]);
    expect(await difference(decoder, bytes, await originalPng())).toBeLessThan(LOSS);
  });
});

describe.skipIf(!hasHeifEnc())('HEIC', () => {
  test.each(found.map((each) => [each.name, each] as const))(
    'is shown as it is seen by %s',
    async (_, each) => {
      const decoder = new PictureDecoder({}, [each]);
      const jpeg = await (await original())
        .withIccProfile('p3')
        .withExif({ IFD0: { Make: 'Maker', Model: 'Telephone 1' } })
        .jpeg({ quality: 98, chromaSubsampling: '4:4:4' })
        .toBuffer();
      const heic = heicOf(jpeg);
      const header = await decoder.header(heic);
      expect(header.rgbProfile).toBeDefined();
      // In an even corner nothing is lost, and colours without their profile would be off.
      const corner = async (bytes: Uint8Array) =>
        (
          await sharp(await decoder.smallCopy(bytes, { side: 96, fit: 'inside', format: 'png' }))
            .raw()
            .toBuffer()
        ).subarray(0, 3);
      const [seen, meant] = [await corner(heic), await corner(await originalPng())];
      for (const channel of [0, 1, 2]) expect(Math.abs(seen[channel]! - meant[channel]!)).toBeLessThan(5);
      expect(factsOf(header)).toEqual({ width: 96, height: 64, camera: 'Maker Telephone 1' });
      expect(await difference(decoder, heic, await originalPng())).toBeLessThan(LOSS);
    },
  );

  test.each(found.map((each) => [each.name, each] as const))('is turned once by %s', async (_, each) => {
    const decoder = new PictureDecoder({}, [each]);
    const turned = await (await original())
      .withMetadata({ orientation: 6 })
      .jpeg({ quality: 98, chromaSubsampling: '4:4:4' })
      .toBuffer();
    const heic = turnedHeic(heicOf(turned));
    const { width, height, orientation } = await decoder.header(heic);
    expect([width, height, orientation]).toEqual([64, 96, 1]);
    const seen = await sharp(turned).autoOrient().png().toBuffer();
    expect(await difference(decoder, heic, seen)).toBeLessThan(LOSS);
  });

  test('that is cut off is corrupt, and takes no decoder along', async () => {
    const decoder = new PictureDecoder({}, [libheif!]);
    const heic = heicOf(await (await original()).jpeg().toBuffer());
    const cut = decoder.header(heic.subarray(0, heic.length - 800));
    await expect(cut).rejects.toMatchObject({ code: 'corrupt' });
    await expect(decoder.header(heic)).resolves.toMatchObject({ width: 96 });
  });
});

describe('limits hold', () => {
  test('of pixels', async () => {
    const decoder = new PictureDecoder({ maxPixels: 1_000 }, [magick!]);
    await expect(decoder.header(await bmp())).rejects.toMatchObject({ code: 'too-many-pixels' });
  });

  test('of time, by ending the decoder', async () => {
    const endless = { ...magick!, source: 'async function decode() { for (;;); }' };
    const decoder = new PictureDecoder({ ...PICTURE_LIMITS, decodeTimeoutMs: 50 }, [endless]);
    await expect(decoder.header(await bmp())).rejects.toMatchObject({ code: 'decode-timeout' });
  });

  test('and a decoder that ends without a word fails, which rejects nothing', async () => {
    for (const way of ['process.exit(1)', "process.kill(process.pid, 'SIGSEGV'); for (;;)"]) {
      const mute = { ...magick!, source: `async function decode() { ${way}; }` };
      const decoder = new PictureDecoder({}, [mute]);
      await expect(decoder.header(await bmp())).rejects.toMatchObject({ retryable: true });
    }
  });

  test.each([
    ['whose package cannot be opened', "require('node:fs').readFileSync('/nowhere/magick.wasm')"],
    ['whose package is gone', "require('/nowhere/libheif.js')"],
    ['without the memory to begin', "throw new RangeError('Array buffer allocation failed')"],
  ])('and a decoder %s fails, which rejects nothing', async (_, what) => {
    const lame = { ...magick!, source: `async function decode() { ${what}; }` };
    const decoder = new PictureDecoder({}, [lame]);
    await expect(decoder.header(await bmp())).rejects.toMatchObject({ retryable: true });
  });

  test('of this process: a decoder in a loop ends when the one that started it is killed', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'likeness-orphan-'));
    const told = join(folder, 'pid');
    const module = new URL('../../../pictures/decoding/optional/own-process.ts', import.meta.url);
    const source = `async function decode({ files }) {
      require('node:fs').writeFileSync(files.part, String(process.pid));
      require('node:fs').renameSync(files.part, files.told);
      for (;;);
    }`;
    const decoder = { source, files: { told, part: `${told}.part` } };
    const bounds = { maxPixels: 1, maxMemoryBytes: 2 ** 26, timeoutMs: 3_600_000 };
    const program = `import { decodeInOwnProcess } from ${JSON.stringify(module.href)};
      await decodeInOwnProcess(${JSON.stringify(decoder)}, new Uint8Array(1), ${JSON.stringify(bounds)});`;
    const parent = spawn(process.execPath, ['--import', 'tsx', '--input-type=module', '--eval', program]);
    let pid = 0;
    try {
      await expect.poll(() => existsSync(told), { timeout: 60_000 }).toBe(true);
      pid = Number(readFileSync(told, 'utf8'));
      expect(isThere(pid)).toBe(true);
      parent.kill('SIGKILL');
      await expect.poll(() => isThere(pid), { timeout: 20_000 }).toBe(false);
    } finally {
      parent.kill('SIGKILL');
      if (pid > 0 && isThere(pid)) process.kill(pid, 'SIGKILL');
      rmSync(folder, { recursive: true });
    }
  });

  test('and no secret of this process is known to a decoder', async () => {
    process.env.AWS_SECRET_ACCESS_KEY ??= 'secret';
    const source = 'async function decode() { throw new Error(JSON.stringify(process.env)); }';
    const header = new PictureDecoder({}, [{ ...magick!, source }]).header(await bmp());
    const { cause } = (await header.catch((error: unknown) => error)) as Error;
    expect(Object.keys(JSON.parse((cause as Error).message))).not.toContain('AWS_SECRET_ACCESS_KEY');
  });
});

test('without a decoder the reason names it, and is forgotten once one is there', async () => {
  const clock = movableClock();
  const index = new MemoryStore({ clock });
  const refusal: unknown = await new PictureDecoder().header(await bmp()).catch((error: unknown) => error);
  expect(refusal).toMatchObject({ code: 'unsupported-format' });
  const about = { eTag: 'e', size: 1, at: new Date(0).toISOString(), code: 'unsupported-format' as const };
  await writeRejection(index, { ...about, key: 'a.bmp', reason: (refusal as Error).message });
  await writeRejection(index, { ...about, key: 'b.svg', reason: 'drawings can run code' });
  await forgetMissingDecoders(index);
  const left: string[] = [];
  for await (const { key } of listRejections(index)) left.push(key);
  expect(left).toEqual(['b.svg']);
});

describe('memory of a decoder', () => {
  const [bmp] = [Buffer.from('BM of any content')];
  const asking = (source: string) =>
    new PictureDecoder({ maxMemoryBytes: 64 * 1024 * 1024 }, [
      {
        name: 'hungry',
        kinds: new Set(['bmp'] as const),
        bytesPerPixel: 24,
        files: {},
        source: `async function decode() { ${source} }`,
      },
    ]).header(bmp);

  test.each([
    ['WebAssembly', 'const m = new WebAssembly.Memory({ initial: 1 }); for (;;) m.grow(100);'],
    ['JavaScript', 'const all = []; for (;;) all.push(new Array(1000).fill(all.length));'],
  ])('of %s is bounded, and its picture refused', async (_, source) => {
    await expect(asking(source)).rejects.toMatchObject({
      code: 'too-many-pixels',
      message: expect.stringContaining('64 MiB of memory'),
    });
  });

  test('is enough for a decoder that keeps to it', async () => {
    const source = `new WebAssembly.Memory({ initial: 1 }).grow(100);
      return { data: new Uint8Array(48), width: 4, height: 4 };`;
    expect(await asking(source)).toMatchObject({ width: 4, height: 4 });
  });
});
